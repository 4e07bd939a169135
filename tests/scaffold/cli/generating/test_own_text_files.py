"""Texts as people have them: their columns are found, whatever the task and file."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from generated_configs import config_of, dataset_of
from programs import succeeding_python
from pyarrow import parquet
from trees import make_tree

LM = ("--task", "causal-lm")
PAIRS = ("--task", "seq2seq")
TAGS = ("--task", "token-classification")
TAGGED = '{"tokens": ["a", "b"], "tags": ["O", "B"]}\n'
ROWS = {
    "token-classification": [
        {"words": ["it", "is", str(n)], "ner_tags": ["O", "O", "N"]} for n in range(40)
    ],
    "seq2seq": [{"Source": f"say {n}", "output": str(n)} for n in range(40)],
    "embedding": [{"query": f"find {n}", "positive": f"{n}"} for n in range(40)],
    "causal-lm": [{"body": f"line {n}"} for n in range(40)],
}
KWARGS = {
    "token-classification": {"token_column": "words", "label_column": "ner_tags"},
    "seq2seq": {"text_column": "Source", "target_column": "output"},
    "embedding": {"text_column": "query", "target_column": "positive"},
    "causal-lm": {"text_column": "body"},
}


def write_rows(folder: Path, kind: str, rows: list[dict]) -> None:
    folder.mkdir()
    if kind == "parquet":
        for split in ("train", "validation"):
            parquet.write_table(pa.Table.from_pylist(rows), folder / f"{split}.parquet")
        return
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    make_tree(folder, {"train.jsonl": lines, "val.jsonl": lines})


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize("task", ROWS)
def test_the_columns_of_texts_of_every_task_are_found(
    project: Path, run: Callable, task: str, kind: str
):
    write_rows(project / "mine", kind, ROWS[task])
    done = run("new-model", "MyNet", "--task", task, "--data", "mine")
    assert (done.exit_code, done.err) == (0, "")
    assert list(config_of(project)["data"]) == ["train", "validation"]
    assert dataset_of(project)["dataset_path"] == "mine"
    assert dataset_of(project)["dataset_kwargs"] == KWARGS[task]
    classes = config_of(project)["model"]["model_kwargs"].get("num_classes")
    assert classes == (2 if task == "token-classification" else None)


def test_columns_that_are_called_as_usual_need_no_naming(project: Path, run: Callable):
    make_tree(project, {"a.jsonl": TAGGED.replace("tags", "labels")})
    make_tree(project, {"b.csv": "text,target\na,x\n", "c.txt": "one text"})
    for task, path in ((TAGS, "a.jsonl"), (PAIRS, "b.csv"), (LM, "c.txt")):
        assert (
            run("new-model", "MyNet", *task, "--data", path, "--force").exit_code == 0
        )
        assert dataset_of(project) == {
            "dataset_name": {
                "a.jsonl": "token_classification",
                "b.csv": "text_pairs",
                "c.txt": "text_lm",
            }[path],
            "dataset_path": path,
            "split": "train",
        }


def test_a_use_of_a_column_that_is_nearly_right_is_suggested(
    project: Path, run: Callable
):
    make_tree(project, {"a.jsonl": TAGGED})
    task = ("--task", "token-classification", "--data", "a.jsonl")
    done = run("new-model", "MyNet", *task, "--column", "labels=tags")
    assert done.exit_code == 2
    assert "takes tokens and label; did you mean 'label'?" in done.err


def test_conversations_are_no_texts(project: Path, run: Callable):
    row = '{"messages": [{"role": "user", "content": "Hello"}]}'
    make_tree(project, {"chat.jsonl": row})
    task = ("--task", "causal-lm", "--data", "chat.jsonl")
    done = run("new-model", "MyNet", *task)
    assert done.exit_code == 2
    assert "write the conversations in messages as texts first" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("task", ROWS)
def test_a_model_of_the_users_texts_passes_its_tests_and_trains(
    project: Path, run: Callable, task: str
):
    write_rows(project / "mine", "jsonl", ROWS[task])
    run("new-model", "MyNet", "--task", task, "--data", "mine")
    train = ["-m", "oumi_runtime.train", "-c", "configs/my_net.yaml"]
    more = ["--training.max_steps", "4", "--training.logging_steps", "1"]
    for command in (["-m", "pytest", "-q", "-n", "0"], [*train, *more]):
        succeeding_python(project, *command)
    lines = (project / "outputs" / "my_net" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines if '"loss"' in line][:4] == [
        1,
        2,
        3,
        4,
    ]
