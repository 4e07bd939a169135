"""What there is already: installed packages, and registered names."""
