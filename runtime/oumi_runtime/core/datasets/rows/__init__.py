"""Samples read one by one: choosing, reading, collating and sending them."""
