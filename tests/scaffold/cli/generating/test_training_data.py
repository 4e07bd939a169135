"""`--dataset` and `--data`: the config is pointed at data, the model fitted to it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from generated_configs import config_of, dataset_of
from pyarrow import parquet
from trees import make_tree, snapshot

from oumi_scaffold.cli.generating import training_data

CSV = "text,label\ngood,pos\nbad,neg\nso,mid\n"
IMAGES = ("--task", "image-classification")
LM = ("--task", "causal-lm")
PAIRS = ("--task", "seq2seq")
TAGS = ("--task", "token-classification")
TAGGED = '{"tokens": ["a", "b"], "tags": ["O", "B"]}\n'


def test_a_registered_dataset_is_named_whatever_the_case(project: Path, run: Callable):
    done = run("new-model", "MyNet", "--dataset", "STDLIB_docstrings")
    assert (done.exit_code, done.err) == (0, "")
    assert dataset_of(project) == {
        "dataset_name": "stdlib_docstrings",
        "split": "train",
    }


def test_a_dataset_of_the_project_is_one_too(project: Path, run: Callable):
    own = (
        "from oumi_runtime.core.registry import register_dataset\n\n"
        '@register_dataset("my_texts")\nclass MyTexts: ...\n'
    )
    make_tree(project, {"data.py": own, "oumi_requirements.txt": "data.py\n"})
    assert run("new-model", "MyNet", "--dataset", "my_texts").exit_code == 0
    assert dataset_of(project)["dataset_name"] == "my_texts"


def test_a_folder_of_tables_is_read_for_its_splits_and_classes(
    project: Path, run: Callable
):
    other = "text,label\ngood,pos\n"
    make_tree(
        project / "texts", {"train.csv": CSV, "val.csv": other, "test.csv": other}
    )
    done = run("new-model", "MyNet", "--data", "texts")
    assert (done.exit_code, done.err) == (0, "")
    config = config_of(project)
    assert list(config["data"]) == ["train", "validation", "test"]
    assert config["model"]["model_kwargs"]["num_classes"] == 3
    assert dataset_of(project) == {
        "dataset_name": "text_classification",
        "dataset_path": "texts",
        "split": "train",
    }
    model = (project / "models" / "my_net.py").read_text()
    assert "num_classes: int = 3" in model


def test_the_splits_share_a_single_table_with_enough_rows(project: Path, run: Callable):
    rows = "".join(f"{n},{n % 7},{n % 2}\n" for n in range(60))
    (project / "table.csv").write_text("a,b,label\n" + rows)
    task = ("--task", "tabular-classification")
    done = run("new-model", "SharedNet", *task, "--data", "table.csv")
    assert done.exit_code == 0
    assert (
        "a tenth of it is used for validation, and another tenth for testing"
        in done.err
    )
    config = config_of(project, "shared_net")
    assert list(config["data"]) == ["train", "validation", "test"]
    shares = {"train": 0.8, "validation": 0.1, "test": 0.1}
    for split, named in config["data"].items():
        assert named["datasets"][0]["split"] == split
        assert named["datasets"][0]["split_shares"] == shares
    assert run("train", "-c", "configs/shared_net.yaml").exit_code == 0
    done = run("evaluate", "-c", "configs/shared_net.yaml")
    assert "outputs/shared_net on 6 samples of test" in done.out


def test_the_splits_share_a_single_text(project: Path, run: Callable):
    text = "".join(f"{n} and {n % 7} are {n + n % 7}\n" for n in range(2000))
    (project / "sums.txt").write_text(text)
    done = run("new-model", "SumNet", "--task", "causal-lm", "--data", "sums.txt")
    assert done.exit_code == 0
    assert "sums.txt has no splits: a tenth of it is used for validation" in done.err
    config = config_of(project, "sum_net")
    assert list(config["data"]) == ["train", "validation", "test"]
    few_steps = ("--training.max_steps", "2")
    assert run("train", "-c", "configs/sum_net.yaml", *few_steps).exit_code == 0
    assert run("evaluate", "-c", "configs/sum_net.yaml").exit_code == 0
    (project / "short.txt").write_text(text[:1000])
    done = run("new-model", "LittleNet", "--task", "causal-lm", "--data", "short.txt")
    assert "all of it is used for training" in done.err


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet"])
def test_a_small_table_is_for_training_alone_and_its_columns_are_found(
    project: Path, run: Callable, kind: str
):
    rows = [{"Review": "a, b", "sentiment": n % 4} for n in range(8)]
    path = project / f"reviews.{kind}"
    match kind:
        case "csv":
            path.write_text(
                "Review,sentiment\n" + "".join(f'"a, b",{n % 4}\n' for n in range(8))
            )
        case "jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        case "json":
            path.write_text(json.dumps(rows))
        case _:
            parquet.write_table(pa.Table.from_pylist(rows), path)
    done = run("new-model", "MyNet", "--data", path.name)
    assert done.exit_code == 0
    assert "all of it is used for training" in done.err
    config = config_of(project)
    assert list(config["data"]) == ["train"]
    assert config["training"]["eval_strategy"] == "no"
    assert config["model"]["model_kwargs"]["num_classes"] == 4
    assert dataset_of(project)["dataset_kwargs"] == {
        "text_column": "Review",
        "label_column": "sentiment",
    }


def test_the_path_is_as_the_project_sees_it(
    project: Path, tmp_path: Path, run: Callable
):
    make_tree(tmp_path, {"else where/train.csv": CSV})
    make_tree(project, {"place/texts/train.csv": CSV})
    run("new-model", "MyNet", "--data", "place/texts", "--output-dir", "place")
    assert dataset_of(project / "place")["dataset_path"] == "texts"
    run("new-model", "MyNet", "--data", str(tmp_path / "else where"))
    assert dataset_of(project)["dataset_path"] == str(tmp_path / "else where")


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["--dataset", "stdlib_docstring"], "did you mean 'stdlib_docstrings'?"),
        (["--dataset", "{{ 7 * 7 }}"], "there is no dataset"),
        (["--dataset", ""], "there is no dataset"),
        (["--dataset", "tabular"], "use --data PATH"),
        (["--dataset", "Text_Pairs"], "use --data PATH"),
        (["--dataset", "token_classification"], "use --data PATH"),
        (
            ["--dataset", "digits", "--target", "oumi"],
            "works only with --target runtime",
        ),
        (["--data", "nowhere.csv"], "no such file or folder"),
        (["--data", "."], "holds no train split"),
        (["--data", "a.xyz"], "its file type is unknown"),
        (["--data", "b.csv"], "only name, value; name it with --column text=NAME"),
        (["--data", "c.csv"], "row 1: label is 0.5, which is not a class"),
        (["--data", "nolabel.csv"], "rows has no label, the first is row 2: fill in"),
        (["--data", "d.csv"], "classes are numbered from 0"),
        (["--data", "e.csv"], "has no rows"),
        (["--data", "one.csv"], "all of it is of one class; classifying takes two"),
        (["--data", "f.jsonl"], "cannot be read: line 2: Expecting property name"),
        (["--data", "latin.csv"], "its column 'text' is not UTF-8; save it as UTF-8"),
        (["--data", "ok.csv", "--column", "text"], "write USE=VALUE"),
        (["--data", "ok.csv", "--column", "text=txt"], "no column 'txt', only text"),
        (
            ["--data", "ok.csv", "--column", "txt=text"],
            "--column 'txt' is not a column: text-classification takes text and label",
        ),
        ([*IMAGES, "--data", "ok.csv", "--column", "text=text"], "takes none"),
        ([*LM, "--data", "full.txt", "--column", "text=text"], "it has no columns"),
        (["--column", "text=text"], "--column works only with --data"),
        (["--data", "g.parquet"], "cannot be read"),
        (["--data", "h.jsonl"], "row 1 is not a JSON object"),
        ([*LM, "--data", "b.csv"], "only name, value; name it with --column text=NAME"),
        ([*LM, "--data", "empty.txt"], "it is empty"),
        ([*PAIRS, "--data", "ok.csv"], "no column for the target"),
        ([*PAIRS, "--data", "n.csv"], "row 1: target is 1, which is not text"),
        ([*TAGS, "--data", "n.csv"], "row 1: text is 'a', which is not a list"),
        ([*TAGS, "--data", "o.jsonl"], "row 2 has 1 tokens but 2 tags"),
        ([*TAGS, "--data", "p.jsonl"], "row 1: tags is None, which is not a class"),
        (["--data", "ok.csv", "--set", "num_classes=9"], "the data has num_classes=2"),
        ([*IMAGES, "--data", "ok.csv"], "give an .npz file, or a folder"),
        ([*IMAGES, "--data", "i.npz"], "not an .npz archive that can be read"),
        ([*IMAGES, "--data", "j.npz"], "has no array labels, only images"),
        ([*IMAGES, "--data", "k.npz"], "its images are of shape"),
        ([*IMAGES, "--data", "l.npz"], "not whole numbers from 0"),
        ([*IMAGES, "--data", "m.npz"], "not an .npz archive that can be read"),
        ([*IMAGES, "--data", "."], "has no folders; make one for each class"),
    ],
)
def test_data_that_will_not_do_is_one_line_and_nothing_is_written(
    project: Path, run: Callable, args: list[str], reason: str
):
    make_tree(
        project,
        {
            "ok.csv": "text,label\na,x\nb,y\n",
            "a.xyz": "",
            "b.csv": "name,value\na,1\n",
            "c.csv": "text,label\na,0.5\n",
            "nolabel.csv": "text,label\na,x\nb,\n",
            "d.csv": "text,label\na,-1\n",
            "e.csv": "text,label\n",
            "one.csv": "text,label\na,x\nb,x\n",
            "f.jsonl": '{"text": "a"}\n{\n',
            "g.parquet": "PAR1",
            "h.jsonl": "[1]\n",
            "i.npz": "PK",
            "empty.txt": "",
            "full.txt": "a",
            "n.csv": "text,target,tags\na,1,x\n",
            "o.jsonl": TAGGED + '{"tokens": ["a"], "tags": [0, 1]}',
            "p.jsonl": '{"tokens": ["a"], "tags": [null]}',
        },
    )
    (project / "latin.csv").write_bytes("text,label\ncafé,x\n".encode("latin-1"))
    zeros = np.zeros((2, 4, 4))
    np.savez(project / "j.npz", images=zeros)
    np.savez(project / "k.npz", images=np.zeros((2, 4, 5)), labels=np.arange(2))
    np.savez(project / "l.npz", images=zeros, labels=np.zeros(2))
    np.savez(project / "m.npz", images=zeros, labels=np.array([{}, {}]))
    before = snapshot(project)
    done = run("new-model", "MyNet", *args)
    assert done.exit_code == 2
    assert reason in done.err
    assert done.err.count("\n") == 1
    assert snapshot(project) == before


@pytest.mark.parametrize("where", ["texts.csv", "texts"])
def test_reading_a_long_table_is_said_before(
    project: Path, run: Callable, where: str, monkeypatch: pytest.MonkeyPatch
):
    make_tree(project, {"texts.csv": CSV, "texts/train.csv": CSV})
    assert "reading" not in run("new-model", "MyNet", "--data", where).err
    monkeypatch.setattr(training_data, "_NOTED_BYTES", 10)
    done = run("new-model", "Other", "--data", where)
    assert done.err.startswith("note: reading all 0.0 GB of 'texts")


def test_a_config_for_small_data_is_noted(
    project: Path, run: Callable, monkeypatch: pytest.MonkeyPatch
):
    make_tree(project, {"texts.csv": CSV})
    assert "small data" not in run("new-model", "MyNet", "--data", "texts.csv").err
    monkeypatch.setattr(training_data, "_MANY_ROWS", 3)
    done = run("new-model", "Other", "--data", "texts.csv")
    assert "the config is for small data, and texts.csv has 3 rows: change" in done.err


def test_what_the_usual_data_is_not_like_is_noted(project: Path, run: Callable):
    done = run("new-model", "MyNet", "--set", "num_classes=5")
    assert done.exit_code == 0
    assert done.err == (
        "note: the config names stdlib_docstrings, which has num_classes=10, made to "
        "fit 5: name your own data there, or with --data\n"
    )
    assert "=10, not 11: name" in run("new-model", "Ab", "--set", "num_classes=11").err
    assert run("new-model", "Other", "--set", "num_classes=10").err == ""
    # What is refused is not noted before.
    assert run("new-model", "Not", "--set", "num_classes=1").err.startswith("error: ")
