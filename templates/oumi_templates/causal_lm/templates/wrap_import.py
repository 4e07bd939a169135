{{ cookiecutter.__wrap | imports }}
