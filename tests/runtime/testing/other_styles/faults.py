"""Mistakes in models of other styles: what is changed, and the check that tells."""

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
        "small_resnet",
        "batchnorm keeps no statistics",
        "loss_is_the_mean_over_targets",
        (
            (
                "self.bn1 = nn.BatchNorm2d(planes)",
                "self.bn1 = nn.BatchNorm2d(planes, track_running_stats=False)",
            ),
        ),
    ),
    (
        "small_resnet",
        "eval in forward",
        "training_computes_what_evaluation_does",
        (
            (
                "        x = self.stages(",
                "        self.stem.eval()\n        x = self.stages(",
            ),
        ),
    ),
    (
        "small_resnet",
        "blocks written out",
        "every_constructor_argument_has_an_effect",
        (("range(blocks_per_stage)", "range(1)"),),
    ),
    (
        "small_resnet",
        "momentum of Keras",
        "norms_remember_earlier_batches",
        (
            (
                "self.bn2 = nn.BatchNorm2d(planes)",
                "self.bn2 = nn.BatchNorm2d(planes, momentum=0.99)",
            ),
        ),
    ),
    (
        "tiny_unet",
        "skip forgotten",
        "no_two_layers_act_as_one",
        (
            (
                "torch.cat([self.up(x), skip], dim=1)",
                "torch.cat([self.up(x), self.up(x)], dim=1)",
            ),
        ),
    ),
    (
        "tiny_unet",
        "logits permuted by a reshape",
        "every_pixel_has_its_own_output",
        (
            (
                "        logits = self.head(x)\n",
                "        logits = self.head(x)\n        logits = logits.permute(0, 2, 3, 1).reshape(logits.shape)\n",
            ),
        ),
    ),
    (
        "tiny_unet",
        "height and width swapped",
        "images_need_not_be_square",
        (("self.up(x), skip]", "self.up(x).transpose(2, 3), skip]"),),
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
        "convnext",
        "depthwise over all",
        "places_are_told_apart",
        (
            (
                "x = self.blocks(self.stem(images)).mean([-2, -1])",
                "x = self.blocks(self.stem(images)).mean([-3, -1])[:, :1].expand(-1, self.norm.normalized_shape[0])",
            ),
        ),
    ),
    (
        "convnext",
        "drop path without rescaling",
        "what_is_left_out_is_made_up_for",
        (("x * keep / (1 - self.p)", "x * keep"),),
    ),
    (
        "convnext",
        "drop path in evaluation",
        "what_is_left_out_is_made_up_for",
        (("self.p == 0.0 or not self.training", "self.p == 0.0"),),
    ),
    (
        "convnext",
        "permuted wrongly back",
        "images_need_not_be_square",
        (
            (
                "self.drop_path(y.permute(0, 3, 1, 2))",
                "self.drop_path(y.permute(0, 3, 2, 1))",
            ),
        ),
    ),
    (
        "convnext",
        "view instead of a permutation",
        "every_pixel_has_its_own_output",
        (
            (
                ".permute(0, 2, 3, 1)\n        y = self.gamma",
                ".reshape(x.shape[0], x.shape[2], x.shape[3], x.shape[1])\n        y = self.gamma",
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
    (
        "vit_cls",
        "patches without height",
        "places_are_told_apart",
        (
            (
                "[x.sin(), x.cos(), y.sin(), y.cos()]",
                "[x.sin(), x.cos(), x.sin(), x.cos()]",
            ),
        ),
    ),
    (
        "vit_cls",
        "positions not added",
        "places_are_told_apart",
        (("self.proj(x) + self.pos", "self.proj(x)"),),
    ),
    (
        "vit_cls",
        "waves all one",
        "positions_turn_at_several_speeds",
        (
            (
                "(torch.arange(dim // 4).float() / (dim // 4))",
                "(torch.arange(dim // 4) // (dim // 4))",
            ),
        ),
    ),
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
        "mixup_resnet",
        "order drawn on the CPU",
        "no_device_is_written_in",
        (("images.shape[0], device=images.device)", "images.shape[0])"),),
    ),
    (
        "mixup_resnet",
        "scale made on the CPU",
        "no_device_is_written_in",
        (("x = block(x)", "x = block(x) * torch.ones(x.shape[1], 1, 1)"),),
    ),
    (
        "mixup_resnet",
        "logits left on the CPU",
        "no_device_is_written_in",
        (("self.fc(x.mean((2, 3)))", "torch.zeros(x.shape[0], 10)"),),
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
        "denoiser",
        "output flipped",
        "every_pixel_has_its_own_output",
        (
            (
                "y = self.dec(self.enc(images))",
                "y = self.dec(self.enc(images)).flip(-1)",
            ),
        ),
    ),
    (
        "denoiser",
        "loss of the mean image",
        "loss_is_the_criterion_of_the_outputs",
        (("self.criterion(y, labels)", "self.criterion(y.mean(0), labels.mean(0))"),),
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
        "siamese_gru",
        "candidate masked at 0",
        "pairs_without_a_target_do_not_count",
        (("masked_fill(~ok, -1e4)", "masked_fill(~ok, 0.0)"),),
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
    (
        "mlp_mixer",
        "patches viewed",
        "patches_stay_apart",
        (
            (
                "x = images.reshape(b, c, h // p, p, w // p, p).permute(0, 2, 4, 1, 3, 5)\n",
                "x = images\n",
            ),
        ),
    ),
    (
        "mlp_mixer",
        "token mlp without transposes",
        "places_are_told_apart",
        (
            (
                "self.token_mlp(self.norm1(x).transpose(1, 2)).transpose(1, 2)",
                "self.token_mlp(self.norm1(x).reshape(len(x), x.shape[2], -1)).reshape(x.shape)",
            ),
        ),
    ),
    (
        "mlp_mixer",
        "blocks shared",
        "layers_have_weights_of_their_own",
        (
            (
                "*[MixerBlock(num_patches, dim) for _ in range(depth)]",
                "*[MixerBlock(num_patches, dim)] * depth",
            ),
        ),
    ),
    (
        "mlp_mixer",
        "flattened wrongly across channels",
        "patches_stay_apart",
        ((".permute(0, 2, 4, 1, 3, 5)", ".permute(0, 2, 1, 4, 3, 5)"),),
    ),
    (
        "se_net",
        "squeezed over the batch",
        "samples_do_not_see_each_other",
        (("x.mean(dim=(2, 3), keepdim=True)", "x.mean(dim=(0, 2, 3), keepdim=True)"),),
    ),
    (
        "se_net",
        "excite by softmax over batch",
        "loss_is_the_mean_over_targets",
        (("F.hardsigmoid(self.excite(scale))", "self.excite(scale).softmax(0)"),),
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
        "image_vae",
        "noise in evaluation",
        "logits_do_not_know_the_labels",
        (
            (
                "        if self.training:\n            code",
                "        if True:\n            code",
            ),
        ),
    ),
    (
        "image_vae",
        "sigmoid twice",
        "large_weights_stay_finite",
        ((".unflatten(1, self.shape)", ".unflatten(1, self.shape).sigmoid()"),),
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
        "diffusion",
        "time ignored",
        "every_parameter_gets_a_gradient",
        (("h) * (1 + scale) + shift", "h)"),),
    ),
    (
        "diffusion",
        "time of the first sample",
        "loss_is_the_mean_over_targets",
        (("[:, :, None, None].chunk", "[:1, :, None, None].chunk"),),
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
        "vit_cls",
        "row 1",
        "attention_combines_what_is_apart",
        (("self.encoder(x)[:, 0]", "self.encoder(x)[:, 1]"),),
    ),
    (
        "vit_cls",
        "last row",
        "attention_combines_what_is_apart",
        (("self.encoder(x)[:, 0]", "self.encoder(x)[:, -1]"),),
    ),
    (
        "vit_cls",
        "patches viewed",
        "patches_stay_apart",
        ((".permute(0, 2, 4, 1, 3, 5)", ""),),
    ),
    (
        "mini_clip",
        "exp forgotten",
        "matching_pairs_have_the_lowest_loss",
        (("self.logit_scale.exp()", "self.logit_scale"),),
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
    (
        "staged_net",
        "a term that is not returned",
        "loss_is_the_criterion_of_the_outputs",
        (
            (
                '"loss": self.criterion(logits, labels)',
                '"loss": self.criterion(logits, labels) + 0.1',
            ),
        ),
    ),
    (
        "staged_net",
        "frozen at random",
        "same_seed_gives_the_same_weights",
        (
            (
                "        self.head =",
                '        self.register_buffer("lost", torch.randn(3))\n        self.head =',
            ),
            ("from torch import nn", "import torch\nfrom torch import nn"),
        ),
    ),
    (
        "two_tower",
        "padding of the target is read",
        "every_target_token_matters",
        (("read.long())", "torch.ones_like(labels))"),),
    ),
    (
        "normed_vae",
        "a counter in Python",
        "training_computes_what_evaluation_does",
        (
            (
                "            code = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()",
                "            self.beta += 100",
            ),
            (
                "spectral_norm(nn.Linear(latent, num_classes))",
                "nn.Linear(latent, num_classes)",
            ),
        ),
    ),
)
