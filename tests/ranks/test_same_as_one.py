"""What several processes train, measure and report is that of one."""

import json

import pytest
from safetensors.torch import load_file

from oumi_runtime.core.trainers.batches.map_batches import epoch_order

MODEL, BATCH = "--model.model_kwargs", "--training.per_device_train_batch_size"
TRAIN = "--data.train.datasets[0].dataset_kwargs"
UNUSED = ("--training.ddp_find_unused_parameters", "true")
ACCUMULATION = "--training.gradient_accumulation_steps"
SKIP = ("--data.on_bad_sample", "skip")


def first_step() -> list[int]:
    """The samples of the first step of 8 among 50; half of it is each process's."""
    return epoch_order(50, 42, 0)[:8].tolist()


@pytest.mark.parametrize(
    ("processes", "batch", "more"),
    [
        (2, "4", ()),
        (3, "4", (TRAIN, "{size: 5}")),
        (4, "1", (TRAIN, "{size: 1}")),
        (3, "2", (ACCUMULATION, "2")),
        (2, "4", ("--training.ema_decay", "0.9", "--training.max_grad_norm", "0.1")),
        (2, "4", ("--training.enable_gradient_checkpointing", "true")),
        (2, "4", (MODEL, "{spare: true}", *UNUSED)),
    ],
    ids=["whole", "few", "one", "accumulated", "averaged", "checkpointed", "unused"],
)
def test_several_give_the_run_of_one(ranks, processes, batch, more) -> None:
    whole = str(processes * int(batch) * (2 if ACCUMULATION in more else 1))
    alone = (*more, ACCUMULATION, "1", BATCH, whole)
    metrics = ("--training.metrics_function", "classification")
    assert ranks.train(1, *alone, *metrics, output="one").codes == [0]
    ended = ranks.train(processes, *more, *metrics, BATCH, batch)
    assert ended.codes == [0] * processes, ended.logs
    for name in ("loss", "eval_loss", "grad_norm", "eval_accuracy"):
        assert len(ranks.column(name)) > 1
        assert ranks.column(name) == pytest.approx(ranks.column(name, "one"), abs=2e-6)
    expected = load_file(ranks.folder / "one" / "model.safetensors")
    for name, weight in load_file(ranks.folder / "run/model.safetensors").items():
        assert (weight - expected[name]).abs().max() < 1e-6, name


def test_a_parameter_without_a_part_in_the_loss_is_named(ranks) -> None:
    ended = ranks.train(2, MODEL, "{spare: true}", "--training.max_steps", "1")
    assert ended.codes == [2, 2]
    sentence = (
        "error: spare.weight, spare.bias had no part in the loss, and several "
        "processes wait for the gradient of every parameter; set "
        "training.ddp_find_unused_parameters: true, or freeze them"
    )
    assert ended.last_lines == [sentence, sentence]


@pytest.mark.parametrize("rank", [0, 1])
def test_all_name_the_sample_of_any_that_is_not_finite(ranks, rank) -> None:
    sample = first_step()[4 * rank + 2]
    ended = ranks.train(2, TRAIN, f"{{size: 50, nan: [{sample}]}}")
    assert ended.codes == [1, 1]
    sentence = "the batch has one in 'features', and the first output with one is"
    assert all(sentence in line for line in ended.last_lines), ended.last_lines
    (report,) = json.loads((ranks.folder / "run" / "not_finite.json").read_text())
    assert f"row {sample + 1} of dataset 'rank_rows'" in report["samples"]


def test_a_skipped_step_logs_no_loss(ranks) -> None:
    nan = (TRAIN, f"{{size: 50, nan: [{first_step()[6]}]}}")
    ended = ranks.train(
        2, *nan, "--training.max_bad_steps", "1", "--training.max_steps", "6"
    )
    assert ended.codes == [0, 0], ended.logs
    assert [("loss" in row) for row in ranks.rows()] == [False, *[True] * 5]
    assert min(ranks.column("loss")) > 0.1


def test_left_out_samples_are_counted_over_all(ranks) -> None:
    first = first_step()
    bad = (TRAIN, f"{{size: 50, bad: {[*first[:2], first[6]]}}}")
    ended = ranks.train(2, *bad, *SKIP)
    assert ended.codes == [0, 0], ended.logs
    assert ranks.column("bad_samples")[-1] == 3
    assert ranks.session()["bad_samples"]["count"] == 3


def test_too_many_of_all_together_end_all_with_the_same_sentence(ranks) -> None:
    first = first_step()
    bad = (TRAIN, f"{{size: 50, bad: {[*first[:2], *first[6:]]}}}")
    ended = ranks.train(2, *bad, *SKIP, "--data.max_bad_samples", "3")
    assert ended.codes[0] == ended.codes[1] != 0, ended.logs
    assert ended.last_lines[0] == ended.last_lines[1]
    assert "data.max_bad_samples" in ended.last_lines[0]


@pytest.mark.parametrize("sharding", [(), ("--fsdp.enable_fsdp", "true")])
def test_running_means_resume_as_all_measured_with_them(ranks, sharding) -> None:
    """They are those of the first process, in the evaluations of all and after."""
    model = (MODEL, "{norm: true}", TRAIN, "{size: 96}", *sharding)
    assert ranks.train(2, *model, output="whole").codes == [0, 0]
    ended = ranks.train(
        2, *model, RANK_OF_IT="1", DO="SIGTERM", EVENT="on_step_end", STEP="7"
    )
    assert ended.codes == [143, 143], ended.logs
    ended = ranks.train(2, *model, "--training.try_resume_from_last_checkpoint", "true")
    assert ended.codes == [0, 0], ended.logs
    for name in ("loss", "eval_loss"):
        assert ranks.column(name) == ranks.column(name, "whole")


HF = ("--training.trainer_type", "hf")


@pytest.mark.parametrize("trainer", [(), HF], ids=["oumi", "hf"])
def test_each_target_counts_as_much_whoever_has_it(ranks, trainer) -> None:
    """The first process has hardly any in the first step."""
    data = (TRAIN, f"{{size: 48, ignored: {list(range(0, 48, 3))}}}")
    one = ranks.train(1, *data, *trainer, BATCH, "8", output="one")
    assert one.codes == [0], one.logs
    ended = ranks.train(2, *data, *trainer)
    assert ended.codes == [0, 0], ended.logs
    for name in ("loss", "eval_loss", "grad_norm"):
        expected = ranks.column(name, "one")
        assert ranks.column(name) == pytest.approx(expected, abs=2e-6), name


def test_the_transformers_trainer_refuses_to_repeat_samples(ranks) -> None:
    ended = ranks.train(2, *HF)
    assert ended.codes == [2, 2], ended.logs
    assert "repeats samples where they are no multiple of 8" in ended.last_lines[0]
