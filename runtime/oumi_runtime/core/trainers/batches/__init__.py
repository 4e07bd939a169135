"""Which samples a step sees, and the batches made of them."""
