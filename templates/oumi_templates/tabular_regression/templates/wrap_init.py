{% set wrap = cookiecutter.__wrap %}
{% if wrap.names %}
    def __init__(
        self,
{% for name in wrap.names %}
{% set value = wrap.defaults[loop.index0] | evaluated %}
{% set start = (name | identifier) ~ ": " ~ (wrap.types[loop.index0] | annotation) ~ " = " %}
{% if wrap.conversions[loop.index0] and (start ~ (value | literal)) | length > 79 %}
        {{ start }}(
{% for item in value %}
            {{ item | literal }},
{% endfor %}
        ),
{% else %}
        {{ start }}{{ value | literal }},
{% endif %}
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
