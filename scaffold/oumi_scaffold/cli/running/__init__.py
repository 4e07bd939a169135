"""What the commands share that check, train and use models."""
