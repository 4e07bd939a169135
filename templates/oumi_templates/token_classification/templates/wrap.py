{% set wrap = cookiecutter.__wrap %}
{% set turned = ".T" if wrap.is_sequence_first else "" %}
{% include "head.py" %}
    """Classifies tokens with {{ wrap.alias | identifier if wrap.alias | length < 31 else "the module imported above" }}."""

{% include "wrap_init.py" %}
{% include "wrap_net.py" %}

{% include "forward.py" %}
{% if wrap.mask_kind %}
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
{% endif %}
{% if wrap.mask_kind == "ids" %}
        input_ids = input_ids.masked_fill(attention_mask == 0, 0)  # of padding
{% endif %}
{% if wrap.access or wrap.is_transposed or wrap.is_sequence_first %}
        outputs = self.net(input_ids{{ turned }}{{ wrap | mask_argument }})
        {{ "probabilities" if wrap.are_probabilities else "logits" }}: torch.Tensor = outputs{{ wrap.access | accessor }}{{ ".transpose(0, 1)" if wrap.is_sequence_first else "" }}{{ ".transpose(1, 2)" if wrap.is_transposed else "" }}  # (B, T, C)
{% else %}
        {{ "probabilities" if wrap.are_probabilities else "logits" }}: torch.Tensor = self.net(input_ids{{ turned }}{{ wrap | mask_argument }}){{ "  # (B, T, C)" if not wrap | mask_argument else "" }}
{% endif %}
{% if wrap.are_probabilities %}
        logits = probabilities.clamp(min=1e-6).log()  # (B, T, C)
{% endif %}
{% include "loss.py" %}
