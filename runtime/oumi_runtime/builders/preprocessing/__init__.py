"""What is fitted to the training split: tokenizer, class names and features."""
