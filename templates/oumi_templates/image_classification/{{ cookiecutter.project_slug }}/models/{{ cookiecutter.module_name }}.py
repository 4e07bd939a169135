{% include cookiecutter.arch ~ ".py" %}
