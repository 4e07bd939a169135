"""`check CONFIG` begins as training does: with the scalers fitted to the data."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import oumi_runtime.builders  # noqa: F401  what is built in stays registered
from oumi_runtime.core.registry import REGISTRY


@pytest.fixture
def houses(project: Path) -> Iterator[Path]:
    rows = [(20 + 7 * n % 180, n % 6, 3000 * (20 + 7 * n % 180)) for n in range(400)]
    with (project / "houses.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("area", "rooms", "price"), *rows])
    with REGISTRY.isolated():
        yield project


@pytest.mark.parametrize("arch", ["stub", "mlp", "transformer"])
def test_labels_of_hundreds_of_thousands_raise_no_alarm(run: Callable, houses, arch):
    made = run(
        *("new-model", "PriceNet", "--task", "tabular-regression", "--arch", arch),
        *("--data", "houses.csv", "--column", "label=price"),
    )
    assert made.exit_code == 0, made.err
    done = run("check", "configs/price_net.yaml")
    assert done.exit_code == 0, done.out


def test_a_loss_of_other_labels_is_still_found(run: Callable, houses: Path):
    run(
        *("new-model", "PriceNet", "--task", "tabular-regression"),
        *("--data", "houses.csv", "--column", "label=price"),
    )
    path = houses / "models" / "price_net.py"
    right = "self.criterion(scaled, targets)"
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, "self.criterion(scaled, targets / 2)"))
    done = run("check", "configs/price_net.yaml", "--select", "loss_is_the_c*")
    assert done.exit_code == 1
    assert "of the labels as they are, standardized" in done.out
