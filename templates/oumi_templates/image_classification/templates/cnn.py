ARCHITECTURE = {{ cookiecutter.arch | literal }}
