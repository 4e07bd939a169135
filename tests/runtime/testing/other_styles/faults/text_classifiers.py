"""Mistakes in models that classify texts."""

FAULTS = (
    (
        "bert_like",
        "segments not added",
        "every_parameter_gets_a_gradient",
        ((" + self.segment(token_type_ids)", ""),),
    ),
    (
        "bert_like",
        "position of the batch",
        "order_of_tokens_matters",
        (
            (
                "torch.arange(input_ids.shape[1], device",
                "torch.arange(input_ids.shape[0], device",
            ),
            ("self.position(pos)", "self.position(pos)[:, None]"),
        ),
    ),
    (
        "bert_like",
        "pooled from the last column",
        "padding_does_not_matter",
        (("x[:, 0]", "x[:, -1]"),),
    ),
    (
        "bert_like",
        "mask of the encoder inverted",
        "padding_does_not_matter",
        (("attention_mask == 0)", "attention_mask == 1)"),),
    ),
    (
        "bert_like",
        "mask forgotten",
        "padding_does_not_matter",
        ((", src_key_padding_mask=attention_mask == 0", ""),),
    ),
    (
        "bert_like",
        "positions from the ids",
        "order_of_tokens_matters",
        (("self.position(pos)", "self.position(input_ids % 64)"),),
    ),
    (
        "torch_transformer",
        "no memory_key_padding_mask",
        "padding_does_not_matter",
        ((",\n            memory_key_padding_mask=padding", ""),),
    ),
    (
        "torch_transformer",
        "causal polarity",
        "logits_do_not_know_the_labels",
        ((".triu(1)", ".tril(-1)"),),
    ),
    (
        "torch_transformer",
        "padding polarity",
        "order_of_tokens_matters",
        (("padding = attention_mask == 0", "padding = attention_mask == 1"),),
    ),
    (
        "torch_transformer",
        "positions by batch index",
        "order_of_tokens_matters",
        (("self.pe[: x.size(1)]", "self.pe[: x.size(0)].unsqueeze(1)"),),
    ),
    (
        "torch_transformer",
        "rates without their sign",
        "positions_turn_at_several_speeds",
        (("(-math.log(10000.0) / d_model)", "(math.log(10000.0) / d_model)"),),
    ),
    (
        "alibi_classifier",
        "bias towards the far",
        "a_bias_for_distance_favours_the_near",
        (("bias = -self", "bias = self"),),
    ),
    (
        "alibi_classifier",
        "distance with a sign",
        "a_bias_for_distance_favours_the_near",
        (("(pos[None, :] - pos[:, None]).abs()", "(pos[None, :] - pos[:, None])"),),
    ),
    (
        "alibi_classifier",
        "pool softmax over the batch",
        "loss_is_the_mean_over_targets",
        (("-1e4).softmax(dim=1)", "-1e4).softmax(dim=0)"),),
    ),
    (
        "alibi_classifier",
        "pool not masked",
        "padding_does_not_matter",
        (
            (
                ".squeeze(-1).masked_fill(~mask, -1e4).softmax(dim=1)",
                ".squeeze(-1).softmax(dim=1)",
            ),
        ),
    ),
    (
        "alibi_classifier",
        "qkv viewed without a permutation",
        "loss_is_the_mean_over_targets",
        (
            (
                ".view(B, T, 3, self.heads, D // self.heads)\n            .permute(2, 0, 3, 1, 4)",
                ".view(3, B, self.heads, T, D // self.heads)",
            ),
        ),
    ),
    (
        "deberta_like",
        "mask dropped",
        "padding_does_not_matter",
        (("scores = scores.masked_fill(mask[:, None, None] == 0, -1e4)", ""),),
    ),
    (
        "deberta_like",
        "mask of queries",
        "padding_does_not_matter",
        (("mask[:, None, None] == 0", "mask[:, None, :, None] == 0"),),
    ),
    (
        "bag_multilabel",
        "mean over the padded length",
        "padding_does_not_matter",
        (("w / w.sum(1, keepdim=True).clamp(min=1)", "w / w.shape[1]"),),
    ),
    (
        "bag_multilabel",
        "sigmoid twice",
        "overfits_one_batch",
        (("logits = self.out(x)", "logits = torch.sigmoid(self.out(x))"),),
    ),
    (
        "two_tasks",
        "loss of the second task detached",
        "every_parameter_gets_a_gradient",
        (('+ 0.1 * outputs["star_loss"]', '+ 0.1 * outputs["star_loss"].detach()'),),
    ),
    (
        "two_tasks",
        "logits too large",
        "fresh_model_guesses",
        (("self.topic(x)}", "self.topic(x) * 500}"),),
    ),
    (
        "perceiver",
        "padding attended to",
        "padding_does_not_matter",
        (("x = self.read(x, context, is_padding)", "x = self.read(x, context)"),),
    ),
    (
        "perceiver",
        "positions left out",
        "every_parameter_gets_a_gradient",
        (
            (
                " + self.positions[: input_ids.shape[1]]",
                " + 0 * self.positions[: input_ids.shape[1]]",
            ),
        ),
    ),
    (
        "perceiver",
        "latents start alike",
        "training_starts_everywhere",
        (("torch.randn(num_latents, dim))", "torch.zeros(num_latents, dim))"),),
    ),
)
