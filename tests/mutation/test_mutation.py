"""The generated tests catch faults that are planted in the generated models."""

from pathlib import Path

import harness
import pytest
from catalogue_cells import CELLS, generated
from harness import Mutant, killer, mutants, seeded
from planted_faults import FAULTS
from record import Record, Verdict
from report import is_enough, verdicts

from oumi_templates.catalog import TASKS

# One of each kind, for every run of the tests.
SAMPLE = {
    "output_squeezed",
    "softmax_before_loss",
    "loss_summed",
    "branch_detached",
    "layer_never_used",
    "plain_random_tensor",
    "dropout_always_on",
    "batch_mean_detached",
    "mask_inverted",
    "ids_clamped",
    "made_on_the_cpu",
    "dropout_written_in",
}


def test_there_are_as_many_faults_as_promised_each_with_a_name_of_its_own():
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names) > 60
    assert set(names) >= SAMPLE


# Two tasks in every run, to be quick.
QUICK = ("text-classification", "tabular-regression")


@pytest.mark.parametrize(
    "task",
    [t if t in QUICK else pytest.param(t, marks=pytest.mark.slow) for t in TASKS],
)
def test_a_sample_of_faults_is_caught(tmp_path: Path, task: str):
    arch = "mlp" if (task, "mlp") in CELLS else "stub"
    cell = generated(task, arch, tmp_path)
    source = cell.source
    assert killer(cell, source) is None
    sample = [fault for fault in FAULTS if fault.name in SAMPLE]
    survived = [
        mutant.fault.name
        for mutant in mutants(cell, sample)
        if seeded(lambda m=mutant: killer(cell, m.source)) is None
    ]
    assert survived == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("task", TASKS)
def test_of_the_faults_in_every_model_of_a_task_95_of_100_are_caught(
    tmp_path: Path, task: str
):
    record = Record(tmp_path / "record.jsonl")
    cells = [cell for cell in CELLS if cell[0] == task]
    found = [verdict for cell in cells for verdict in verdicts(*cell, record)]
    missed = [f"{v.arch} {v.fault}" for v in found if v.killed_by is None]
    assert is_enough(found), missed


def test_a_verdict_is_kept_for_as_long_as_the_source_is_the_same(tmp_path: Path):
    cell = generated("tabular-regression", "stub", tmp_path / "project")
    one, other = list(mutants(cell, FAULTS))[:2]
    path = tmp_path / "record.jsonl"
    Record(path).add(one, "overfits_one_batch")
    record = Record(path)
    kept = record.known(one)
    assert kept is not None
    assert kept.killed_by == record.likely_killer(one) == "overfits_one_batch"
    assert record.known(other) is None
    edited = Mutant(cell, one.fault, one.number, one.source + "# another\n")
    assert record.known(edited) is None


def test_a_model_that_never_ends_is_caught_by_the_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(harness, "LIMIT_S", 2.0)
    cell = generated("tabular-regression", "stub", tmp_path)
    line = "        x = torch.asinh(features)"
    assert line in cell.source
    endless = cell.source.replace(
        line, f"        while True:\n            pass\n{line}"
    )
    assert killer(cell, endless) == "time limit"


def test_less_than_95_of_100_in_one_task_is_not_enough():
    caught = Verdict("embedding", "stub", "losses", "a", 0, "", "", "a check")
    missed = Verdict("embedding", "stub", "losses", "b", 0, "", "", None)
    other = Verdict("seq2seq", "stub", "losses", "a", 0, "", "", "a check")
    assert is_enough([caught] * 19 + [missed] + [other])
    assert not is_enough([caught] * 18 + [missed] + [other] * 9)


def test_every_mutant_is_a_program(tmp_path: Path):
    cell = generated("causal-lm", "transformer", tmp_path)
    written_in = [fault for fault in FAULTS if fault.name.endswith("_written_in")]
    for mutant in mutants(cell, written_in):
        compile(mutant.source, mutant.fault.name, "exec")
