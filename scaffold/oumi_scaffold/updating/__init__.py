"""What becomes of generated models later: rendered again and merged, or taken back."""
