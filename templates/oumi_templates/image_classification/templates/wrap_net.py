{% set wrap = cookiecutter.__wrap %}
        self.net = {{ wrap.alias | identifier }}({{ wrap | construction }})
{% if wrap.is_lazy %}
{% include "wrap_lazy.py" %}
        self.train()
{% endif %}
