"""Mistakes in models that classify images."""

FAULTS = (
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
)
