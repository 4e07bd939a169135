"""The trainers: given built objects, they train, log, evaluate and checkpoint."""
