"""Mistakes in models that label each token of a text."""

FAULTS = (
    (
        "lstm_tagger",
        "not packed",
        "padding_does_not_matter",
        (
            (
                "        packed = pack_padded_sequence(\n            x, lengths.cpu(), batch_first=True, enforce_sorted=False\n        )\n        h, _ = self.lstm(packed)\n        h, _ = pad_packed_sequence(h, batch_first=True, total_length=input_ids.shape[1])\n",
                "        h, _ = self.lstm(x)\n",
            ),
        ),
    ),
    (
        "lstm_tagger",
        "enforce_sorted",
        "logits_are_one_row_per_sample",
        (("enforce_sorted=False", "enforce_sorted=True"),),
    ),
    (
        "lstm_tagger",
        "no total_length",
        "logits_are_one_row_per_sample",
        ((", total_length=input_ids.shape[1]", ""),),
    ),
    (
        "lstm_tagger",
        "no batch_first",
        "loss_is_the_mean_over_targets",
        (
            (
                "        packed = pack_padded_sequence(\n            x, lengths.cpu(), batch_first=True, enforce_sorted=False\n        )\n        h, _ = self.lstm(packed)\n        h, _ = pad_packed_sequence(h, batch_first=True, total_length=input_ids.shape[1])\n",
                "        h, _ = self.lstm(x)\n",
            ),
            ("num_layers,\n            batch_first=True", "num_layers"),
        ),
    ),
    (
        "lstm_tagger",
        "lengths from ids",
        "padding_does_not_matter",
        (("attention_mask.sum(dim=1)", "(input_ids != 0).sum(dim=1)"),),
    ),
    (
        "lstm_tagger",
        "logits viewed as (B, C, T)",
        "labels_meet_their_own_logits",
        (
            (
                "logits.transpose(1, 2)",
                "logits.reshape(logits.shape[0], -1, logits.shape[1])",
            ),
        ),
    ),
    (
        "lstm_tagger",
        "sorted, not restored",
        "loss_is_the_mean_over_targets",
        (
            (
                "        packed = pack_padded_sequence(\n            x, lengths.cpu(), batch_first=True, enforce_sorted=False\n        )\n        h, _ = self.lstm(packed)\n        h, _ = pad_packed_sequence(h, batch_first=True, total_length=input_ids.shape[1])\n",
                "        lengths, order = lengths.sort(descending=True)\n        packed = pack_padded_sequence(x[order], lengths.cpu(), batch_first=True, enforce_sorted=True)\n        h, _ = self.lstm(packed)\n        h, _ = pad_packed_sequence(h, batch_first=True, total_length=input_ids.shape[1])\n",
            ),
        ),
    ),
    (
        "lstm_tagger",
        "dropout written out",
        "dropout_of_zero_leaves_nothing_out",
        (("dropout=dropout if", "dropout=0.2 if"),),
    ),
    (
        "crf_tagger",
        "padding scored",
        "labels_meet_their_own_logits",
        (
            (
                "        is_tag = tags != -100\n        tags = tags.masked_fill(~is_tag, 0)",
                "        is_tag = tags != -100\n        tags = tags.masked_fill(~is_tag, 0)\n        n = is_tag.sum()\n        is_tag = torch.ones_like(is_tag)",
            ),
        ),
    ),
    (
        "crf_tagger",
        "max for logsumexp",
        "fresh_model_guesses",
        (
            (
                "torch.logsumexp(alpha.unsqueeze(2) + self.step, dim=1)",
                "(alpha.unsqueeze(2) + self.step).amax(dim=1)",
            ),
        ),
    ),
    (
        "t5_tagger",
        "distance clamped to one side",
        "a_bias_for_distance_favours_the_near",
        (
            (
                ".clamp(\n            -self.max_distance, self.max_distance\n        )",
                ".clamp(0, self.max_distance)",
            ),
        ),
    ),
    (
        "t5_tagger",
        "distance not clamped",
        "logits_are_one_row_per_sample",
        (
            (
                ".clamp(\n            -self.max_distance, self.max_distance\n        )",
                "",
            ),
        ),
    ),
    (
        "t5_tagger",
        "bias transposed over keys only",
        "a_bias_for_distance_favours_the_near",
        (("pos[None, :] - pos[:, None]", "pos[None, :] + 0 * pos[:, None]"),),
    ),
    (
        "t5_tagger",
        "softmax over queries",
        "padding_does_not_matter",
        (("scores.softmax(-1)", "scores.softmax(-2)"),),
    ),
    (
        "t5_tagger",
        "scale of the width",
        "attention_scores_do_not_grow_with_the_width",
        (("(\n            d // self.h\n        ) ** -0.5", "d ** -0.5"),),
    ),
    (
        "t5_tagger",
        "scale forgotten",
        "attention_scores_do_not_grow_with_the_width",
        (("* (\n            d // self.h\n        ) ** -0.5", ""),),
    ),
    (
        "t5_tagger",
        "keys for values",
        "every_parameter_gets_a_gradient",
        (("scores.softmax(-1), v)", "scores.softmax(-1), k)"),),
    ),
)
