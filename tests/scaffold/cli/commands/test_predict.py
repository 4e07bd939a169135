"""`predict`: what the command line adds to the runtime's predictions."""

import csv
import io
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from programs import python
from trees import make_tree

from oumi_runtime import infer
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.models.sampling import Sampling
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.exceptions import BadRowError

CONFIG = """\
model:
  model_name: MLPEncoder
data:
  train:
    datasets:
      - dataset_name: stdlib_docstrings
training:
  output_dir: out
"""
CLASSES: list[dict[str, Any]] = [
    {"label": "good, really", "probabilities": {"good, really": 0.75, "bad": 0.25}},
    {"label": "bad", "probabilities": {"good, really": 0.125, "bad": 0.875}},
    {"label": "bad", "probabilities": {"good, really": 0.5, "bad": 0.5}},
]


class StandIn:
    """Stands in for the model: it predicts what it is told, two at once."""

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = CLASSES
        self.error: BaseException | None = None
        self.calls: list[tuple[TrainingConfig, Any, dict[str, Any]]] = []

    def load(self, config: TrainingConfig) -> Any:
        print("a library's own line", file=sys.stderr)

        def predict(inputs: Any, **options: Any) -> Any:
            self.calls.append((config, inputs, options))
            return SimpleNamespace(batches=self.batches(), num_inputs=len(self.made))

        return SimpleNamespace(predict=predict, model_dir=Path("out"), reads_texts=True)

    def batches(self) -> Iterator[list[dict[str, Any]]]:
        for first in range(0, len(self.made), 2):
            yield self.made[first : first + 2]
        if self.error is not None:
            raise self.error


@pytest.fixture
def stand_in(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    make_tree(project, {"c.yaml": CONFIG, "in.csv": "text\na\n"})
    made = StandIn()
    monkeypatch.setattr(infer, "Predictor", made)
    with REGISTRY.isolated():
        yield made


def test_there_is_a_line_of_json_for_each_input(run: Callable, stand_in: StandIn):
    done = run("predict", "-c", "c.yaml")
    assert done.exit_code == 0
    assert [json.loads(line) for line in done.out.splitlines()] == CLASSES
    assert done.err == "a library's own line\n"
    options = {"batch_size": None, "max_new_tokens": None, "sampling": None}
    assert stand_in.calls[0][1:] == (None, options)


@pytest.mark.parametrize(
    ("words", "inputs", "seed"),
    [
        (["in.csv"], "in.csv", 42),
        (["-"], "-", 42),
        (
            ["--text", "a b", "--text", "--training.seed"],
            ["a b", "--training.seed"],
            42,
        ),
        (["in.csv", "--training.seed", "7"], "in.csv", 7),
        (["--training.seed", "7", "in.csv"], "in.csv", 7),
        (["--training.seed=7", "in.csv"], "in.csv", 7),
        (["training.seed=7", "in.csv"], "in.csv", 7),
        (["training.seed=7"], None, 7),
    ],
)
def test_the_input_is_the_word_that_is_no_override(
    run: Callable, stand_in: StandIn, words: list[str], inputs: Any, seed: int
):
    assert run("predict", "-c", "c.yaml", *words).exit_code == 0
    config, given, _ = stand_in.calls[0]
    assert (given, config.training.seed) == (inputs, seed)


def test_the_training_data_need_not_be_there(
    run: Callable, stand_in: StandIn, project: Path
):
    gone = "text_classification\n        dataset_path: gone.csv"
    (project / "c.yaml").write_text(CONFIG.replace("stdlib_docstrings", gone))
    assert run("predict", "-c", "c.yaml", "in.csv").exit_code == 0
    assert "'gone.csv' does not exist" in run("evaluate", "-c", "c.yaml").err


def test_options_are_passed_on(run: Callable, stand_in: StandIn):
    run("predict", "-c", "c.yaml", "--batch-size", "3", "--max-new-tokens", "9")
    options = {"batch_size": 3, "max_new_tokens": 9, "sampling": None}
    assert stand_in.calls[0][2] == options


@pytest.mark.parametrize(
    ("words", "sampling"),
    [
        ("--temperature 0.8", Sampling(0.8)),
        ("--temperature 1 --top-k 20 --seed 3", Sampling(1.0, 20, 3)),
        ("--temperature 0", None),
    ],
)
def test_tokens_are_drawn_as_asked_for(
    run: Callable, stand_in: StandIn, words: str, sampling: Sampling | None
):
    assert run("predict", "-c", "c.yaml", *words.split()).exit_code == 0
    assert stand_in.calls[0][2]["sampling"] == sampling


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--top-k 3", "--top-k needs a --temperature above 0"),
        ("--temperature 0 --seed 1", "--seed needs a --temperature above 0"),
        ("--temperature -1", "-1.0 is not in the range x>=0"),
        ("--temperature nan", "nan is not a number from 0 on"),
        ("--temperature inf", "inf is not a number from 0 on"),
    ],
)
def test_options_without_a_meaning_are_refused(
    run: Callable, stand_in: StandIn, words: str, message: str
):
    done = run("predict", "-c", "c.yaml", *words.split())
    assert done.exit_code == 2
    assert message in done.err
    assert not stand_in.calls


def test_csv_has_a_column_for_each_class(run: Callable, stand_in: StandIn):
    done = run("predict", "-c", "c.yaml", "-o", "made.csv")
    assert (done.exit_code, done.out) == (0, "Wrote 3 predictions to made.csv\n")
    rows = list(csv.DictReader(io.StringIO(Path("made.csv").read_text())))
    assert [row["label"] for row in rows] == ["good, really", "bad", "bad"]
    assert [*rows[0]] == ["label", "probability_good, really", "probability_bad"]
    assert [row["probability_bad"] for row in rows] == ["0.25", "0.875", "0.5"]


@pytest.mark.parametrize(
    ("prediction", "lines"),
    [
        ({"embedding": [0.5, -1]}, ["embedding_0,embedding_1", "0.5,-1"]),
        ({"values": [0.5, -1]}, ["value_0,value_1", "0.5,-1"]),
        ({"labels": ["a", None]}, ["labels", '"[""a"", null]"']),
        (
            {"labels": [[0, 1]], "shares": {"sky": 0.5, "sea": 0.5}},
            ["labels,share_sky,share_sea", '"[[0, 1]]",0.5,0.5'],
        ),
        ({"file": "x.png", "value": 2.5}, ["file,value", "x.png,2.5"]),
        ({"continuation": "a\nß"}, ["continuation", '"a', 'ß"']),
    ],
)
def test_every_kind_of_prediction_is_a_row(
    run: Callable, stand_in: StandIn, prediction: dict[str, Any], lines: list[str]
):
    stand_in.made = [prediction]
    done = run("predict", "-c", "c.yaml", "-o", "made.csv")
    assert done.out == "Wrote 1 prediction to made.csv\n"
    assert Path("made.csv").read_text(encoding="utf-8").splitlines() == lines


def test_json_is_one_document(run: Callable, stand_in: StandIn):
    done = run("predict", "-c", "c.yaml", "--json")
    assert done.document == {
        "model_dir": "out",
        "num_predictions": 3,
        "predictions": CLASSES,
    }
    done = run("predict", "-c", "c.yaml", "--json", "-o", "made.jsonl")
    assert done.document == {
        "model_dir": "out",
        "output": "made.jsonl",
        "num_predictions": 3,
    }
    lines = Path("made.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == CLASSES


@pytest.mark.parametrize("error", [BadRowError("row 4 has no 'text'"), SystemExit])
def test_a_file_is_written_whole_or_not_at_all(
    run: Callable, stand_in: StandIn, project: Path, error: BaseException
):
    Path("made.csv").write_text("older\n")
    before = sorted(project.iterdir())
    stand_in.error = error
    if isinstance(error, BadRowError):
        done = run("predict", "-c", "c.yaml", "-o", "made.csv")
        assert (done.exit_code, done.out) == (2, "")
        assert done.err.endswith("\nerror: row 4 has no 'text'\n")
    else:
        with pytest.raises(SystemExit):
            run("predict", "-c", "c.yaml", "-o", "made.csv")
    assert Path("made.csv").read_text() == "older\n"
    assert sorted(project.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a.csv", "b.csv"], "give one INPUT, not a.csv, b.csv"),
        (["in.csv", "--text", "a"], "give either INPUT or --text"),
        (["-o", "made.xlsx"], "are written as .jsonl, .json, .csv, and made.xlsx ends"),
        (["-o", "none/made.csv"], "there is no folder none"),
        (["in.csv", "-o", "./in.csv"], "in.csv is the input; name another file"),
        (["--batch-size", "0"], "0 is not in the range"),
        (["--txt", "a"], "argument --txt: unknown key"),
    ],
)
def test_a_mistake_is_told_before_the_model_is_loaded(
    run: Callable, stand_in: StandIn, words: list[str], message: str
):
    done = run("predict", "-c", "c.yaml", *words)
    assert (done.exit_code, done.out) == (2, "")
    assert message in done.err
    assert stand_in.calls == []


PROGRAM = """
import itertools, sys
from pathlib import Path
from types import SimpleNamespace
from oumi_runtime import infer
from oumi_scaffold.cli import main

def predict(inputs, **options):
    batches = ([{"label": n}] * 100 for n in itertools.count())
    return SimpleNamespace(batches=batches, num_inputs=None)

made = SimpleNamespace(predict=predict, model_dir=Path("out"), reads_texts=True)
infer.Predictor = SimpleNamespace(load=lambda config: made)
sys.exit(main(["predict", "-c", "c.yaml"]))
"""


def endless(project: Path) -> "subprocess.Popen[str]":
    make_tree(project, {"c.yaml": CONFIG})
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_reader_that_has_enough_ends_it_quietly(project: Path):
    with endless(project) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == '{"label": 0}\n'
        process.stdout.close()
        assert process.wait(timeout=60) == 1
        assert process.stderr.read() == ""


def test_ctrl_c_ends_it_quietly(project: Path):
    with endless(project) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == '{"label": 0}\n'
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        assert process.wait(timeout=60) in (1, 130)
        assert process.stderr.read().strip() == ""


def test_a_pipe_that_nobody_reads_is_mentioned(project: Path, stand_in: StandIn):
    code = PROGRAM.replace("itertools.count()", "range(1)")
    done = python(project, "-c", code, stdin="a text\n")
    assert len(done.stdout.splitlines()) == 100
    assert "to predict from its lines, add - as INPUT" in done.stderr
