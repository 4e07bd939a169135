"""Modules to wrap, for tests."""

from collections.abc import Callable
from pathlib import Path

from trees import make_tree

HEAD = "import torch\nfrom torch import nn\n\n\n"
LINEAR = f"""{HEAD}class Rows(nn.Module):
    def __init__(self, num_features: int, num_classes: int, dim: int = 8) -> None:
        super().__init__()
        self.one = nn.Linear(num_features, dim)
        self.two = nn.Linear(dim, num_classes)

    def forward(self, x):
        return self.two(torch.relu(self.one(x)))
"""
TABLE = ("--task", "tabular-classification")
TEXTS = ("--task", "text-classification")


def wrapped(
    run: Callable, project: Path, source: str, *options: str, name: str = "Net"
) -> str:
    """Wraps the class `Net` of a source, and returns the model's."""
    make_tree(project, {"nets.py": source})
    done = run("wrap", f"nets.py:{name}", *options)
    assert done.exit_code == 0, done.err
    return (project / "models" / f"{name.lower()}_model.py").read_text()


def returning(expression: str, head: str = "") -> str:
    """A classifier of rows that returns something of `y`, its logits."""
    return f"""{HEAD}{head}
class Net(nn.Module):
    def __init__(self, num_features, num_classes):
        super().__init__()
        self.layer = nn.Linear(num_features, num_classes)

    def forward(self, x):
        y = self.layer(x)
        return {expression}
"""


def masked(name: str, weights: str) -> str:
    """A classifier of texts by a mean with the given weights, (batch, sequence)."""
    return f"""{HEAD}class Net(nn.Module):
    def __init__(self, vocab_size, num_classes):
        super().__init__()
        self.table = nn.Embedding(vocab_size, 8)
        self.layer = nn.Linear(8, num_classes)

    def forward(self, ids, {name}=None):
        weights = {weights}
        return self.layer((self.table(ids) * weights.unsqueeze(-1)).mean(1))
"""
