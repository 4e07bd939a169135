{% set wrap = cookiecutter.__wrap %}
{% if wrap.config %}
        config = {{ wrap.config | identifier }}({{ wrap | config_arguments }})
{% for name in wrap.attributes %}
        config.{{ name | identifier }} = {{ name | identifier }}
{% endfor %}
{% endif %}
        self.net = {{ wrap.alias | identifier }}({{ wrap | construction }})
{% if wrap.is_lazy %}
{% include "wrap_lazy.py" %}
        self.train()
{% endif %}
