"""What to predict from: like the data of training, but without labels."""
