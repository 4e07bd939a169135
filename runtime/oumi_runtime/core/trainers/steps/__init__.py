"""One change of the parameters, and what is done where its numbers are wrong."""
