{% filter wrapped %}
{% include cookiecutter.arch ~ ".py" %}
{% endfilter %}
