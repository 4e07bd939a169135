"""Each field of the training section changes what it says it changes."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_training_callbacks
from oumi_runtime.builders.training.batches import build_loading
from oumi_runtime.core.configs import TrainingConfig, TrainingParams
from oumi_runtime.core.log import logger
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.core.trainers.batches.micro_batches import count_targets
from oumi_runtime.core.trainers.callbacks import trackers
from oumi_runtime.exceptions import MissingExtraError, TrainerArgumentError
from oumi_runtime.train import TrainingResult, train

CONFIG = """
model:
  model_name: CnnClassifier
  model_kwargs: {image_width: 8, image_height: 8, in_channels: 1, kernel_size: 2}
data:
  train:
    datasets: [{dataset_name: digits, split: train, sample_count: 64}]
  validation:
    datasets: [{dataset_name: digits, split: validation, sample_count: 16}]
training:
  per_device_train_batch_size: 16
  num_train_epochs: 2
  logging_steps: 1
  save_steps: 0
"""

TEXT_CONFIG = """
model: {model_name: MLPEncoder, model_kwargs: {input_dim: 300, hidden_dim: 8}}
data:
  train:
    datasets: [{dataset_name: stdlib_docstrings, split: train, sample_count: 32}]
training: {max_steps: 2, logging_steps: 1, save_steps: 0}
"""


@pytest.fixture(autouse=True)
def quiet_and_alone() -> Iterator[None]:
    level = logger.level
    with REGISTRY.isolated():
        yield
    logger.setLevel(level)
    torch.use_deterministic_algorithms(False)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., TrainingResult]:
    def run_with(text: str = CONFIG, **training: Any) -> TrainingResult:
        config = TrainingConfig.from_str(text)
        config.training.output_dir = str(tmp_path / "output")
        for name, value in training.items():
            setattr(config.training, name, value)
        return train(config)

    return run_with


def rows(result: TrainingResult) -> list[dict[str, Any]]:
    lines = (result.output_dir / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def steps(result: TrainingResult, name: str = "loss") -> list[int]:
    return [row["step"] for row in rows(result) if name in row]


def test_logging_steps_and_logging_first_step(run) -> None:
    assert steps(run(logging_steps=3)) == [3, 6, 8]
    assert steps(run(logging_steps=3, logging_first_step=True)) == [1, 3, 6, 8]


def test_logging_strategy(run) -> None:
    assert steps(run(logging_strategy="epoch")) == [4, 8]
    assert steps(run(logging_strategy="no")) == []


def test_eval_steps_can_be_a_share_of_all_steps(run) -> None:
    result = run(eval_strategy="steps", eval_steps=0.25)
    assert steps(result, "eval_loss") == [2, 4, 6, 8]


def test_log_level(run, capfd) -> None:
    logger.handlers.clear()
    logger.propagate = False
    try:
        run(log_level="warning")
        assert "training CnnClassifier" not in capfd.readouterr().err
        run(log_level="info")
        assert "training CnnClassifier" in capfd.readouterr().err
    finally:
        logger.propagate = True
        logger.handlers.clear()


def test_dep_log_level(run) -> None:
    run(dep_log_level="critical")
    assert logging.getLogger("transformers").level == logging.CRITICAL
    run(dep_log_level="warning")
    assert logging.getLogger("transformers").level == logging.WARNING


def test_log_examples_shows_the_first_text(run, caplog) -> None:
    with caplog.at_level("INFO", "oumi_runtime"):
        run(TEXT_CONFIG, log_examples=True)
    assert any("first sample: text" in line for line in caplog.messages)
    assert any("first sample: input_ids (" in line for line in caplog.messages)


def test_log_model_summary_shows_the_modules(run, caplog) -> None:
    with caplog.at_level("INFO", "oumi_runtime"):
        run(log_model_summary=True)
    assert any("(conv1): Conv2d" in line for line in caplog.messages)


def test_include_performance_metrics(run) -> None:
    row = rows(run(TEXT_CONFIG, include_performance_metrics=True))[0]
    assert row["tokens_per_second"] > 0
    # Two linear layers of 8 and 10 units over 8 texts, forward and backward.
    assert row["flops_per_second"] > 0
    assert "estimated_flops_per_second" not in row
    assert row["data_time_share"] > 0
    assert row["host_time_share"] > row["data_time_share"]
    assert row["data_time_share"] + row["host_time_share"] < 1
    # The CPU makes the step that Python waits for.
    assert "device_time_share" not in row


def test_include_alternative_mfu_metrics(run) -> None:
    row = rows(run(TEXT_CONFIG, include_alternative_mfu_metrics=True))[0]
    expected = 6 * (300 * 8 + 8 * 8 + 8 + 80 + 10) * row["tokens_per_second"]
    assert row["estimated_flops_per_second"] == pytest.approx(expected)


def test_use_deterministic_and_full_determinism(run, monkeypatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    run(use_deterministic=True)
    assert torch.are_deterministic_algorithms_enabled()
    run()
    assert not torch.are_deterministic_algorithms_enabled()
    run(full_determinism=True)
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = False


def test_telemetry_times_the_steps(run, tmp_path) -> None:
    result = run()
    summary = json.loads((result.output_dir / "telemetry" / "rank_0.json").read_text())
    assert summary["steps"] == 8
    assert 0 < summary["step_seconds"]["median"] <= summary["step_seconds"]["max"]


def test_telemetry_can_be_switched_off_or_moved(run, tmp_path) -> None:
    config = TrainingConfig.from_str(CONFIG)
    config.training.telemetry.telemetry_dir = None
    names = [type(each).__name__ for each in build_training_callbacks(config)]
    assert "Telemetry" not in names
    config.training.telemetry.telemetry_dir = str(tmp_path / "elsewhere")
    config.training.output_dir = str(tmp_path / "output")
    train(config)
    assert (tmp_path / "elsewhere" / "rank_0.json").exists()


def test_the_profiler_writes_a_table_and_a_trace(tmp_path) -> None:
    config = TrainingConfig.from_str(CONFIG)
    config.training.output_dir = str(tmp_path / "output")
    config.training.profiler.enable_cpu_profiling = True
    config.training.profiler.schedule.enable_schedule = True
    config.training.profiler.row_limit = 5
    train(config)
    folder = tmp_path / "output" / "profiler"
    table = next(folder.glob("*.txt")).read_text()
    trace = json.loads(next(folder.glob("*.trace.json")).read_text())
    assert "Self CPU time total" in table
    assert any("aten::" in event.get("name", "") for event in trace["traceEvents"])


def test_empty_device_cache_steps(run, monkeypatch) -> None:
    calls: list[int] = []
    name = "oumi_runtime.core.trainers.callbacks.device_cache.empty_device_cache"
    monkeypatch.setattr(name, lambda: calls.append(1))
    run(empty_device_cache_steps=4)
    assert len(calls) == 2


@pytest.mark.slow
def test_compile_trains_the_same_and_saves_plain_names(run, tmp_path) -> None:
    result = run(TEXT_CONFIG, compile=True)
    compiled = [row["loss"] for row in rows(result)]
    assert "fc1.weight" in result.model.state_dict()
    plain = [row["loss"] for row in rows(run(TEXT_CONFIG))]
    assert compiled == pytest.approx(plain, abs=1e-4)


def test_overfit_batches_learns_a_few_by_heart(run, monkeypatch) -> None:
    # Without dropout, the loss has a way to 0.
    monkeypatch.setattr(torch.nn.functional, "dropout", lambda x, **_: x)
    result = run(
        overfit_batches=1, num_train_epochs=60, learning_rate=0.01, logging_steps=10
    )
    assert result.global_step == 60
    losses = [row["loss"] for row in rows(result)]
    assert losses[-1] < 0.1 * losses[0]


def test_fast_dev_run_makes_two_steps_and_two_evaluations(run, monkeypatch) -> None:
    result = run(
        fast_dev_run=True,
        eval_strategy="epoch",
        per_device_eval_batch_size=3,
        save_epoch=True,
        max_steps=50,
        logging_steps=7,
    )
    assert steps(result) == steps(result, "eval_loss") == [1, 2]
    assert not list(result.output_dir.glob("checkpoint-*"))
    assert (result.output_dir / "model.safetensors").exists()


def test_early_stopping_ends_the_training_and_saves_the_model(run) -> None:
    result = run(
        early_stopping_patience=1,
        early_stopping_threshold=100.0,
        eval_strategy="steps",
        eval_steps=2,
    )
    assert result.global_step == 4
    assert (result.output_dir / "model.safetensors").exists()


def test_compile_kwargs_reach_the_compiler(run, monkeypatch) -> None:
    given: list[dict[str, Any]] = []
    monkeypatch.setattr(
        nn.Module, "compile", lambda self, **kwargs: given.append(kwargs)
    )
    run(compile=True, compile_kwargs={"mode": "reduce-overhead", "dynamic": False})
    assert given == [{"mode": "reduce-overhead", "dynamic": False}]


def test_tf32_is_for_products_of_matrices(run) -> None:
    before = torch.get_float32_matmul_precision()
    try:
        run(max_steps=1)
        assert torch.get_float32_matmul_precision() == before
        run(max_steps=1, tf32=True)
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision(before)


def test_weights_in_bf16_are_trained_in_bf16(run) -> None:
    text = TEXT_CONFIG.replace("model: {", "model: {torch_dtype_str: bfloat16, ")
    result = run(text, max_steps=30, learning_rate=0.01)
    assert {p.dtype for p in result.model.parameters()} == {torch.bfloat16}
    losses = [row["loss"] for row in rows(result)]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_trainer_kwargs_reach_transformers(run) -> None:
    result = run(trainer_type="HF", trainer_kwargs={"max_steps": 3})
    assert result.global_step == 3


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        (
            {"label_smoothing_factor": 0.1},
            "label_smoothing_factor: .* in its criterion",
        ),
        (
            {"gradient_checkpointing": True},
            "set training.enable_gradient_checkpointing",
        ),
        (
            {"neftune_noise_alpha": 5},
            "neftune_noise_alpha: .* is not a model of transf",
        ),
        ({"save_strategy": "often"}, "trainer_kwargs: often is not a valid"),
        (
            {"report_to": ["comet_ml"]},
            "trainer_kwargs: CometCallback requires comet-ml",
        ),
    ],
)
def test_trainer_kwargs_that_transformers_refuses_are_told(
    run, argument: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(TrainerArgumentError, match=sentence):
        run(trainer_type="HF", trainer_kwargs=argument)


def test_dataloader_fields() -> None:
    params = TrainingParams(
        dataloader_num_workers=2,
        dataloader_persistent_workers=True,
        dataloader_prefetch_factor=5,
    )
    loading = build_loading(params)
    assert (loading.num_workers, loading.prefetch_factor) == (2, 5)
    assert loading.persistent_workers
    params.dataloader_num_workers = 0
    assert build_loading(params).prefetch_factor is None


def test_auto_workers_share_the_cores(monkeypatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 12)
    params = TrainingParams(dataloader_num_workers="auto")
    assert build_loading(params).num_workers == 8
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert build_loading(params).num_workers == 3


def test_label_ignore_index_is_not_counted() -> None:
    batch = {"labels": torch.tensor([0, 3, -100, 3, 1])}
    assert count_targets(batch) == 4
    assert count_targets(batch, ignore_index=3) == 2


@pytest.mark.parametrize("tracker", ["tensorboard", "wandb", "mlflow"])
def test_a_tracker_that_is_not_installed_is_named(run, monkeypatch, tracker) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(trackers, "import_module", missing)
    with pytest.raises(MissingExtraError, match=rf"oumi-scaffold\[{tracker}\]"):
        run(**{f"enable_{tracker}": True})


class FakeLibrary:
    """Takes the place of a tracker's library, and keeps what it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def record(*args: Any, **kwargs: Any) -> "FakeLibrary":
            self.calls.append((name, args, kwargs))
            return self

        return record

    def named(self, name: str) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
        return [(args, kwargs) for each, args, kwargs in self.calls if each == name]


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakeLibrary:
    fake = FakeLibrary()
    monkeypatch.setattr(trackers, "import_module", lambda name: fake)
    return fake


def test_wandb_gets_every_log_line(run, library) -> None:
    run(enable_wandb=True, run_name="mine")
    assert library.named("init")[0][1]["name"] == "mine"
    logged = [kwargs["step"] for _, kwargs in library.named("log")]
    assert logged == list(range(1, 9))
    assert len(library.named("finish")) == 1


def test_mlflow_gets_every_log_line_and_the_config(run, library) -> None:
    run(enable_mlflow=True)
    assert library.named("start_run")[0][1]["run_name"] == "output"
    assert library.named("log_params")[0][0][0]["training.num_train_epochs"] == 2
    assert len(library.named("log_metrics")) == 8
    assert len(library.named("end_run")) == 1


def test_tensorboard_writes_to_the_logging_dir(run, library, tmp_path) -> None:
    run(enable_tensorboard=True, logging_dir=str(tmp_path / "board"))
    assert library.named("SummaryWriter")[0][0] == (str(tmp_path / "board"),)
    losses = [args for args, _ in library.named("add_scalar") if args[0] == "loss"]
    assert [step for _, _, step in losses] == list(range(1, 9))


def test_with_ema_decay_the_model_that_is_returned_is_the_one_that_is_saved(
    run,
) -> None:
    result = run(ema_decay=0.9)
    saved = type(result.model).from_pretrained(result.output_dir)
    for name, weight in result.model.state_dict().items():
        assert torch.equal(weight, saved.state_dict()[name])
