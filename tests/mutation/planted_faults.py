"""The faults: each a mistake seen in models written by hand, and a way to plant it.

A fault fits some of the generated models and not others.
"""

from planting import (
    Fault,
    Plant,
    before_forward,
    before_return,
    constructor_argument,
    criterion_by_name,
    expression,
    in_constructor,
    scaled_by,
    statement,
    without_keywords,
)

_MASK_IS_USED = r"attention_mask(\.|\[|\))"


def _faults(kind: str, **plants: Plant) -> list[Fault]:
    return [Fault(name, kind, plant) for name, plant in plants.items()]


SHAPES = _faults(
    "shapes",
    output_squeezed=before_return("OUT = OUT.squeeze()"),
    output_flattened=before_return("OUT = OUT.flatten()"),
    rows_mixed_with_columns=before_return(
        "OUT = OUT.transpose(0, -1).reshape(OUT.shape)"
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
)

LOSSES = _faults(
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
    labels_not_shifted=expression(r"(logits)\[:, :-1\](.*)", r"\1\2"),
    labels_shifted_by_two=statement(
        r"logits, labels = logits\[:, :-1\](.+), labels\[:, 1:\](.+)",
        r"logits, labels = logits[:, :-2]\1, labels[:, 2:]\2",
    ),
    labels_shifted_the_wrong_way=statement(
        r"logits, labels = logits\[:, :-1\](.+), labels\[:, 1:\](.+)",
        r"logits, labels = logits[:, 1:]\1, labels[:, :-1]\2",
    ),
    labels_unshifted=statement(
        r"logits, labels = logits\[:, :-1\](.+), labels\[:, 1:\](.+)",
        r"logits, labels = logits\1, labels\2",
    ),
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
)

GRADIENTS = _faults(
    "gradients",
    output_detached=before_return("OUT = OUT.detach()"),
    output_rounded=before_return("OUT = OUT.round()"),
    data_taken=expression(r"(self\.\w+\(.*\)) \* mask", r"\1.data * mask"),
    branch_detached=expression(
        r"x \+ self\.dropout\((.+)\)", r"x + self.dropout(\1).detach()"
    ),
    embedding_detached=expression(r"(self\.embedding\(\w+\))", r"\1.detach()"),
    hidden_under_no_grad=expression(
        r"self\.(hidden|conv1|projection)\((\w.*)\)",
        r"torch.no_grad()(self.\1)(\2)",
    ),
    straight_from_data=expression(
        r"self\.(hidden|projection|classifier|conv2)\((.*(?:self|F)\..+)\)",
        r"self.\1((\2).detach())",
    ),
    layer_never_used=in_constructor("self.spare = nn.Linear(3, 3)"),
    norm_skipped=expression(r"self\.norm\((.+)\)", r"\1"),
    layer_skipped=expression(r"self\.(hidden|projection|perceptron)\((.+)\)", r"(\2)"),
    frozen_by_mistake=in_constructor("next(self.parameters()).requires_grad_(False)"),
    parameter_as_buffer=in_constructor(
        "weight = self.embedding.weight.data\n"
        "del self.embedding.weight\n"
        "self.embedding.register_buffer('weight', weight)",
        needs=r"self\.embedding = ",
    ),
    all_zero=in_constructor(
        "for parameter in self.parameters():\n    nn.init.zeros_(parameter)"
    ),
    all_equal=in_constructor(
        "for parameter in self.parameters():\n    nn.init.constant_(parameter, 0.1)"
    ),
    embedding_zero=expression(
        r"nn\.init\.normal_\((.+), std=0\.02\)", r"nn.init.zeros_(\1)"
    ),
    embedding_large=expression(
        r"nn\.init\.normal_\((.+), std=0\.02\)", r"nn.init.normal_(\1, std=20.0)"
    ),
    start_is_nan=in_constructor("next(self.parameters()).data.fill_(float('nan'))"),
    log_of_zero=before_return("OUT = OUT + 0 * torch.log((OUT * 0).abs())"),
    root_of_zero=before_return("OUT = OUT + torch.sqrt(OUT * 0)"),
)

REGISTRATION = _faults(
    "registration",
    layer_in_a_list=statement(
        r"self\.(hidden|conv2|projection) = (nn\..+)",
        r"self.\1 = [\2].__getitem__(0).forward; self._kept = [self.\1.__self__]",
    ),
    layers_in_a_plain_list=expression(r"nn\.ModuleList\((.+)\)", r"list(\1)"),
    plain_tensor=scaled_by("self.scale = torch.ones(1) * 1.5"),
    plain_random_tensor=scaled_by("self.scale = torch.rand(1)"),
    random_float_kept=scaled_by("self.scale = float(torch.rand(()))"),
    buffer_not_saved=scaled_by(
        "self.register_buffer('scale', torch.rand(1), persistent=False)"
    ),
    random_buffer=scaled_by("self.register_buffer('scale', torch.rand(1))"),
    activations_kept=before_return("self.last = OUT"),
    activations_gathered=before_return(
        "self.__dict__.setdefault('history', []).append(OUT)"
    ),
    lambda_kept=in_constructor("self.activation = lambda x: x"),
    weight_in_a_closure=expression(
        r"F\.linear\((.+), self\.embedding\.weight\)",
        r"(self.__dict__.setdefault('_w', [self.embedding.weight])"
        r" and F.linear(\1, self._w[0]))",
    ),
)

RANDOMNESS = _faults(
    "randomness",
    dropout_always_on=expression(r"self\.dropout\((.+)\)", r"F.dropout(\1, 0.1)"),
    dropout_never_on=expression(
        r"self\.dropout\((.+)\)", r"F.dropout(\1, 0.1, training=False)"
    ),
    dropout_forgotten=expression(r"self\.dropout\((.+)\)", r"(\1)"),
    noise_from_random=before_return(
        "import random\nOUT = OUT + 0.01 * random.random()"
    ),
    noise_from_numpy=before_return(
        "import numpy\nOUT = OUT + 0.01 * float(numpy.random.rand())"
    ),
    start_from_random=in_constructor(
        "import random\nnext(self.parameters()).data.mul_(random.random())"
    ),
    noise_in_training=before_return(
        "import random\nif self.training:\n    OUT = OUT + 0.1 * random.random()"
    ),
    seed_set_in_constructor=statement(
        r"super\(\).__init__\(\)", "super().__init__(); torch.manual_seed(0)"
    ),
    seed_set_in_forward=before_forward("torch.manual_seed(0)"),
    layer_made_in_forward=before_return(
        "OUT = OUT + nn.Linear(1, 1).to(OUT)(OUT[..., :1])"
    ),
    scaled_in_training=before_return("if self.training:\n    OUT = OUT * 2"),
    mode_changed=before_forward("self.train()"),
    state_moved_on=before_return(
        "if not hasattr(self, 'count'):\n    self.count = 0\n"
        "self.count += 1\nOUT = OUT + self.count * 0.01"
    ),
    gradients_switched_off=in_constructor("torch.set_grad_enabled(False)"),
    default_dtype_changed=in_constructor("torch.set_default_dtype(torch.float64)"),
)

SAMPLES = _faults(
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
)

MASKS = _faults(
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
    causal_mask_gone=expression(r"mask\.tril\(\)", "mask"),
    causal_mask_off_by_one=expression(r"mask\.tril\(\)", "mask.tril(1)"),
    causal_mask_transposed=expression(r"mask\.tril\(\)", "mask.triu()"),
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
)

VOCABULARY = _faults(
    "vocabulary",
    vocabulary_one_short=expression(
        r"nn\.Embedding\(vocab_size, (.+)\)", r"nn.Embedding(vocab_size - 1, \1)"
    ),
    ids_clamped=expression(
        r"self\.embedding\((\w+)\)",
        r"self.embedding(\1.clamp(0, self.embedding.num_embeddings - 1))",
    ),
    ids_wrapped=expression(
        r"self\.embedding\((\w+)\)",
        r"self.embedding(\1 % self.embedding.num_embeddings)",
    ),
    positions_all_zero=expression(
        r"torch\.arange\(length, device=(.+)\)", r"torch.zeros(length, device=\1)"
    ),
    weights_untied=expression(
        r"F\.linear\((.+), self\.embedding\.weight\)",
        r"F.linear(\1, self.embedding.weight.detach())",
    ),
)

NUMERICS = _faults(
    "numerics",
    made_on_the_cpu=before_return("OUT = OUT + torch.zeros(OUT.shape)"),
    device_dropped=expression(r"torch\.(\w+)\((.+), device=.+\)", r"torch.\1(\2)"),
    moved_to_the_cpu=before_forward("IN = IN.cpu()"),
    value_read=before_return("OUT = OUT * (1.0 if OUT.sum().item() < 1e9 else 0.0)"),
    decided_in_python=before_return("if OUT.abs().max() > 1e9:\n    OUT = OUT * 0"),
    made_float32=before_return("OUT = OUT.float()"),
    made_float64=before_return("OUT = OUT.double()"),
    constant_in_float32=before_return(
        "OUT = OUT + torch.zeros(1, device=OUT.device, dtype=torch.float32)"
    ),
    mask_made_float=expression(
        r"attention_mask\.unsqueeze\((.+)\)", r"attention_mask.unsqueeze(\1).float()"
    ),
    made_half=before_return("OUT = OUT.half().float()"),
)

CONSTRUCTION = _faults(
    "construction",
    hidden_dim_written_in=constructor_argument("hidden_dim"),
    dropout_written_in=constructor_argument("dropout"),
    num_layers_written_in=constructor_argument("num_layers"),
    num_classes_written_in=constructor_argument("num_classes"),
    vocab_size_written_in=constructor_argument("vocab_size"),
    window_written_in=constructor_argument("window"),
    num_heads_written_in=constructor_argument("num_heads"),
    num_features_written_in=constructor_argument("num_features"),
    in_channels_written_in=constructor_argument("in_channels"),
    image_size_written_in=constructor_argument("image_size"),
    argument_changed_first=statement(
        r"super\(\).__init__\(\)",
        "super().__init__(); self._init_kwargs.pop('hidden_dim')",
    ),
    extra_columns_refused=without_keywords(),
)

FAULTS = [
    each
    for group in (
        SHAPES,
        LOSSES,
        GRADIENTS,
        REGISTRATION,
        RANDOMNESS,
        SAMPLES,
        MASKS,
        VOCABULARY,
        NUMERICS,
        CONSTRUCTION,
    )
    for each in group
]
