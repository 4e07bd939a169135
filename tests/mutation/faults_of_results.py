"""Faults in outputs: shapes, losses, and how samples and masks affect each other."""

from planting import (
    before_forward,
    before_return,
    criterion_by_name,
    expression,
    faults,
    statement,
)

_MASK_IS_USED = r"attention_mask(\.|\[|\))"
_ROWS_OF_OUTPUTS = r"`(logits|embeddings)` \(batch, \w+"
_OUTPUTS_BY_TOKEN = r"`logits` \(batch, (sequence|length), "
_NUMBERS = r"(features|images): torch"
_NEXT = r"F\.pad\(labels\[:, 1:\], \(0, 1\), value=-100\)"

SHAPES = faults(
    "shapes",
    output_squeezed=before_return("OUT = OUT.squeeze()"),
    output_flattened=before_return("OUT = OUT.flatten()", needs=_ROWS_OF_OUTPUTS),
    rows_mixed_with_columns=before_return(
        "OUT = OUT.transpose(0, -1).reshape(OUT.shape)", needs=_ROWS_OF_OUTPUTS
    ),
    batch_size_written_in=before_return("OUT = OUT.view(4, *OUT.shape[1:])"),
    last_row_dropped=before_return("OUT = OUT[:-1]"),
    one_more_class=expression(
        r"nn\.Linear\((\w+), (num_classes|num_labels|num_tags)\)",
        r"nn.Linear(\1, \2 + 1)",
    ),
    sum_over_hidden=expression(r"(.+)\.sum\(dim=1\)", r"\1.sum(dim=2)"),
    heads_not_transposed=expression(
        r"(.+)\.transpose\(1, 2\)\.flatten\(2\)", r"\1.reshape(x.shape)"
    ),
    heads_permuted_wrongly=expression(
        r"(.+)\.permute\(2, 0, 3, 1, 4\)", r"\1.permute(2, 0, 1, 3, 4)"
    ),
    tuple_returned=statement(r'return \{"(logits|embeddings)": \w+\}', r"return (\1,)"),
    output_renamed=expression(r'"logits"', '"output"'),
    argmax_returned=before_return("OUT = OUT.argmax(-1)", needs=_ROWS_OF_OUTPUTS),
    winner_returned=before_return(
        "OUT = F.one_hot(OUT.argmax(-1), OUT.shape[-1]).to(OUT)",
        needs=_ROWS_OF_OUTPUTS,
    ),
    texts_cut_off=before_forward(
        "IN = IN[:, :64]\n"
        "attention_mask = None if attention_mask is None else attention_mask[:, :64]",
        needs=r"attention_mask: torch.*`(logits|embeddings)` \(batch, (num|hidden)",
    ),
    one_class_fewer=expression(
        r"nn\.Linear\((\w+), (num_classes|num_labels|num_tags)\)",
        r"nn.Linear(\1, \2 - 1)",
    ),
    not_normalised=expression(r"F\.normalize\((.+), dim=-1\)", r"\1"),
    normalised_over_the_batch=expression(
        r"F\.normalize\((.+), dim=-1\)", r"F.normalize(\1, dim=0)"
    ),
    output_late_by_one=before_return(
        "OUT = torch.cat([OUT[:, :1], OUT[:, :-1]], 1)", needs=_OUTPUTS_BY_TOKEN
    ),
    output_backwards=before_return("OUT = OUT.flip(1)", needs=_OUTPUTS_BY_TOKEN),
    last_dimension_kept=expression(r"(.+)\.squeeze\(-1\)", r"\1"),
    pooled_from_the_last=expression(r"x\.sum\(dim=1\) / .+", "x[:, -1]"),
    pooled_from_the_first=expression(r"x\.sum\(dim=1\) / .+", "x[:, 0]"),
)

LOSSES = faults(
    "losses",
    softmax_before_loss=before_return("OUT = OUT.softmax(-1)"),
    log_softmax_returned=before_return("OUT = OUT.log_softmax(-1)"),
    sigmoid_returned=before_return("OUT = OUT.sigmoid()"),
    tanh_returned=before_return("OUT = OUT.tanh()"),
    logits_halved_for_loss=expression(
        r"self\.criterion\((\w+), labels\)", r"self.criterion(\1 / 2, labels)"
    ),
    loss_summed=expression(r"total / .+", "total"),
    loss_over_all_positions=expression(r"total / .+", "total / labels.numel()"),
    loss_doubled=expression(r"(self\.criterion\(.+\))", r"2 * \1"),
    loss_negated=expression(r"(self\.criterion\(.+\))", r"-\1"),
    loss_with_a_constant=expression(r"(self\.criterion\(.+\))", r"\1 + 0.1"),
    loss_not_reduced=expression(r'reduction="sum"', 'reduction="none"'),
    loss_detached=expression(r"(self\.criterion\(.+\))", r"\1.detach()"),
    loss_a_float=expression(r"(self\.criterion\(.+\))", r"\1.item()"),
    loss_of_softmax=expression(
        r"F\.cross_entropy\((\w+), (.+)\)", r"F.cross_entropy(\1.softmax(-1), \2)"
    ),
    loss_unstable=expression(
        r"F\.cross_entropy\((\w+), (.+)\)",
        r"F.nll_loss((\1.exp() / \1.exp().sum(-1, keepdim=True)).log(), \2)",
    ),
    loss_of_another_formula=expression(r"F\.mse_loss", "F.l1_loss"),
    labels_flipped=before_forward(
        "labels = labels if labels is None else labels.flip(0)"
    ),
    labels_clamped=before_forward(
        "labels = labels if labels is None else labels.clamp(min=0)"
    ),
    labels_not_padded=expression(_NEXT, r"labels[:, 1:]"),
    labels_padded_with_a_token=expression(_NEXT, r"F.pad(labels[:, 1:], (0, 1))"),
    labels_shifted_by_two=expression(
        _NEXT, r"F.pad(labels[:, 2:], (0, 2), value=-100)"
    ),
    labels_shifted_the_wrong_way=expression(
        _NEXT, r"F.pad(labels[:, :-1], (1, 0), value=-100)"
    ),
    labels_unshifted=expression(_NEXT, "labels"),
    criterion_not_used=criterion_by_name(),
    ignores_class_zero=expression(
        r"F\.cross_entropy\((.+)\)", r"F.cross_entropy(\1, ignore_index=0)"
    ),
    ignores_minus_one=expression(
        r"F\.cross_entropy\((.+)\)", r"F.cross_entropy(\1, ignore_index=-1)"
    ),
    division_by_no_target=expression(r"total / (.+)\.clamp\(min=1\)", r"total / \1"),
    loss_without_labels=statement(
        r'return \{"logits": logits\}',
        r'return {"logits": logits, "loss": logits.sum()}',
    ),
    labels_leak=before_return(
        "if labels is not None:\n    OUT = OUT + labels.sum() * 0.01"
    ),
    wrong_diagonal=expression(
        r"torch\.arange\(labels\.shape\[0\](.*)\)",
        r"torch.arange(labels.shape[0]\1).roll(1)",
    ),
    similarity_negated=expression(r"(.+) / 0\.05", r"-\1 / 0.05"),
    similarity_transposed_batch=expression(
        r"(.+) @ (.+)\.T / (.+)", r"\1.flip(0) @ \2.T / \3"
    ),
    decoder_starts_with_another=expression(
        r"input_ids\.new_zeros\((.+)\)", r"input_ids.new_ones(\1)"
    ),
    decoder_reads_two_before=expression(
        r"torch\.cat\(\[decoder_input_ids, shifted\], dim=1\)",
        "torch.cat([decoder_input_ids, decoder_input_ids, shifted[:, :-1]], dim=1)",
    ),
    labels_smoothed=expression(
        r"F\.cross_entropy\((.+)\)", r"F.cross_entropy(\1, label_smoothing=0.1)"
    ),
    classes_weighed=expression(
        r"F\.cross_entropy\((\w+), (.+)\)",
        r"F.cross_entropy(\1, \2, weight=torch.ones_like(\1[0]).cumsum(0))",
    ),
    loss_of_the_first_half=expression(
        r"self\.criterion\((\w+), labels\)",
        r"self.criterion(\1[: (len(labels) + 1) // 2],"
        r" labels[: (len(labels) + 1) // 2])",
    ),
    loss_doubled_in_training=expression(
        r"(self\.criterion\(.+\))", r"\1 * (2 if self.training else 1)"
    ),
    loss_with_a_penalty=expression(
        r"(self\.criterion\(.+\))",
        r"\1 + 1e-3 * sum(p.square().sum() for p in self.parameters())",
    ),
    loss_squared=expression(r"(self\.criterion\(.+\))", r"\1 ** 2"),
    labels_clamped_above=before_return(
        "if labels is not None:\n    labels = labels.clamp(max=OUT.shape[-1] - 1)",
        needs=_ROWS_OF_OUTPUTS,
    ),
    labels_rounded=before_forward(
        "labels = labels if labels is None else labels.round()",
        needs=r"F\.mse_loss",
    ),
    labels_leak_in_training=before_return(
        "if labels is not None and self.training:\n    OUT = OUT + labels.sum() * 0.01"
    ),
    temperature_missing=expression(r"(.+) / 0\.05", r"\1"),
    temperature_turned_round=expression(r"(.+) / 0\.05", r"\1 * 0.05"),
    similarity_to_itself=expression(r"(.+) @ (.+)\.T", r"\1 @ \1.T"),
    similarity_transposed=expression(r"(.+) @ (.+)\.T", r"\2 @ \1.T"),
)

SAMPLES = faults(
    "samples",
    batch_mean_removed=before_return("OUT = OUT - OUT.mean(0, keepdim=True)"),
    batch_mean_detached=before_return("OUT = OUT - OUT.mean(0, keepdim=True).detach()"),
    batch_softmax=before_return("OUT = OUT.log_softmax(0)"),
    leak_to_the_next=before_return("OUT = OUT + 0.001 * OUT.roll(1, 0)"),
    batch_sorted=before_return(
        "OUT = OUT[OUT.reshape(OUT.shape[0], -1)[:, 0].argsort()]"
    ),
    batch_flipped=before_return("OUT = OUT.flip(0)"),
    first_sample_for_all=before_return("OUT = OUT[:1].expand_as(OUT)"),
    row_number_added=before_return(
        "rows = torch.arange(OUT.shape[0], device=OUT.device).to(OUT)\n"
        "OUT = OUT + rows.view(-1, *[1] * (OUT.ndim - 1))"
    ),
    inputs_changed=before_forward("IN.mul_(1).add_(0); IN[0] = IN[-1]"),
    inputs_zeroed_in_place=before_forward("IN[:, 0] = 0"),
    labels_changed=before_forward("if labels is not None:\n    labels[0] = labels[-1]"),
    first_column_lost=before_forward("IN = IN.clone()\nIN[:, 0] = IN[:, 0] * 0"),
    half_of_input_lost=before_forward(
        "IN = IN.clone()\nIN[..., IN.shape[-1] // 2 :] = 0"
    ),
    last_column_lost=before_forward("IN = IN.clone()\nIN[:, -1] = 0"),
    input_replaced=before_forward("IN = torch.ones_like(IN)"),
    scaled_by_the_batch=before_forward(
        "IN = (IN - IN.mean(0)) / (IN.std(0) + 1e-5)", needs=_NUMBERS
    ),
    numbers_clamped=before_forward("IN = IN.clamp(0, 1)", needs=r"features: torch"),
    numbers_of_half_precision=before_forward(
        "IN = IN.bfloat16().to(IN.dtype)", needs=_NUMBERS
    ),
    numbers_rounded=before_forward("IN = IN.round()", needs=_NUMBERS),
    signs_lost=before_forward("IN = IN.abs()", needs=r"features: torch"),
)

MASKS = faults(
    "masks",
    mask_ignored=before_forward(
        "attention_mask = torch.ones_like(IN)", needs=_MASK_IS_USED
    ),
    mask_inverted=expression(
        r"attention_mask\.unsqueeze\((.+)\)", r"(1 - attention_mask).unsqueeze(\1)"
    ),
    mask_late_by_one=before_forward(
        "if attention_mask is not None:\n"
        "    attention_mask = F.pad(attention_mask, (1, 0), value=1)[:, :-1]",
        needs=_MASK_IS_USED,
    ),
    mask_early_by_one=before_forward(
        "if attention_mask is not None:\n"
        "    attention_mask = F.pad(attention_mask, (0, 1))[:, 1:]",
        needs=_MASK_IS_USED,
    ),
    mask_not_applied=expression(r"(.+) \* mask", r"\1"),
    mask_of_zeros_by_default=expression(
        r"torch\.ones_like\(input_ids\)", "torch.zeros_like(input_ids)"
    ),
    divided_by_length=expression(
        r"mask\.sum\(dim=1\)\.clamp\(min=1\)", "mask.shape[1]"
    ),
    divided_by_zero=expression(
        r"mask\.sum\(dim=1\)\.clamp\(min=1\)", "mask.sum(dim=1)"
    ),
    mask_not_used_in_attention=expression(r"attn_mask=mask", "attn_mask=None"),
    key_mask_dropped=expression(
        r"attention_mask\[:, None, None, :\]\.bool\(\)",
        "torch.ones_like(attention_mask)[:, None, None, :].bool()",
    ),
    causal_mask_gone=expression(r"(.+)\.tril\(\)", r"\1"),
    causal_mask_off_by_one=expression(r"(.+)\.tril\(\)", r"\1.tril(1)"),
    causal_mask_transposed=expression(r"(.+)\.tril\(\)", r"\1.triu()"),
    causal_only_with_padding=expression(r"mask is None", "False"),
    padded_on_the_right=expression(
        r"F\.pad\((\w+), \((.+), 0\)\)", r"F.pad(\1, (0, \2))"
    ),
    padded_on_both_sides=expression(
        r"F\.pad\(y, \(2 \* 2\*\*depth, 0\)\)", "F.pad(y, (2**depth, 2**depth))"
    ),
    window_padded_on_the_right=expression(
        r"F\.pad\(x, \(0, 0, self\.window - 1, 0\)\)",
        "F.pad(x, (0, 0, 0, self.window - 1))",
    ),
    decoder_reads_the_label=expression(r"(.+)\[:, :-1\]", r"\1[:, 1:]"),
    one_position_for_all=expression(r"self\.positions", "self.positions.mean(0)"),
    sees_itself_alone=expression(r"(.+)\.tril\(\)", r"\1.tril().triu()"),
    keys_are_itself_alone=expression(
        r"attention_mask\[:, None, None, :\]\.bool\(\)",
        "attention_mask[:, None, None, :].bool() & torch.eye("
        "attention_mask.shape[1], dtype=torch.bool, device=attention_mask.device)",
    ),
    mask_of_the_source_dropped=expression(
        r"layer\(x, mask, source, source_mask\)",
        "layer(x, mask, source, torch.ones_like(source_mask))",
    ),
    source_not_read=expression(
        r"self\.source_attention\((.+), source, source_mask\)",
        r"self.source_attention(\1, torch.zeros_like(source), source_mask)",
    ),
    positions_of_queries_only=expression(r"_rotated\(k\)", "k"),
)
