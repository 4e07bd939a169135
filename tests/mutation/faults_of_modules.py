"""Faults in gradients, registration, random numbers and dtypes."""

from planting import (
    before_forward,
    before_return,
    constructor_argument,
    expression,
    faults,
    in_constructor,
    scaled_by,
    statement,
    without_keywords,
)

_MASK_IS_USED = r"attention_mask(\.|\[|\))"

GRADIENTS = faults(
    "gradients",
    output_detached=before_return("OUT = OUT.detach()"),
    output_rounded=before_return("OUT = OUT.round()"),
    data_taken=expression(r"(self\.\w+\(.*\)) \* mask", r"\1.data * mask"),
    residual_dropped=expression(r"x \+ (self\.dropout\(.+\))", r"\1"),
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
    layer_skipped=expression(r"self\.(hidden|projection|mlp)\((.+)\)", r"(\2)"),
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
    gradient_scaled=before_return(
        "if OUT.requires_grad:\n    OUT.register_hook(lambda g: g * 0.1)"
    ),
    gradient_clipped=before_return(
        "if OUT.requires_grad:\n    OUT.register_hook(lambda g: g.clamp(-1e-4, 1e-4))"
    ),
    added_in_place=expression(r"x \+ (self\.dropout\(.+\))", r"x.add_(\1)"),
    activation_forgotten=expression(r"F\.(relu|gelu)\((.+)\)", r"(\2)"),
    activation_an_identity=expression(r"nn\.GELU\(\)", "nn.Identity()"),
    activation_after_both=expression(
        r"nn\.Sequential\((.+)nn\.GELU\(\),\s+(nn\.Linear\([^()]+\)),(.*)\)",
        r"nn.Sequential(\1\2, nn.GELU(), \3)",
    ),
    never_initialised=expression(
        r"nn\.Parameter\(torch\.randn\((.+)\) \* .+\)",
        r"nn.Parameter(torch.empty(\1))",
    ),
    bias_frozen=in_constructor(
        "next(p for n, p in self.named_parameters() if 'bias' in n)"
        ".requires_grad_(False)",
        needs=r"(nn\.Linear|LayerNorm)",
    ),
    weights_changed_in_training=before_forward(
        "if self.training:\n    with torch.no_grad():\n"
        "        next(self.parameters()).mul_(0.99)"
    ),
    start_too_large=in_constructor(
        "for parameter in self.parameters():\n    parameter.data.mul_(30)"
    ),
)

REGISTRATION = faults(
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
    layers_shared=expression(
        r"nn\.ModuleList\(\s*(.+) for _ in range\((\w+)\)\s*\)",
        r"nn.ModuleList([\1] * \2)",
    ),
    mask_cached=before_forward(
        "self.__dict__.setdefault('kept', {})\n"
        "attention_mask = self.kept.setdefault(IN.shape, attention_mask)",
        needs=_MASK_IS_USED,
    ),
    output_cached=before_return(
        "self.__dict__.setdefault('kept', {})\n"
        "OUT = self.kept.setdefault(OUT.shape, OUT)"
    ),
    running_mean_removed=before_return(
        "if self.training:\n"
        "    self.center = 0.9 * getattr(self, 'center', 0.0) + OUT.detach().mean()\n"
        "OUT = OUT - getattr(self, 'center', 0.0)"
    ),
)

RANDOMNESS = faults(
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
    dropout_turned_round=expression(
        r"nn\.Dropout\(dropout\)", "nn.Dropout(1 - dropout)"
    ),
    dropout_in_evaluation=expression(
        r"self\.dropout\((.+)\)", r"F.dropout(\1, 0.1, training=not self.training)"
    ),
    mode_set_to_evaluation=before_forward("self.eval()"),
    seed_of_python_set=in_constructor("import random\nrandom.seed(0)"),
    seed_set_in_training=before_forward("if self.training:\n    torch.manual_seed(0)"),
    precision_changed=in_constructor("torch.set_float32_matmul_precision('high')"),
    batch_mean_removed_in_training=before_return(
        "if self.training:\n    OUT = OUT - OUT.mean(0, keepdim=True)"
    ),
)

VOCABULARY = faults(
    "vocabulary",
    vocabulary_one_short=expression(
        r"nn\.Embedding\(vocab_size, (.+)\)", r"nn.Embedding(vocab_size - 1, \1)"
    ),
    ids_clamped_within=expression(
        r"self\.embedding\((\w+)\)", r"self.embedding(\1.clamp(max=50))"
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
    padding_id_of_another=expression(
        r"nn\.Embedding\(vocab_size, (.+)\)",
        r"nn.Embedding(vocab_size, \1, padding_idx=1)",
    ),
)

NUMERICS = faults(
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
    autocast_written_in=expression(
        r"self\.(classifier|output|projection)\((.+)\)",
        r"torch.autocast('cpu', torch.bfloat16)(self.\1)(\2)",
    ),
    rounded_by_bfloat16=before_return("OUT = OUT.bfloat16().to(OUT.dtype)"),
)

CONSTRUCTION = faults(
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
