{% filter wrapped %}
{% include "wrap.py" if cookiecutter.__wrap else cookiecutter.arch ~ ".py" %}
{% endfilter %}
