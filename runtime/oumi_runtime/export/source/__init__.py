"""The code that an export carries along: a class of a user, and what it needs."""
