"""A table as people have it: from `new-model` to the evaluation of a trained model."""

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from generated_configs import config_of, dataset_of
from programs import succeeding_python
from trees import make_tree

CITIES = ("Paris, Texas", 'the "Big" one', " Köln", "東京", "NA", "")


def write(path: Path, num_rows: int) -> None:
    """Writes rows of which the label follows from text, flags and missing numbers."""
    chosen = random.Random(0)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["ticket", "sex", "age", "city", "alone", "left", "survived"])
        for number in range(num_rows):
            sex, city = chosen.choice(["female", "male"]), chosen.choice(CITIES)
            age = chosen.choice(["", chosen.randint(1, 80)])
            is_alone = chosen.random() < 0.5
            score = (sex == "female") + (city == " Köln") + (age == "") - is_alone
            label = "yes" if score > 0 else "no"
            day = f"1912-04-{chosen.randint(10, 15)}"
            rows.writerow([f"A/{number}", sex, age, city, is_alone, day, label])


def test_a_table_of_text_flags_and_gaps_is_learned(
    project: Path, run: Callable[..., Any]
):
    write(project / "ship.csv", 500)
    task = ("--task", "tabular-classification", "--arch", "mlp")
    column = ("--column", "label=survived")
    done = run("new-model", "ShipNet", *task, "--data", "ship.csv", *column)
    assert done.exit_code == 0, done.err
    config = (project / "configs" / "ship_net.yaml").read_text()
    assert "num_features: 9 # must match the data" in config
    checked = run("check", "configs/ship_net.yaml")
    assert checked.exit_code == 0, checked.out
    trained = run("train", "-c", "configs/ship_net.yaml", "--training.save_steps", "50")
    assert trained.exit_code == 0, trained.err
    done = run("evaluate", "-c", "configs/ship_net.yaml", "--json")
    assert done.exit_code == 0, done.err
    metrics = json.loads(done.out)["metrics"]
    # The larger class has two thirds of the rows.
    assert metrics["accuracy"] > 0.9
    output = project / "outputs" / "ship_net"
    features = (output / "features.json").read_bytes()
    assert b"Paris, Texas" in features
    checkpoints = list(output.glob("checkpoint-*"))
    assert checkpoints
    for checkpoint in checkpoints:
        assert (checkpoint / "features.json").read_bytes() == features
    new = (
        "city,alone,age,sex\n Köln,false,,female\nOslo,true,30,unknown\n,True,NA,male\n"
    )
    (project / "new.csv").write_text(new, encoding="utf-8")
    done = run("predict", "-c", "configs/ship_net.yaml", "new.csv")
    assert done.exit_code == 0, done.err
    labels = [json.loads(line)["label"] for line in done.out.splitlines()]
    assert labels == ["yes", "no", "no"]


def test_a_config_that_no_longer_fits_the_table_says_what_to_set(
    project: Path, run: Callable[..., Any]
):
    write(project / "ship.csv", 60)
    task = ("--task", "tabular-classification", "--column", "label=survived")
    assert run("new-model", "WreckNet", *task, "--data", "ship.csv").exit_code == 0
    text = (project / "ship.csv").read_text(encoding="utf-8")
    changed = text.replace(",female,", ",unknown,", 3)
    (project / "ship.csv").write_text(changed, encoding="utf-8")
    done = run("train", "-c", "configs/wreck_net.yaml")
    assert done.exit_code != 0
    sentence = (
        "the data has 10 features and WreckNet was built for 9; set model.model_k"
    )
    assert sentence in done.err
    assert "Traceback" not in done.err


def test_columns_of_any_name_are_taken_as_they_are_said_to_be(
    project: Path, run: Callable
):
    rows = "".join(f"{n},{n % 3},kind {n % 2}\n" for n in range(9))
    table = f"petal length,label,the species\n{rows}"
    make_tree(project, {"flowers.csv": table})
    task = ("--task", "tabular-classification")
    column = ("--column", "label=the species")
    done = run("new-model", "MyNet", *task, "--data", "flowers.csv", *column)
    assert done.exit_code == 0
    assert dataset_of(project)["dataset_kwargs"] == {"label_column": "the species"}
    arguments = config_of(project)["model"]["model_kwargs"]
    assert (arguments["num_features"], arguments["num_classes"]) == (2, 2)
    trained = run("train", "-c", "configs/my_net.yaml", "--training.max_steps", "1")
    assert trained.exit_code == 0


def test_what_becomes_of_every_unusual_column_is_said(project: Path, run: Callable):
    names = "abc"
    rows = "".join(
        f"{n},{names[n % 3]},{'' if n == 4 else n},name {n},2024-01-0{n},{n > 2},{n}\n"
        for n in range(1, 10)
    )
    make_tree(project, {"mine.csv": f"size,sex,holed,who,day,tall,label\n{rows}"})
    done = run(
        "new-model", "MyNet", "--task", "tabular-regression", "--data", "mine.csv"
    )
    assert done.exit_code == 0
    notes = [line for line in done.err.splitlines() if "column" in line]
    assert notes == [
        "note: column 'who' is left out: it has 9 different texts in 9 rows",
        "note: column 'day' is left out: it holds dates or times",
        "note: column 'sex': text, a feature for each of 3 categories",
        "note: column 'holed': 1 missing value, filled with the mean; another feature "
        "says where",
        "note: column 'tall': true or false, which become 1 and 0",
    ]
    assert dataset_of(project)["dataset_kwargs"] == {
        "feature_columns": ["size", "sex", "holed", "tall"],
        "regression": True,
    }
    assert config_of(project)["model"]["model_kwargs"]["num_features"] == 7


def test_many_columns_that_are_alike_are_said_in_a_line(project: Path, run: Callable):
    header = ",".join(f"gene_{n}" for n in range(8))
    days = "day_1,day_2,day_3,day_4,day_5"
    rows = "".join(
        ",".join("" if row < n else f"{row}.5" for n in range(8))
        + ",2024-01-01" * 5
        + f",{row}\n"
        for row in range(9)
    )
    make_tree(project, {"mine.csv": f"{header},{days},label\n{rows}"})
    done = run(
        "new-model", "MyNet", "--task", "tabular-regression", "--data", "mine.csv"
    )
    notes = [line for line in done.err.splitlines() if "column" in line]
    assert notes == [
        "note: columns 'day_1', 'day_2', 'day_3' and 2 more are left out: each holds "
        "dates or times",
        "note: columns 'gene_1', 'gene_2', 'gene_3' and 4 more: missing values, filled "
        "with the mean; another feature says where",
    ]


@pytest.mark.parametrize("name", ["id", "ID", "", "Unnamed: 0"])
def test_a_column_that_numbers_the_rows_is_no_feature(
    project: Path, run: Callable, name: str
):
    make_tree(project, {"mine.csv": f"{name},size,label\n1,5,0\n2,6,1\n"})
    task = ("--task", "tabular-classification", "--data", "mine.csv")
    done = run("new-model", "MyNet", *task)
    assert done.exit_code == 0, done.err
    assert dataset_of(project)["dataset_kwargs"]["feature_columns"] == ["size"]
    assert f"column {name!r} is left out: it numbers the rows\n" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["stub", "mlp", "transformer"])
def test_the_generated_tests_of_its_model_pass(
    project: Path, run: Callable[..., Any], arch: str
):
    write(project / "ship.csv", 200)
    task = ("--task", "tabular-classification", "--arch", arch)
    column = ("--column", "label=survived")
    assert run("new-model", "Ship", *task, "--data", "ship.csv", *column).exit_code == 0
    assert " passed" in succeeding_python(project, "-m", "pytest", "-q", "-n", "0")
