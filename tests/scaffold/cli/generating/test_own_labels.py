"""`--data`: labels that some rows do not have, and classes of very unequal sizes."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from generated_configs import config_of
from programs import succeeding_python
from trees import make_tree

TABLE = ("--task", "tabular-classification")
VALUES = ("--task", "tabular-regression")
TEXTS = ("--task", "text-classification")
LACKING = (7, 30)


def rows_of(labels: Iterable[object], name: str = "label") -> str:
    rows = (f"{i % 13},{i % 7},{label}\n" for i, label in enumerate(labels))
    return f"age,height,{name}\n{''.join(rows)}"


def with_gaps(labels: Iterable[object]) -> list[object]:
    return ["" if i in LACKING else label for i, label in enumerate(labels)]


def json_lines(labels: Iterable[object]) -> str:
    rows = [
        {"text": f"text {i}", "label": label} if label else {"text": f"text {i}"}
        for i, label in enumerate(labels)
    ]
    return "".join(f"{json.dumps(row)}\n" for row in rows)


@pytest.mark.parametrize(
    ("task", "name", "content"),
    [
        (TABLE, "own.csv", rows_of(with_gaps("ab" * 50))),
        (TABLE, "own.csv", rows_of(with_gaps([0, 1] * 50))),
        (VALUES, "own.csv", rows_of(with_gaps(i * 1.5 for i in range(100)))),
        (VALUES, "own.csv", rows_of(with_gaps(range(100)))),
        (TEXTS, "own.jsonl", json_lines(with_gaps("ab" * 50))),
    ],
)
def test_a_few_rows_without_a_label_are_left_out(
    project: Path, run: Callable, task: tuple[str, ...], name: str, content: str
):
    make_tree(project, {name: content})
    done = run("new-model", "MyNet", *task, "--data", name)
    assert done.exit_code == 0, done.err
    assert (
        f"note: {name}: 2 of its 100 rows have no label, the first is row 8; such rows "
        "are left out, by on_bad_sample: skip in the config\n"
    ) in done.err
    assert config_of(project)["data"]["on_bad_sample"] == "skip"
    assert done.err.count("note: ") == 2


@pytest.mark.slow
def test_a_model_trains_on_the_rows_with_a_label(project: Path, run: Callable):
    make_tree(project, {"own.csv": rows_of(with_gaps("ab" * 50), "kind")})
    column = ("--column", "label=kind")
    assert (
        run("new-model", "MyNet", *TABLE, "--data", "own.csv", *column).exit_code == 0
    )
    succeeding_python(project, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    done = run("train", "-c", "configs/my_net.yaml")
    assert done.exit_code == 0, done.err


@pytest.mark.parametrize(
    ("task", "labels"), [(TABLE, [*"ab" * 50]), (VALUES, [i / 2 for i in range(100)])]
)
def test_many_rows_without_a_label_are_refused(
    project: Path, run: Callable, task: tuple[str, ...], labels: list[object]
):
    make_tree(project, {"own.csv": rows_of([*labels, *[""] * 150])})
    done = run("new-model", "MyNet", *task, "--data", "own.csv")
    assert done.exit_code == 2
    assert done.err == (
        "error: cannot train on 'own.csv': 150 of its 250 rows have no label, the "
        "first is row 101: fill in such labels, or remove such rows\n"
    )


def test_data_with_labels_sets_nothing(project: Path, run: Callable):
    make_tree(project, {"own.csv": rows_of("ab" * 50)})
    assert run("new-model", "MyNet", *TABLE, "--data", "own.csv").exit_code == 0
    assert "on_bad_sample" not in config_of(project)["data"]


def archive(project: Path) -> None:
    labels = np.array([*[0] * 95, *[1] * 5])
    np.savez(project / "own.npz", images=np.zeros((100, 8, 8)), labels=labels)


def folders(project: Path) -> None:
    files = {f"own/usual/{i}.png": "" for i in range(95)}
    make_tree(project, {**files, **{f"own/rare/{i}.png": "" for i in range(5)}})


def table(project: Path) -> None:
    make_tree(project, {"own.csv": rows_of([*["usual"] * 95, *["rare"] * 5])})


def texts(project: Path) -> None:
    make_tree(project, {"own.jsonl": json_lines([*["usual"] * 95, *["rare"] * 5])})


@pytest.mark.parametrize(
    ("write", "task", "name", "largest"),
    [
        (table, TABLE, "own.csv", "'usual'"),
        (texts, TEXTS, "own.jsonl", "'usual'"),
        (folders, ("--task", "image-classification"), "own", "'usual'"),
        (archive, ("--task", "image-classification"), "own.npz", "0"),
    ],
)
def test_very_unequal_classes_are_noted_once(
    project: Path,
    run: Callable,
    write: Callable[[Path], None],
    task: tuple[str, ...],
    name: str,
    largest: str,
):
    write(project)
    done = run("new-model", "MyNet", *task, "--data", name)
    assert done.exit_code == 0, done.err
    (line,) = (line for line in done.err.splitlines() if "macro_f1" in line)
    assert line == (
        f"note: 95 % of {name} is of class {largest}, and always predicting that has "
        "an accuracy of 0.95: go by macro_f1, also as metric_for_best_model: "
        "eval_macro_f1, and give F.cross_entropy in the model a weight for each class"
    )


def test_classes_that_differ_less_are_not(project: Path, run: Callable):
    make_tree(project, {"own.csv": rows_of([*"a" * 85, *"b" * 15])})
    done = run("new-model", "MyNet", *TABLE, "--data", "own.csv")
    assert done.exit_code == 0
    assert "macro_f1" not in done.err
