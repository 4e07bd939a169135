"""Mistakes in models of two inputs, or of an input and its target."""

FAULTS = (
    (
        "gru_seq2seq",
        "mask inverted",
        "every_parameter_gets_a_gradient",
        (("masked_fill(~mask", "masked_fill(mask"),),
    ),
    (
        "gru_seq2seq",
        "state after the padding",
        "padding_does_not_matter",
        (
            ("memory, _ = self.encoder", "memory, state = self.encoder"),
            (
                "        state = memory[\n            torch.arange(memory.size(0), device=memory.device), last\n        ].unsqueeze(0)\n",
                "",
            ),
        ),
    ),
    (
        "gru_seq2seq",
        "softmax over queries",
        "logits_do_not_know_the_labels",
        (("F.softmax(scores, dim=-1)", "F.softmax(scores, dim=1)"),),
    ),
    (
        "gru_seq2seq",
        "rolled without bos",
        "logits_do_not_know_the_labels",
        (
            (
                "        shifted = labels.new_full(labels.shape, self.bos)\n        shifted[:, 1:] = labels[:, :-1]\n",
                "        shifted = labels.roll(1, dims=1)\n",
            ),
        ),
    ),
    (
        "pointer_seq2seq",
        "copies from padding",
        "padding_does_not_matter",
        (
            (
                "scores = scores.masked_fill(attention_mask[:, None] == 0, -1e4)\n",
                "pass\n",
            ),
        ),
    ),
    (
        "pointer_seq2seq",
        "gate on both",
        "logits_are_not_normalised",
        (("(1 - gate) * attention)", "gate * attention)"),),
    ),
    (
        "siamese_gru",
        "masked with 0 before the max",
        "padding_does_not_matter",
        (("-1e4)\n        return", "0)\n        return"),),
    ),
    (
        "siamese_gru",
        "sigmoid of the similarity",
        "overfits_one_batch",
        (
            (
                "(e @ t.T / self.temperature)",
                "torch.sigmoid(e @ t.T / self.temperature)",
            ),
        ),
    ),
    (
        "siamese_gru",
        "temperature written out",
        "every_constructor_argument_has_an_effect",
        (("e @ t.T / self.temperature", "e @ t.T / 0.1"),),
    ),
    (
        "siamese_gru",
        "labels' padding as a token",
        "every_target_token_matters",
        (("(labels != -100).long())", "(labels != 0).long())"),),
    ),
    (
        "siamese_gru",
        "candidate masked at 0",
        "pairs_without_a_target_do_not_count",
        (("masked_fill(~ok, -1e4)", "masked_fill(~ok, 0.0)"),),
    ),
    (
        "two_tower",
        "padding of the target is read",
        "every_target_token_matters",
        (("read.long())", "torch.ones_like(labels))"),),
    ),
    (
        "mini_clip",
        "captions not normalised",
        "length_of_embeddings_is_as_said",
        (
            (
                "return F.normalize(self.text_projection(h), dim=-1)",
                "return self.text_projection(h)",
            ),
        ),
    ),
    (
        "mini_clip",
        "last token off by one",
        "every_target_token_matters",
        (
            (
                "mask.sum(dim=1).clamp(min=1) - 1",
                "mask.sum(dim=1).clamp(max=mask.shape[1] - 1)",
            ),
        ),
    ),
    (
        "mini_clip",
        "last column pooled",
        "every_target_token_matters",
        (
            (
                "        h = h.gather(1, last[:, None, None].expand(-1, 1, h.size(-1))).squeeze(1)\n",
                "        h = h[:, -1]\n",
            ),
        ),
    ),
    (
        "mini_clip",
        "channels averaged",
        "channels_are_told_apart",
        (
            (
                "self.vision(images)",
                "self.vision(images.mean(1, keepdim=True).expand_as(images))",
            ),
        ),
    ),
    (
        "mini_clip",
        "exp forgotten",
        "matching_pairs_have_the_lowest_loss",
        (("self.logit_scale.exp()", "self.logit_scale"),),
    ),
)
