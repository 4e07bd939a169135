"""The trainers: they take built objects, train, and keep what is needed to go on."""
