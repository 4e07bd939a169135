"""The generated tests catch faults that are planted in the generated models."""

from collections import Counter
from pathlib import Path

import pytest
from catalogue_cells import CELLS, generated
from harness import killer, mutants, seeded
from planted_faults import FAULTS
from report import verdicts

from oumi_templates.catalog import TASKS

LEAST_SHARE = 0.95
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
def test_of_the_faults_in_every_model_of_a_task_95_of_100_are_caught(task: str):
    counts, missed = Counter[bool](), list[str]()
    for verdict in verdicts([cell for cell in CELLS if cell[0] == task]):
        counts[verdict.killed_by is not None] += 1
        if verdict.killed_by is None and verdict.excuse is None:
            missed.append(f"{verdict.mutant.cell.arch} {verdict.mutant.fault.name}")
    assert counts[True] >= LEAST_SHARE * counts.total(), missed
