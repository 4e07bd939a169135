{% set wrap = cookiecutter.__wrap %}
{% set turned = ".T" if wrap.is_sequence_first else "" %}
{% include "head.py" %}
    """Embeds texts with {{ wrap.alias | identifier if wrap.alias | length < 31 else "the module imported above" }}."""

{% include "wrap_init.py" %}
{% include "wrap_net.py" %}

{% include "forward.py" %}
{% if wrap.mask_kind == "ids" %}
        input_ids = input_ids.masked_fill(attention_mask == 0, 0)  # of padding
{% endif %}
{% set shape = "(B, T, W)" if wrap.is_pooled else "(B, W)" %}
{% if wrap.access or wrap.is_sequence_first and wrap.is_pooled %}
        outputs = self.net(input_ids{{ turned }}{{ wrap | mask_argument }})
        x: torch.Tensor = outputs{{ wrap.access | accessor }}{{ ".transpose(0, 1)" if wrap.is_sequence_first and wrap.is_pooled else "" }}  # {{ shape }}
{% else %}
        x: torch.Tensor = self.net(input_ids{{ turned }}{{ wrap | mask_argument }}){{ "  # " ~ shape if not wrap | mask_argument else "" }}
{% endif %}
{% if wrap.is_pooled %}
        mask = attention_mask.unsqueeze(-1)  # (B, T, 1)
        x = x.masked_fill(mask == 0, 0).sum(dim=1)  # (B, W)
        x = x / mask.sum(dim=1).clamp(min=1)
{% endif %}
{% if wrap.is_normalized %}
        return x
{% else %}
        return F.normalize(x, dim=-1)
{% endif %}
{% include "loss.py" %}
