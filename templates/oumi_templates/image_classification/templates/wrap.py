{% set wrap = cookiecutter.__wrap %}
{% include "head.py" %}
    """Classifies images with {{ wrap.alias | identifier if wrap.alias | length < 31 else "the module imported above" }}."""

{% include "wrap_init.py" %}
{% include "wrap_net.py" %}

{% include "forward.py" %}
{% if wrap.is_colored %}
        images = images.expand(-1, 3, -1, -1)  # (B, 3, H, W), grey ones as RGB
{% endif %}
{% if wrap.is_single %}
        outputs = self.net(images)
        logit: torch.Tensor = outputs{{ wrap.access | accessor if wrap.access else "" }}.reshape(-1)
{% if wrap.are_probabilities %}
        logit = logit.logit(eps=1e-6)  # of a probability
{% endif %}
        logits = torch.stack([torch.zeros_like(logit), logit], dim=-1)  # (B, 2)
{% else %}
{% if wrap.access %}
        outputs = self.net(images)
        {{ "probabilities" if wrap.are_probabilities else "logits" }}: torch.Tensor = outputs{{ wrap.access | accessor }}  # (B, C)
{% else %}
        {{ "probabilities" if wrap.are_probabilities else "logits" }}: torch.Tensor = self.net(images)  # (B, C)
{% endif %}
{% if wrap.are_probabilities %}
        logits = probabilities.clamp(min=1e-6).log()  # (B, C)
{% endif %}
{% endif %}
{% include "loss.py" %}
