"""Texts to token ids: the tokenizers, and faster ways to the same ids."""
