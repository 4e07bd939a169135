{% set wrap = cookiecutter.__wrap %}
{% set module = (wrap.alias | identifier) if wrap.alias | length < 31 else "the module" %}
{% set config = (wrap.config | identifier) if wrap.config and wrap.config | length < 31 else "the config" %}
{% set meanings = {
    "vocab_size": "Number of tokens in the vocabulary",
    "max_length": "Number of tokens in the longest text",
    "num_classes": "Number of classes",
    "num_features": "Number of features",
    "in_channels": "Number of color channels",
    "image_size": "Side of the images in pixels",
} %}
{% if wrap.names | length == 1 and "Sequence" not in wrap.types[0] %}
    def __init__(self, {{ wrap.names[0] | identifier }}: {{ wrap.types[0] | annotation }} = {{ wrap.defaults[0] | evaluated | literal }}) -> None:
{% elif wrap.names %}
    def __init__(
        self,
{% for name in wrap.names %}
{% set value = wrap.defaults[loop.index0] | evaluated %}
{% set start = (name | identifier) ~ ": " ~ (wrap.types[loop.index0] | annotation) ~ " = " %}
{% if "Sequence" in wrap.types[loop.index0] and (start ~ (value | literal)) | length > 79 %}
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
{% endif %}
{% if wrap.names %}
        """Creates the module.

        Args:
{% for name in wrap.names %}
{% set size = wrap.sizes[loop.index0] %}
{% set said = meanings[size] if size in meanings else "Passed to " ~ (config if name in wrap.settings else module) %}
            {{ name | identifier }}: {{ said if (name ~ said) | length < 74 else "Passed on" }}.
{% endfor %}
        """
{% else %}
    def __init__(self) -> None:
        """Creates the module."""
{% endif %}
        super().__init__()
