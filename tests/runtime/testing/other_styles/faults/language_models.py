"""Mistakes in language models."""

FAULTS = (
    (
        "long_conv_lm",
        "circular convolution",
        "future_is_not_seen",
        (
            (".float(), n=2 * length)", ".float(), n=length)"),
            ("(u * k, n=2 * length)", "(u * k, n=length)"),
        ),
    ),
    (
        "long_conv_lm",
        "weights not tied",
        "weights_said_to_be_tied_are",
        (
            (
                "        self.norm_f = nn.LayerNorm(dim)",
                "        self.norm_f = nn.LayerNorm(dim)\n"
                "        self.head = nn.Linear(dim, vocab_size, bias=False)",
            ),
            (
                "F.linear(self.norm_f(x), self.embed.weight)",
                "self.head(self.norm_f(x))",
            ),
        ),
    ),
    (
        "lstm_lm",
        "targets not shifted",
        "loss_is_the_criterion_of_the_outputs",
        (
            (
                "logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()",
                "logits.flatten(0, 1), labels.flatten()",
            ),
        ),
    ),
    (
        "lstm_lm",
        "bidirectional language model",
        "padding_does_not_matter",
        (
            (
                "hidden, hidden, layers, batch_first=True",
                "hidden, hidden // 2, layers, bidirectional=True, batch_first=True",
            ),
        ),
    ),
    (
        "lstm_lm",
        "one layer whatever is asked",
        "every_constructor_argument_has_an_effect",
        (("hidden, hidden, layers,", "hidden, hidden, 2,"),),
    ),
    (
        "lstm_lm",
        "flattened before the shift",
        "loss_is_the_criterion_of_the_outputs",
        (
            (
                "logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()",
                "logits.flatten(0, 1)[:-1], labels.flatten()[1:]",
            ),
        ),
    ),
    ("gpt2_like", "triu of 0", "padding_does_not_matter", ((".triu(1)", ".triu(0)"),)),
    (
        "gpt2_like",
        "heads of the mask repeated wrongly",
        "loss_is_the_mean_over_targets",
        (
            (
                "[:, None, None, :]\n                .expand(b, self.n_head, t, t)\n                .reshape(b * self.n_head, t, t)",
                "[:, None, :].repeat(self.n_head, t, 1)",
            ),
        ),
    ),
    (
        "gpt2_like",
        "moved to the CPU",
        "no_device_is_written_in",
        (("self.wte(input_ids)", "self.wte(input_ids.cpu())"),),
    ),
    (
        "gpt2_like",
        "head untied",
        "weights_said_to_be_tied_are",
        (("        self.lm_head.weight = self.wte.weight\n", ""),),
    ),
    (
        "gpt2_like",
        "normalised twice, second not used",
        "every_parameter_gets_a_gradient",
        (("self.mlp(self.ln_2(x))", "self.mlp(self.ln_1(x))"),),
    ),
    (
        "gpt2_like",
        "positions too few",
        "longest_length_is_an_argument",
        (("nn.Embedding(n_positions, n_embd)", "nn.Embedding(32, n_embd)"),),
    ),
    (
        "llama_like",
        "keys not rotated",
        "turned_positions_tell_the_distance",
        (
            (
                "q, k = apply_rope(q, cos, sin), apply_rope(k, cos, sin)",
                "q = apply_rope(q, cos, sin)",
            ),
        ),
    ),
    (
        "llama_like",
        "RMSNorm over the sequence",
        "padding_does_not_matter",
        (("mean(-1, keepdim=True)", "mean(1, keepdim=True)"),),
    ),
    (
        "llama_like",
        "RMSNorm without the root",
        "logits_are_not_normalised",
        (
            (
                "torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)",
                "(1 / (x.pow(2).mean(-1, keepdim=True) + self.eps))",
            ),
        ),
    ),
    (
        "llama_like",
        "scores masked with 0",
        "padding_does_not_matter",
        (("torch.finfo(scores.dtype).min", "0.0"),),
    ),
    (
        "llama_like",
        "masked after the softmax",
        "padding_does_not_matter",
        (
            (
                "        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)\n        out = scores.softmax(-1) @ v",
                "        out = scores.softmax(-1).masked_fill(~mask, 0.0) @ v",
            ),
        ),
    ),
    (
        "llama_like",
        "scores by the width",
        "attention_scores_do_not_grow_with_the_width",
        (("/ self.head_dim**0.5", "/ (self.n_heads * self.head_dim) ** 0.5"),),
    ),
    (
        "llama_like",
        "rates by integer division",
        "positions_turn_at_several_speeds",
        (
            (
                "(\n            torch.arange(0, dim // n_heads, 2).float() / (dim // n_heads)\n        )",
                "(torch.arange(0, dim // n_heads, 2) // (dim // n_heads))",
            ),
        ),
    ),
    (
        "llama_like",
        "halves with interleaved angles",
        "turned_positions_tell_the_distance",
        (
            (
                "torch.cat((angles, angles), dim=-1)",
                "angles.repeat_interleave(2, dim=-1)",
            ),
        ),
    ),
    (
        "llama_like",
        "rates multiplied",
        "positions_turn_at_several_speeds",
        (
            (
                "1.0 / rope_theta ** (\n            torch.arange(0, dim // n_heads, 2).float() / (dim // n_heads)\n        )",
                "rope_theta * (-torch.arange(0, dim // n_heads, 2).float() / (dim // n_heads))",
            ),
        ),
    ),
    (
        "linear_attention_lm",
        "sum over all for the normaliser",
        "future_is_not_seen",
        (("k.cumsum(1)) + 1e-6", "k.sum(1, keepdim=True).expand_as(k)) + 1e-6"),),
    ),
    (
        "linear_attention_lm",
        "mask on queries",
        "padding_does_not_matter",
        (
            (
                "q, k = F.elu(q) + 1, (F.elu(k) + 1) * mask[..., None, None]",
                "q, k = (F.elu(q) + 1) * mask[..., None, None], F.elu(k) + 1",
            ),
        ),
    ),
    (
        "linear_attention_lm",
        "exp without its sign",
        "positions_turn_at_several_speeds",
        (("torch.exp(\n            -math", "torch.exp(math"),),
    ),
    (
        "ssm_lm",
        "decay without its sign",
        "loss_is_the_criterion_of_the_outputs",
        (("A = -torch.exp", "A = torch.exp"),),
    ),
    (
        "ssm_lm",
        "state kept between calls",
        "logits_do_not_know_the_labels",
        (
            (
                "        self.kernel = kernel\n",
                "        self.kernel = kernel\n        self.state = None\n",
            ),
            (
                "        h = torch.zeros_like(dA[:, 0])\n",
                "        h = torch.zeros_like(dA[:, 0])\n        if self.state is not None and self.state.shape == h.shape:\n            h = self.state\n",
            ),
            (
                "        y = torch.stack",
                "        self.state = h.detach()\n        y = torch.stack",
            ),
        ),
    ),
    (
        "rwkv_lm",
        "shift looks ahead",
        "future_is_not_seen",
        (("F.pad(x, (0, 0, 1, -1))", "F.pad(x, (0, 0, -1, 1))"),),
    ),
    (
        "rwkv_lm",
        "shift over the batch",
        "loss_is_the_mean_over_targets",
        (("F.pad(x, (0, 0, 1, -1))", "F.pad(x, (0, 0, 0, 0, 1, -1))"),),
    ),
    (
        "switch_moe",
        "softmax twice beside a term",
        "loss_is_the_criterion_of_the_outputs",
        (("criterion(logits, labels)", "criterion(logits.softmax(-1), labels)"),),
    ),
    (
        "switch_moe",
        "labels of another sample",
        "loss_is_the_criterion_of_the_outputs",
        (("criterion(logits, labels)", "criterion(logits, labels.flip(0))"),),
    ),
)
