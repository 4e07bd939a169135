{% set wrap = cookiecutter.__wrap %}
{% include "head.py" %}
    """Classifies rows with {{ wrap.alias | identifier if wrap.alias | length < 31 else "the module imported above" }}."""

{% include "wrap_init.py" %}
        self.feature_scaler = StandardScaler("features", {% if wrap.features %}{{ wrap.features | identifier }}{% else %}{{ cookiecutter.num_features | integer }}{% endif %})
{% include "wrap_net.py" %}

{% include "forward.py" %}
        # The module is given features of one scale, without far outliers.
        x = torch.asinh(self.feature_scaler(features))  # (B, F)
{% if wrap.is_single %}
        outputs = self.net(x)
        logit: torch.Tensor = outputs{{ wrap.access | accessor if wrap.access else "" }}.reshape(-1)
{% if wrap.are_probabilities %}
        logit = logit.logit(eps=1e-6)  # of a probability
{% endif %}
        logits = torch.stack([torch.zeros_like(logit), logit], dim=-1)  # (B, 2)
{% else %}
{% if wrap.access %}
        outputs = self.net(x)
        {{ "probabilities" if wrap.are_probabilities else "logits" }}: torch.Tensor = outputs{{ wrap.access | accessor }}  # (B, C)
{% else %}
        {{ "probabilities" if wrap.are_probabilities else "logits" }}: torch.Tensor = self.net(x)  # (B, C)
{% endif %}
{% if wrap.are_probabilities %}
        logits = probabilities.clamp(min=1e-6).log()  # (B, C)
{% endif %}
{% endif %}
{% include "loss.py" %}
