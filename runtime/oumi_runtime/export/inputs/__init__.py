"""What an export is given: samples to trace it with, and how raw data become these."""
