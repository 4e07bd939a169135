{% set wrap = cookiecutter.__wrap %}
{% include "head.py" %}
    """Predicts a number for each row with {{ wrap.alias | identifier if wrap.alias | length < 31 else "the module imported above" }}."""

{% include "wrap_init.py" %}
        self.feature_scaler = StandardScaler("features", {% if wrap.features %}{{ wrap.features | identifier }}{% else %}{{ cookiecutter.num_features | integer }}{% endif %})
        self.label_scaler = StandardScaler("labels")
{% include "wrap_net.py" %}

{% include "forward.py" %}
        # The module is given features of one scale, without far outliers.
        x = torch.asinh(self.feature_scaler(features))  # (B, F)
{% if wrap.access %}
        outputs = self.net(x)
        y: torch.Tensor = outputs{{ wrap.access | accessor }}{{ ".squeeze(-1)" if wrap.is_squeezed else "" }}  # (B,)
{% else %}
        y: torch.Tensor = self.net(x){{ ".squeeze(-1)" if wrap.is_squeezed else "" }}  # (B,)
{% endif %}
{% include "loss.py" %}
