"""Faults in sizes: scales, numbers of layers, widths, and what layers add."""

from faults_of_reading import both
from planting import before_forward, before_return, expression, faults, statement

_CLASSES = r"F\.cross_entropy\(logits"
_ATTENTION = r"F\.scaled_dot_product_attention\((.+)\)"

SIZES = faults(
    "sizes",
    attention_not_scaled=expression(
        _ATTENTION, r"F.scaled_dot_product_attention(\1, scale=1.0)"
    ),
    attention_multiplied=expression(
        _ATTENTION, r"F.scaled_dot_product_attention(\1, scale=q.shape[-1] ** 0.5)"
    ),
    attention_written_out_unscaled=expression(
        r"F\.scaled_dot_product_attention\(q, k, v\)",
        "(q @ k.transpose(-2, -1)).softmax(dim=-1) @ v",
    ),
    logits_divided_by_their_number=before_return(
        "OUT = OUT / OUT.shape[-1]", needs=_CLASSES
    ),
    logits_divided_by_ten=before_return("OUT = OUT / 10", needs=_CLASSES),
    logits_doubled=before_return("OUT = OUT * 2", needs=_CLASSES),
    pixels_divided_again=before_forward("IN = IN / 255", needs=r"images: torch"),
    numbers_in_thousands=before_forward(
        "IN = IN / 1000", needs=r"(images|features): torch"
    ),
    one_layer_fewer=expression(r"range\(num_layers\)", "range(num_layers - 1)"),
    one_layer_more=expression(r"range\(num_layers\)", "range(num_layers + 1)"),
    filters_written_in=both(
        expression(
            r"nn\.Conv1d\(hidden_dim, hidden_dim, (kernel_size=3, padding=1)\)",
            r"nn.Conv1d(hidden_dim, 128, \1)",
        ),
        expression(r"nn\.Linear\(hidden_dim, (\w+)\)", r"nn.Linear(128, \1)"),
    ),
    activation_removed=expression(
        r"nn\.Sequential\((.+)nn\.GELU\(\),(.+)\)", r"nn.Sequential(\1\2)"
    ),
    residual_of_lists_dropped=expression(r"x \+ layer\(x\)", "layer(x)"),
    dilation_of_one=both(
        expression(r"(nn\.Conv1d\(.+), dilation=2\*\*depth\)", r"\1)"),
        expression(r"F\.pad\(y, \(2 \* 2\*\*depth, 0\)\)", "F.pad(y, (2, 0))"),
    ),
    encoder_made_causal=statement(
        r"(visible|mask) = (attention_mask\[:, None, None, :\]\.bool\(\)).*",
        r"\1 = \2.expand(-1, -1, input_ids.shape[1], -1).tril()",
    ),
    encoder_of_a_pair_made_causal=expression(
        r"layer\(source, source_mask\)",
        "layer(source, source_mask.expand(-1, -1, source.shape[1], -1).tril())",
    ),
    first_layer_run_twice=statement(
        r"x = (x \+ )?layer\(x(.*)\)",
        r"x = \1layer(x if layer is not self.layers[0] else layer(x\2)\2)",
    ),
    heads_taken_for_their_width=expression(
        r"\((.*)self\.num_heads, -1\)", r"(\1-1, self.num_heads)"
    ),
    patches_reshaped=expression(
        r"(self\.patches\(images\))\.flatten\(start_dim=2\)\.transpose\(1, 2\)",
        r"\1.reshape(images.shape[0], -1, self.patches.out_channels)",
    ),
    outputs_dropped_out=expression(
        r"self\.classifier\(self\.dropout\((.+)\)\)",
        r"self.dropout(self.classifier(\1))",
    ),
    outputs_dropped_out_in_training=before_return(
        "OUT = F.dropout(OUT, 0.1, self.training)"
    ),
    pairs_left_out_by_rows=expression(
        r"similarity\.masked_fill\(~has_target, (.+)\)",
        r"similarity.masked_fill(~has_target[:, None], \1)",
    ),
    pairs_left_at_zero=expression(
        r"similarity\.masked_fill\(~has_target, .+\)",
        "similarity.masked_fill(~has_target, 0.0)",
    ),
)
