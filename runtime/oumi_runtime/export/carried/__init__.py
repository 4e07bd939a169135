"""Files that a Hugging Face export carries along, in place of parts of this package.

They import nothing of ours, and are copied as they are.
"""
