{% filter wrapped %}
"""The dataset {{ cookiecutter.dataset_class | identifier }}."""

{% include cookiecutter.kind ~ ".py" %}

    def transform(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """Makes a sample from a row.

        Args:
            sample: The row.

        Returns:
{% include "returns.txt" %}
        """
        # Change 2 of 2: how a row becomes what the model's forward takes.
        return {
{% include "fields.py" %}
        }
{% endfilter %}
