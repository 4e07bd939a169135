"""Samples held in memory by column, so that a batch is a gather."""
