"""The batches that an export is traced with and compared on."""

from pathlib import Path
from typing import Any

import pytest
from saved_examples import saved

from oumi_runtime.export.inputs.sampling import Samples, sample_batches
from oumi_runtime.export.opening import open_run


def samples_of(task: str, folder: Path, **options: Any) -> Samples:
    config = saved(task, folder, **options)
    config.to_yaml(folder / "out" / "config.yaml")
    return sample_batches(open_run(folder / "out"))


def test_no_two_sizes_are_equal_by_chance(tmp_path: Path):
    five = "the quick brown fox jumps"
    rows = [{"text": five, "target": five[:-6]} for _ in range(70)]
    samples = samples_of("seq2seq", tmp_path, rows=rows)
    source, target = (samples.inputs[0][f"{n}input_ids"] for n in ("", "decoder_"))
    assert source.shape[1] == 5
    assert target.shape[1] not in (source.shape[1], source.shape[0])
    assert source.shape[0] not in (1, 5)
    assert len(target) == len(source)


def test_batches_differ_in_rows_and_tokens(tmp_path: Path):
    samples = samples_of("text_classification", tmp_path)
    shapes = [tuple(batch["input_ids"].shape) for batch in samples.inputs]
    assert len({rows for rows, _ in shapes}) == 3
    assert len({tokens for _, tokens in shapes}) == 2
    assert samples.are_cut
    assert samples.targets.keys() == {"labels"}
    assert not samples.are_made


@pytest.mark.parametrize("task", ["text_classification", "seq2seq", "causal_lm"])
def test_without_the_data_the_inputs_are_made_up(task: str, tmp_path: Path):
    config = saved(task, tmp_path)
    config.to_yaml(tmp_path / "out" / "config.yaml")
    for name in ("train", "test"):
        (tmp_path / f"{name}.jsonl").unlink()
    samples = sample_batches(open_run(tmp_path / "out"))
    assert samples.are_made
    assert samples.are_cut
    assert samples.inputs[0]["input_ids"].max() < 300
