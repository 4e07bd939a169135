"""The text of generated code, as cookiecutter templates, and the catalogue of it."""
