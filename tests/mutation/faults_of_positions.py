"""Faults in how positions, channels and counts are used."""

from faults_of_reading import both
from planting import before_forward, expression, faults, statement

POSITIONS = faults(
    "positions",
    rates_multiplied=expression(r"1e4 \*\* (\(.+\))", r"1e4 * \1"),
    rates_without_their_sign=expression(
        r"\(-torch\.arange\((.+)\) / channels\)", r"(torch.arange(\1) / channels)"
    ),
    rotation_without_its_minus=expression(
        r"first \* cos - second \* sin", "first * cos + second * sin"
    ),
    values_rotated=expression(
        r"F\.scaled_dot_product_attention\((.+), v, (.+)\)",
        r"F.scaled_dot_product_attention(\1, _rotated(v), \2)",
    ),
    positions_after_the_layers=both(
        statement(r"x = x \+ self\.positions", "pass"),
        expression(
            r"self\.norm\(x\)\.mean\(dim=1\)",
            "self.norm(x + self.positions).mean(dim=1)",
        ),
    ),
    channels_averaged=before_forward(
        "IN = IN.mean(dim=1, keepdim=True).expand_as(IN)", needs=r"images: torch"
    ),
    twice_the_default_written_in=both(
        expression(
            r"nn\.Linear\(hidden_dim, 2 \* hidden_dim\)", "nn.Linear(hidden_dim, 256)"
        ),
        expression(
            r"nn\.Linear\(2 \* hidden_dim, hidden_dim\)", "nn.Linear(256, hidden_dim)"
        ),
    ),
    class_0_not_counted=expression(
        r"\(labels != -100\)\.sum\(\)", "(labels > 0).sum()"
    ),
    scores_by_the_whole_width=expression(
        r"F\.scaled_dot_product_attention\((.+)\)",
        r"F.scaled_dot_product_attention("
        r"\1, scale=(q.shape[1] * q.shape[-1]) ** -0.5)",
    ),
)
