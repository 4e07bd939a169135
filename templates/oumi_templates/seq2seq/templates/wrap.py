{% set wrap = cookiecutter.__wrap %}
{% set turned = ".T" if wrap.is_sequence_first else "" %}
{% include "head.py" %}
    """Predicts a target text with {{ wrap.alias | identifier if wrap.alias | length < 31 else "the module imported above" }}."""

{% include "wrap_init.py" %}
{% include "wrap_net.py" %}

{% include "forward.py" %}
{% if wrap.mask_kind == "ids" %}
        input_ids = input_ids.masked_fill(attention_mask == 0, 0)  # of padding
{% endif %}
{% if wrap.more_masks %}
        mask = {{ wrap | mask_value }}  # (B, S){{ ", True for padding" if wrap.mask_kind == "padding" else "" }}
{% endif %}
{% if wrap.target_mask_kind %}
        length = decoder_input_ids.shape[1]
        later = torch.ones(length, length, dtype=torch.bool, device=input_ids.device)
        later = later.triu(1)  # (T, T), True where a token would see a later one
{% endif %}
{% set target = ((wrap.target | identifier) ~ "=" if wrap.target else "") ~ "decoder_input_ids" ~ turned %}
{% set name = "probabilities" if wrap.are_probabilities else "logits" %}
{% if wrap.access or wrap.is_transposed or wrap.is_sequence_first %}
        outputs = self.net(input_ids{{ turned }}, {{ target }}{{ wrap | mask_argument }})
        {{ name }}: torch.Tensor = outputs{{ wrap.access | accessor }}{{ ".transpose(0, 1)" if wrap.is_sequence_first else "" }}{{ ".transpose(1, 2)" if wrap.is_transposed else "" }}  # (B, T, V)
{% else %}
        {{ name }}: torch.Tensor = self.net(input_ids{{ turned }}, {{ target }}{{ wrap | mask_argument }}){{ "  # (B, T, V)" if not wrap | mask_argument else "" }}
{% endif %}
{% if wrap.are_probabilities %}
        logits = probabilities.clamp(min=1e-6).log()  # (B, T, V)
{% endif %}
{% include "loss.py" %}
