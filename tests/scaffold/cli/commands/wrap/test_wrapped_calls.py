"""How a wrapped module is called, and the logits found in what it returns."""

from collections.abc import Callable
from pathlib import Path

import pytest
from programs import succeeding_python
from trees import make_tree
from wrapped_modules import HEAD, TABLE, TEXTS, masked, returning, wrapped


@pytest.mark.parametrize(
    ("expression", "head", "lines"),
    [
        ("y", "", ["logits: torch.Tensor = self.net(x)  # (B, C)"]),
        (
            '{"loss": y.mean(), "scores": y, "logits": y}',
            "",
            ["outputs = self.net(x)", 'logits: torch.Tensor = outputs["logits"]'],
        ),
        ("[y.mean(), y]", "", ["logits: torch.Tensor = outputs[1]"]),
        (
            "Out(x, y)",
            "from typing import NamedTuple\nclass Out(NamedTuple):\n"
            "    hidden: object\n    out: object\n\n",
            ["logits: torch.Tensor = outputs.out"],
        ),
        (
            "Out(x, y)",
            "import dataclasses\n@dataclasses.dataclass\nclass Out:\n"
            "    hidden: object\n    scores: object\n\n",
            ["logits: torch.Tensor = outputs.scores"],
        ),
    ],
)
def test_the_logits_are_found_in_what_it_returns(
    project: Path, run: Callable, expression: str, head: str, lines: list[str]
):
    text = wrapped(run, project, returning(expression, head), *TABLE)
    for line in lines:
        assert line in text


def test_one_logit_is_for_two_classes(project: Path, run: Callable):
    source = f"""{HEAD}class Net(nn.Module):
    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.layer = nn.Linear(num_features, 1)

    def forward(self, x):
        return {{"p": torch.sigmoid(self.layer(x)).squeeze(1)}}
"""
    rows = "".join(f"{i},{'yes' if i % 2 else 'no'}\n" for i in range(20))
    make_tree(project, {"nets.py": source, "data.csv": "x,label\n" + rows})
    refused = run("wrap", "nets.py:Net", *TABLE)
    assert refused.exit_code == 2
    assert "one logit is for two classes, so give data of two" in refused.err
    done = run("wrap", "nets.py:Net", *TABLE, "--data", "data.csv")
    assert done.exit_code == 0, done.err
    assert "it returns a probability, of which the model takes the logit" in done.err
    made = (project / "models/net_model.py").read_text()
    assert 'logit: torch.Tensor = outputs["p"].reshape(-1)' in made
    assert "logits = torch.stack([torch.zeros_like(logit), logit], dim=-1)" in made


def test_probabilities_are_noticed(project: Path, run: Callable):
    make_tree(project, {"nets.py": returning("y.softmax(-1)")})
    done = run("wrap", "nets.py:Net", *TABLE)
    assert "it returns probabilities" in done.err
    text = (project / "models/net_model.py").read_text()
    assert "logits = probabilities.clamp(min=1e-6).log()  # (B, C)" in text


@pytest.mark.parametrize(
    ("mask", "weights", "passed"),
    [
        ("attention_mask", "attention_mask", "attention_mask=attention_mask)"),
        ("mask", "mask & True", "mask=attention_mask)"),
        ("mask", "(~mask).float()", "mask=attention_mask == 0)"),
        ("mask", "mask.logical_and(~mask == 0)", "mask=attention_mask.bool())"),
        ("key_padding_mask", "1 - key_padding_mask * 1", "attention_mask == 0)"),
        ("pad_mask", "pad_mask * 1", "pad_mask=attention_mask.bool())"),
    ],
)
def test_the_mask_is_passed_as_the_module_takes_it(
    project: Path, run: Callable, mask: str, weights: str, passed: str
):
    source = masked(mask, f"ids * 0 + 1 if {mask} is None else {weights}")
    assert passed in wrapped(run, project, source, *TEXTS)


def test_a_causal_model_is_given_a_mask_that_hides_what_is_before(
    copied: Path, run: Callable
):
    for name in ("Causal", "MaskedCausal"):
        done = run("wrap", f"text_nets:{name}", "--task", "causal-lm")
        assert (done.exit_code, done.err) == (0, "")
    made = (copied / "models/masked_causal_model.py").read_text()
    assert "self.net(input_ids, attention_mask=" in made
    assert "self.net(input_ids)" in (copied / "models/causal_model.py").read_text()
    tests = {
        name: (copied / f"tests/test_{name}_model.py").read_text()
        for name in ("causal", "masked_causal")
    }
    assert "attention_mask" in tests["masked_causal"]
    assert "attention_mask" not in tests["causal"]


def test_padding_of_zeros_does_without_a_mask(project: Path, run: Callable):
    source = masked("other", "(ids != 0) * ids.shape[1]")
    text = wrapped(run, project, source, *TEXTS)
    assert "input_ids.masked_fill(attention_mask == 0, 0)" in text
    assert "self.net(input_ids)" in text


def test_a_module_that_reads_padding_is_noted(project: Path, run: Callable):
    make_tree(project, {"nets.py": masked("other", "(ids != 0).float()")})
    done = run("wrap", "nets.py:Net", *TEXTS)
    assert "padding changes what nets:Net computes, and it takes no mask" in done.err


def test_classes_before_tokens_are_turned(project: Path, run: Callable):
    source = masked("attention_mask", "attention_mask").replace(
        "(self.table(ids) * weights.unsqueeze(-1)).mean(1))",
        "self.table(ids) * weights.unsqueeze(-1)).transpose(1, 2)",
    )
    task = ("--task", "token-classification")
    text = wrapped(run, project, source.replace("mask=None", "mask"), *task)
    assert "outputs = self.net(input_ids, attention_mask=attention_mask)\n" in text
    assert "logits: torch.Tensor = outputs.transpose(1, 2)  # (B, T, C)\n" in text
    succeeding_python(project, "-m", "ruff", "format", "--isolated", "--diff", "models")


@pytest.mark.parametrize(("channels", "is_colored"), [(1, False), (3, True)])
def test_grey_images_are_given_as_colors_to_what_takes_colors(
    project: Path, run: Callable, channels: int, is_colored: bool
):
    source = f"""{HEAD}class Net(nn.Module):
    def __init__(self, num_classes=1000):
        super().__init__()
        self.conv = nn.Conv2d({channels}, num_classes, 8)

    def forward(self, images):
        return self.conv(images).flatten(1)
"""
    text = wrapped(run, project, source)
    line = "images = images.expand(-1, 3, -1, -1)  # (B, 3, H, W), grey ones as RGB"
    assert (line in text) is is_colored
