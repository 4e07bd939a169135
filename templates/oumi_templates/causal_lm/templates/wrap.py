{% set wrap = cookiecutter.__wrap %}
{% set turned = ".T" if wrap.is_sequence_first else "" %}
{% include "head.py" %}
    """Predicts each token from those before it with {{ wrap.alias | identifier if wrap.alias | length < 31 else "the module imported above" }}."""

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
{% if wrap.target_mask_kind %}
        length = input_ids.shape[1]
        later = torch.ones(length, length, dtype=torch.bool, device=input_ids.device)
        later = later.triu(1)  # (T, T), True where a token would see a later one
{% endif %}
{% if wrap.access or wrap.is_sequence_first %}
        outputs = self.net(input_ids{{ turned }}{{ wrap | mask_argument }})
        {{ "probabilities" if wrap.are_probabilities else "logits" }}: torch.Tensor = outputs{{ wrap.access | accessor }}{{ ".transpose(0, 1)" if wrap.is_sequence_first else "" }}  # (B, T, V)
{% else %}
        {{ "probabilities" if wrap.are_probabilities else "logits" }}: torch.Tensor = self.net(input_ids{{ turned }}{{ wrap | mask_argument }}){{ "  # (B, T, V)" if not wrap | mask_argument else "" }}
{% endif %}
{% if wrap.are_probabilities %}
        logits = probabilities.clamp(min=1e-6).log()  # (B, T, V)
{% endif %}
{% include "loss.py" %}
