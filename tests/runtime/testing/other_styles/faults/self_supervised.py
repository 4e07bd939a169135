"""Mistakes in models that learn from inputs alone."""

FAULTS = (
    (
        "noise_predictor",
        "the times are not given",
        "every_parameter_gets_a_gradient",
        ((" + self.time(times)[:, :, None, None]", ""),),
    ),
    (
        "noise_predictor",
        "the schedule is no buffer",
        "layers_and_tensors_are_registered",
        (('self.register_buffer("kept", kept)', "self.kept = kept"),),
    ),
    (
        "noise_predictor",
        "a random number is kept in the constructor",
        "state_dict_holds_everything",
        (
            (
                "self.steps = steps\n",
                "self.steps, self.off = steps, torch.rand(()).item()\n",
            ),
            ("images = images * 2 - 1", "images = images * 2 - self.off"),
        ),
    ),
    (
        "noise_predictor",
        "the noise is detached from the model",
        "every_parameter_gets_a_gradient",
        (("x = self.enter(images)", "x = self.enter(images).detach()"),),
    ),
    (
        "plain_vae",
        "the code is detached",
        "every_parameter_gets_a_gradient",
        (
            ("code = mean\n", "code = mean.detach()\n"),
            ("code = mean +", "code = mean.detach() +"),
            ("log_variance / 2", "log_variance.detach() / 2"),
            ("self.beta * kl_loss", "self.beta * kl_loss.detach()"),
        ),
    ),
    (
        "plain_vae",
        "noise over the batch",
        "samples_do_not_see_each_other",
        (("code = mean\n", "code = mean = mean - mean.mean(0)\n"),),
    ),
    (
        "masked_lm",
        "a dropout in evaluation",
        "evaluation_is_repeatable",
        (
            (
                "logits = self.head(",
                "logits = F.dropout(self.head(",
            ),
            ("src_key_padding_mask=padding))", "src_key_padding_mask=padding)), 0.1)"),
        ),
    ),
    (
        "masked_lm",
        "positions are all the first",
        "tables_are_looked_up_at_different_rows",
        (
            (
                "places = torch.arange(ids.shape[1]",
                "places = 0 * torch.arange(ids.shape[1]",
            ),
        ),
    ),
    (
        "next_token_lm",
        "the next token is seen",
        "future_is_not_seen",
        (("places[:, None] >= places", "places[:, None] >= places - 1"),),
    ),
    (
        "next_token_lm",
        "padding is seen",
        "padding_does_not_matter",
        (("if attention_mask is not None:  #", "if attention_mask is None:  #"),),
    ),
    (
        "two_views",
        "the embeddings are detached",
        "outputs_carry_gradients",
        (
            (
                '"embeddings": self.embed(images)',
                '"embeddings": self.embed(images).detach()',
            ),
        ),
    ),
    (
        "hidden_patches",
        "a layer that is not registered",
        "layers_and_tensors_are_registered",
        (
            (
                "self.draw = nn.Linear(hidden, values)",
                "self.draws = [nn.Linear(hidden, values)]",
            ),
            ("self.draw(", "self.draws[0]("),
        ),
    ),
)
