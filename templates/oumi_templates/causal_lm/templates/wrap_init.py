{% set wrap = cookiecutter.__wrap %}
{% if wrap.names %}
    def __init__(
        self,
{% for name in wrap.names %}
        {{ name | identifier }}: {{ wrap.types[loop.index0] | annotation }} = {{ wrap.defaults[loop.index0] | evaluated | literal }},
{% endfor %}
    ) -> None:
        """Creates the module.

        Args:
{% for name in wrap.names %}
            {{ name | identifier }}: As the module takes it.
{% endfor %}
        """
{% else %}
    def __init__(self) -> None:
        """Creates the module."""
{% endif %}
        super().__init__()
