"""Mistakes in models that return an output for each pixel."""

FAULTS = (
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
)
