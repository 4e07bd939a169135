"""Mistakes in models of tables and of series."""

FAULTS = (
    (
        "grn_table",
        "glu over rows",
        "logits_are_one_row_per_sample",
        (("dim=-1))", "dim=0).repeat(2, 1)[:, : x.shape[1]])"),),
    ),
    (
        "grn_table",
        "residual lost",
        "no_two_layers_act_as_one",
        (("self.norm(x + F.glu", "self.norm(F.glu"),),
    ),
    (
        "grn_table",
        "targets averaged",
        "loss_is_the_criterion_of_the_outputs",
        (("self.criterion(y, labels)", "self.criterion(y.mean(-1), labels.mean(-1))"),),
    ),
    (
        "grn_table",
        "batch norm always on",
        "logits_are_one_row_per_sample",
        (
            (
                "self.input_norm = nn.BatchNorm1d(num_features)",
                "self.input_norm = nn.BatchNorm1d(num_features, track_running_stats=False)",
            ),
        ),
    ),
    (
        "tcn_forecast",
        "padded on the right",
        "every_input_matters",
        (("F.pad(x, (2 * 2**i, 0))", "F.pad(x, (0, 2 * 2**i))"),),
    ),
    (
        "tcn_forecast",
        "first step read",
        "every_input_matters",
        (("x[:, :, -1]", "x[:, :, 0]"),),
    ),
    (
        "tcn_forecast",
        "labels broadcast",
        "outputs_are_named_tensors",
        ((".squeeze(-1)", ""),),
    ),
    (
        "tcn_forecast",
        "reshaped",
        "patches_stay_apart",
        (
            (
                "series.transpose(1, 2)",
                "series.reshape(len(series), series.shape[2], -1)",
            ),
        ),
    ),
    (
        "moe_mlp",
        "gate softmax over rows",
        "loss_is_the_mean_over_targets",
        (("softmax(dim=-1)", "softmax(dim=0)"),),
    ),
    (
        "moe_mlp",
        "gate without weights",
        "every_parameter_gets_a_gradient",
        (("scatter(1, chosen, weights)", "scatter(1, chosen, 0.5)"),),
    ),
    (
        "moe_mlp",
        "gates reversed",
        "layers_of_a_list_are_called_alike",
        (
            (
                ".scatter(1, chosen, weights)",
                ".scatter(1, self.num_experts - 1 - chosen, weights)",
            ),
        ),
    ),
    (
        "wave_conv",
        "first channel of time",
        "loss_is_the_mean_over_targets",
        (("waveform.unsqueeze(1)", "waveform.unsqueeze(1).flip(0)"),),
    ),
    (
        "wave_conv",
        "max over channels",
        "loss_is_the_mean_over_targets",
        (("x.amax(dim=-1)", "x.amax(dim=0).expand(len(x), -1, -1).amax(dim=-1)"),),
    ),
    (
        "wave_conv",
        "batch norm momentum 0",
        "norms_remember_earlier_batches",
        (("nn.BatchNorm1d(width)", "nn.BatchNorm1d(width, momentum=0.0)"),),
    ),
    (
        "ft_transformer",
        "encoder without batch_first",
        "places_are_told_apart",
        ((",\n            batch_first=True", ""),),
    ),
    (
        "ft_transformer",
        "dropout not passed on",
        "dropout_of_zero_leaves_nothing_out",
        (("ffn_factor * d_token,\n            dropout,", "ffn_factor * d_token, "),),
    ),
    (
        "deep_fm",
        "loss broadcast",
        "outputs_are_named_tensors",
        ((".squeeze(1)\n        out", "\n        out"),),
    ),
    (
        "deep_fm",
        "sigmoid twice",
        "overfits_one_batch",
        (
            (
                "(linear + pairs + deep).squeeze(1)",
                "(linear + pairs + deep).squeeze(1).sigmoid()",
            ),
        ),
    ),
)
