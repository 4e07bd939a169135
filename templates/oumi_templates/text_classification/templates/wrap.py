{% set wrap = cookiecutter.__wrap %}
{% set turned = ".T" if wrap.is_sequence_first else "" %}
{% include "head.py" %}
    """Classifies texts with {{ wrap.alias | identifier if wrap.alias | length < 31 else "the module imported above" }}."""

{% include "wrap_init.py" %}
{% include "wrap_net.py" %}

{% include "forward.py" %}
{% if wrap.mask_kind == "ids" %}
        input_ids = input_ids.masked_fill(attention_mask == 0, 0)  # of padding
{% endif %}
{% if wrap.is_single %}
        outputs = self.net(input_ids{{ turned }}{{ wrap | mask_argument }})
        logit: torch.Tensor = outputs{{ wrap.access | accessor if wrap.access else "" }}.reshape(-1)
{% if wrap.are_probabilities %}
        logit = logit.logit(eps=1e-6)  # of a probability
{% endif %}
        logits = torch.stack([torch.zeros_like(logit), logit], dim=-1)  # (B, 2)
{% else %}
{% if wrap.access %}
        outputs = self.net(input_ids{{ turned }}{{ wrap | mask_argument }})
        {{ "probabilities" if wrap.are_probabilities else "logits" }}: torch.Tensor = outputs{{ wrap.access | accessor }}  # (B, C)
{% else %}
        {{ "probabilities" if wrap.are_probabilities else "logits" }}: torch.Tensor = self.net(input_ids{{ turned }}{{ wrap | mask_argument }}){{ "  # (B, C)" if not wrap | mask_argument else "" }}
{% endif %}
{% if wrap.are_probabilities %}
        logits = probabilities.clamp(min=1e-6).log()  # (B, C)
{% endif %}
{% endif %}
{% include "loss.py" %}
