"""Unusable rows end a run and are named, or are left out exactly."""

import re

import pytest

BAD = (6, 40, 41, 77)
SKIP = ("--data.on_bad_sample", "skip")


def rows(*bad: int) -> tuple[str, str]:
    """The option that trains on rows of which some are bad, counted from 0."""
    datasets = f"[{{dataset_name: noisy_rows, dataset_kwargs: {{bad: {list(bad)}}}}}]"
    return "--data.train.datasets", datasets


def test_a_bad_row_is_named_and_ends_the_run(project) -> None:
    ended = project.train("run", *rows(6))
    assert ended.code == 2
    assert "row 7 of dataset 'noisy_rows': KeyError: 'features'" in ended.log


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_without_bad_rows_resumes_exactly(project, untouched, workers) -> None:
    more = (*rows(*BAD), *SKIP, "--training.dataloader_num_workers", str(workers))
    cut_short = project.train("run", *more, inject=("signal_in", ["a step"]))
    assert cut_short.code == 143, cut_short.log
    ended = project.train("run", *more)
    assert ended.code == 0, ended.log
    whole = untouched(*rows(*BAD), *SKIP)
    assert project.weights() == whole.weights()
    assert project.metrics() == whole.metrics()
    described = project.record()["sessions"][-1]["bad_samples"]
    assert described["count"] == len(BAD)
    sentence = r"row 41 of dataset 'noisy_rows': KeyError: 'features' \(net\.py:\d+\)"
    assert any(re.fullmatch(sentence, each) for each in described["first"])
    assert project.metrics()[-2]["bad_samples"] == len(BAD)
    assert "left out a sample (1): row" in cut_short.log


def test_too_many_end_the_run_and_keep_its_checkpoint(project) -> None:
    more = (*rows(*range(0, 100, 5)), *SKIP, "--data.max_bad_samples", "9")
    ended = project.train("run", *more)
    assert ended.code == 1
    sentence = "error: more than the 9 samples of data.max_bad_samples cannot be used"
    assert sentence in ended.log
    assert "Traceback" not in ended.log
    session = project.record()["sessions"][-1]
    assert session["exit_reason"].startswith("TooManyBadSamplesError")
    assert (project.folder / "run" / "checkpoint-4" / "manifest.json").exists()


def test_a_run_that_a_bad_row_ended_goes_on_without_it(project, untouched) -> None:
    assert project.train("run", *rows(*BAD)).code == 2
    ended = project.train("run", *rows(*BAD), "--data.on_bad_sample", "skip")
    assert ended.code == 0, ended.log
    assert project.weights() == untouched(*rows(*BAD), *SKIP).weights()


def test_the_transformers_trainer_leaves_nothing_out(project) -> None:
    ended = project.train("run", *SKIP, "--training.trainer_type", "hf")
    assert ended.code == 2
    assert "data.on_bad_sample: skip needs the native trainer" in ended.log


def table(num_rows: int = 100, first: str = "0") -> str:
    """A file of features and labels."""
    header = "a,b,c,d,e,f,label"
    rows = [
        f"{first},{i % 7},{i % 5},{i % 3},{i % 2},1,{i % 3}" for i in range(num_rows)
    ]
    return "\n".join([header, *rows]) + "\n"


TABLE = (
    "--data.train.datasets",
    "[{dataset_name: tabular, dataset_path: data.csv, "
    "dataset_kwargs: {label_column: label}}]",
    *("--training.eval_strategy", "no"),
)


@pytest.mark.parametrize(
    ("trainer", "content", "what"),
    [
        ("oumi", table(first="9"), "changed"),
        ("oumi", None, "deleted"),
        pytest.param("hf", None, "deleted", marks=pytest.mark.slow),
    ],
)
def test_a_file_that_changes_under_the_run_ends_it(
    project, trainer, content, what
) -> None:
    (project.folder / "data.csv").write_text(table())
    more = (*TABLE, "--training.trainer_type", trainer)
    ended = project.train(
        "run", *more, inject=("change_file", ["data.csv", 6, content])
    )
    assert ended.code == 1, ended.log
    (line,) = [line for line in ended.log.splitlines() if line.startswith("error: ")]
    assert line.startswith(f"error: data.csv was {what} while the run was using it;")
    folders = {path.name for path in (project.folder / "run").glob("checkpoint-*")}
    assert folders == {"checkpoint-4"}


def test_with_the_file_as_it_was_the_run_goes_on_exactly(project) -> None:
    file = project.folder / "data.csv"
    file.write_text(table())
    assert project.train("untouched", *TABLE).code == 0
    inject = ("change_file", ["data.csv", 6, table(first="9")])
    assert project.train("run", *TABLE, inject=inject).code == 1
    file.write_text(table())
    assert project.train("run", *TABLE).code == 0
    assert project.weights() == project.weights("untouched")


def with_bad_rows() -> str:
    """A table of which three rows cannot be read."""
    lines = table().splitlines()
    lines[4], lines[30], lines[31] = "x" + lines[4], lines[30] + ",8", ""
    lines[60] = lines[60].replace(",", ";", 1)
    return "\n".join(line for line in lines if line) + "\n"


def test_a_run_without_the_bad_rows_of_a_file_resumes_exactly(project) -> None:
    (project.folder / "data.csv").write_text(with_bad_rows())
    assert project.train("untouched", *TABLE, *SKIP).code == 0
    cut_short = project.train("run", *TABLE, *SKIP, inject=("signal_in", ["a step"]))
    assert cut_short.code == 143, cut_short.log
    ended = project.train("run", *TABLE, *SKIP)
    assert ended.code == 0, ended.log
    assert project.weights() == project.weights("untouched")
    assert project.metrics() == project.metrics("untouched")
    bad = project.record()["sessions"][-1]["bad_samples"]
    assert bad == project.record("untouched")["sessions"][-1]["bad_samples"]
    assert bad["count"] == 3
    assert (
        "row 4 of dataset 'tabular' (data.csv): 'a' is 'x0', not a" in bad["first"][2]
    )


def test_a_bad_row_of_a_file_ends_the_run_before_it_begins(project) -> None:
    (project.folder / "data.csv").write_text(with_bad_rows())
    ended = project.train("run", *TABLE)
    assert ended.code == 2
    sentence = "error: data.csv is not valid csv: row 30: Expected 7 columns, got 8"
    assert sentence in ended.log
    assert not (project.folder / "run" / "run.json").exists()


def test_an_evaluation_leaves_out_what_a_training_does(project) -> None:
    (project.folder / "data.csv").write_text(table())
    (project.folder / "other.csv").write_text(with_bad_rows())
    validation = TABLE[1].replace("data.csv", "other.csv")
    more = (*TABLE[:2], *SKIP, "--data.validation.datasets", validation)
    ended = project.train("run", *more)
    assert ended.code == 0, ended.log
    bad = project.record()["sessions"][-1]["bad_samples"]
    assert bad["count"] == 3
    assert all("(other.csv)" in line for line in bad["first"])


def test_a_changed_file_of_evaluations_is_said_and_the_run_goes_on(project) -> None:
    (project.folder / "data.csv").write_text(table())
    (project.folder / "other.csv").write_text(table())
    validation = TABLE[1].replace("data.csv", "other.csv")
    more = (*TABLE[:2], "--data.validation.datasets", validation)
    inject = ("change_file", ["other.csv", 6, table(first="9")])
    ended = project.train("run", *more, inject=inject)
    assert ended.code == 0, ended.log
    assert "other.csv was changed; later evaluations may not" in ended.log


def test_a_stream_that_breaks_off_is_said_to_have_changed(project) -> None:
    file = project.folder / "data.csv"
    file.write_text(table(20_000))
    content = table(9_000) + "not,a,row\n"
    more = (*TABLE, "--data.train.stream", "true", "--training.max_steps", "2000")
    more += ("--training.save_steps", "0")
    ended = project.train(
        "run", *more, inject=("change_file", ["data.csv", 6, content])
    )
    assert ended.code == 1, ended.log
    assert "error: data.csv was changed while the run was using it" in ended.log


def test_a_file_that_is_written_anew_as_it_was_is_no_change(project) -> None:
    (project.folder / "data.csv").write_text(table())
    inject = ("change_file", ["data.csv", 6, table()])
    assert project.train("run", *TABLE, inject=inject).code == 0
