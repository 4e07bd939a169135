"""The project {{ cookiecutter.project_name }}."""
