"""Placeholder of {{ cookiecutter.model_name | identifier }}."""

{% include cookiecutter.arch ~ ".py" %}
