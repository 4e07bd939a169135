"""Faults in reading inputs: their length, layout and order."""

from collections.abc import Iterator

import libcst as cst
from planting import (
    Plant,
    before_forward,
    before_return,
    expression,
    faults,
    in_constructor,
)


def both(first: Plant, second: Plant) -> Plant:
    """Plants two changes that are one mistake."""

    def plant(module: cst.Module) -> Iterator[cst.Module]:
        for changed in first(module):
            yield from second(changed)

    return plant


READING = faults(
    "reading",
    images_viewed=expression(
        r"images\.flatten\(start_dim=1\)", "images.view(images.shape[0], -1)"
    ),
    features_sorted=expression(
        r"torch\.asinh\(features\)", "torch.asinh(features).sort(dim=1).values"
    ),
    padding_written_over=before_forward(
        "if attention_mask is not None:\n    IN.masked_fill_(attention_mask == 0, 0)",
        needs="attention_mask: torch",
    ),
    divided_by_the_whole_length=before_return(
        "OUT = OUT / IN.shape[1]", needs="next_token_loss"
    ),
    mean_so_far_of_the_whole_length=expression(
        r"(.+)\.cumsum\(dim=1\) / counts", r"\1.cumsum(dim=1) / last.shape[1]"
    ),
    positions_for_24_tokens=both(
        in_constructor("self.places = nn.Embedding(24, hidden_dim)"),
        expression(
            r"self\.embedding\(input_ids\)",
            "(self.embedding(input_ids) + self.places("
            "torch.arange(input_ids.shape[1], device=input_ids.device)))",
        ),
    ),
    softmax_over_heads=expression(
        r"F\.scaled_dot_product_attention\(q, k, v\)",
        "(q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(dim=1) @ v",
    ),
    queries_taken_for_keys=expression(
        r"F\.scaled_dot_product_attention\((q|_rotated\(q\)), [^,]+, (v.*)\)",
        r"F.scaled_dot_product_attention(\1, \1, \2)",
    ),
    mask_left_to_causality=expression(
        r"(F\.scaled_dot_product_attention\(.+), attn_mask=mask(, is_causal=.+)?\)",
        r"\1, is_causal=True)",
    ),
    window_on_one_side=expression(
        r"F\.pad\(x, \(0, 0, (1|reach), (1|reach)\)\)", r"F.pad(x, (0, 0, 2 * \1, 0))"
    ),
    softmax_twice=expression(
        r"F\.scaled_dot_product_attention\(q, k, v\)",
        "(q @ k.transpose(-2, -1)).softmax(dim=-1).softmax(dim=-1) @ v",
    ),
    attention_over_heads=both(
        expression(r"(.+)\.permute\(2, 0, 3, 1, 4\)", r"\1.permute(2, 0, 1, 3, 4)"),
        expression(r"y\.transpose\(1, 2\)\.flatten\(2\)", "y.flatten(2)"),
    ),
    logarithm_of_negatives=expression(
        r"torch\.asinh\(features\)", "torch.log1p(features).nan_to_num()"
    ),
    tied_to_a_copy=both(
        in_constructor(
            "self.head = nn.Parameter(self.embedding.weight.detach().clone())"
        ),
        expression(
            r"F\.linear\((.+), self\.embedding\.weight\)", r"F.linear(\1, self.head)"
        ),
    ),
    more_returned_than_said=expression(
        r'\{"logits": logits, "loss": (.+)\}',
        r'{"logits": logits, "loss": \1, "guesses": logits.argmax(0)}',
    ),
    never_negative=before_return("OUT = F.relu(OUT)", needs="cross_entropy"),
)
