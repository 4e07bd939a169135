"""What can be seen of a config's fields in what is built.

An observation builds what a section describes and returns the part of it that a field
is about. Where that needs processes or a device that a test has none of, what is asked
of torch is observed.
"""

from contextlib import suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest import mock

import torch
from torch import nn

from oumi_runtime.builders import (
    build_dataset_mixture,
    build_lr_scheduler,
    build_metrics_function,
    build_optimizer,
    callbacks,
    collators,
)
from oumi_runtime.builders.models import huggingface, parallel, sharding
from oumi_runtime.builders.training import batches, trainers
from oumi_runtime.core import process_group
from oumi_runtime.core.configs import (
    DataParams,
    DatasetSplit,
    FSDPParams,
    ModelParams,
    ProfilerParams,
    TrainingConfig,
    TrainingParams,
)
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.trainers import base_trainer
from oumi_runtime.core.trainers.batches.map_batches import TrainBatches
from oumi_runtime.core.trainers.callbacks import profiling, telemetry
from oumi_runtime.core.trainers.events import Events
from oumi_runtime.core.trainers.run import session as run_session

program: Any = import_module("oumi_runtime.train")
Fields = dict[str, Any]


def optimizer_group(fields: Fields) -> Fields:
    optimizer = build_optimizer(nn.Linear(2, 2), TrainingParams(**fields))
    return {"class": type(optimizer).__name__, **optimizer.param_groups[0]}


def learning_rates(fields: Fields) -> list[float]:
    params = TrainingParams(learning_rate=1.0, **fields)
    optimizer = build_optimizer(nn.Linear(2, 2), params)
    schedule = build_lr_scheduler(optimizer, params, 8)
    rates = []
    for _ in range(8):
        rates.append(round(optimizer.param_groups[0]["lr"], 3))
        optimizer.step()
        schedule.step()
    return rates


def labels(fields: Fields) -> list[int]:
    """The labels of a split of images, in their order."""
    data = DataParams(train=fields)
    return build_dataset_mixture(data, DatasetSplit.TRAIN).columns["labels"].tolist()


def profiler_call(fields: Fields) -> Fields:
    """What torch's profiler, and its schedule, are made with."""
    params = ProfilerParams(**fields)
    with (
        mock.patch.object(profiling, "profile") as profile,
        mock.patch.object(profiling, "schedule") as schedule,
    ):
        config = TrainingConfig(training=TrainingParams(profiler=params))
        callbacks.build_training_callbacks(config)
    if not profile.called:
        return {"save_dir": None}
    with mock.patch.object(callbacks, "Profiler") as ours:
        callbacks.build_training_callbacks(config)
    made = {**profile.call_args.kwargs, "save_dir": str(ours.call_args.args[1])}
    return made | (schedule.call_args.kwargs if schedule.called else {"wait": None})


def of_another_process(fields: Fields) -> list[str]:
    """The callbacks of a process that is not the first."""
    config = TrainingConfig(training=TrainingParams(telemetry=fields))
    with (
        mock.patch.object(callbacks, "is_world_process_zero", return_value=False),
        mock.patch.object(callbacks, "get_rank", return_value=1),
    ):
        built = callbacks.build_training_callbacks(config)
    return [type(each).__name__ for each in built]


def gpu_reading(fields: Fields) -> list[str]:
    """What is read of a GPU at a log line."""
    config = TrainingConfig(training=TrainingParams(telemetry=fields))
    built = callbacks.build_training_callbacks(config)
    (measuring,) = [each for each in built if isinstance(each, telemetry.Telemetry)]
    cuda = SimpleNamespace(
        is_available=lambda: True, max_memory_allocated=int, temperature=int
    )
    with mock.patch.object(telemetry.torch, "cuda", cuda):
        measuring.on_log(SimpleNamespace(global_step=1), {})
    return list(measuring._gpu[0])


class Unit(nn.Sequential):
    """A layer of a model that is sharded."""


def spread(fields: Fields, other: Fields | None = None) -> dict[str, Any]:
    """What `fully_shard` is asked for, of a model of two units on a GPU."""
    calls: list[tuple[str, Fields]] = []
    prefetched: list[str] = []
    model = nn.Sequential(Unit(nn.Linear(2, 2)), Unit(nn.Linear(2, 2)))

    def fully_shard(module: nn.Module, **options: Any) -> Any:
        calls.append((type(module).__name__, options))
        return SimpleNamespace(set_modules_to_forward_prefetch=prefetched.append)

    fsdp = FSDPParams(**{"auto_wrap_policy": "TRANSFORMER_BASED_WRAP"} | fields)
    if fsdp.auto_wrap_policy == "TRANSFORMER_BASED_WRAP":
        fsdp.transformer_layer_cls = fsdp.transformer_layer_cls or "Unit"
    on_gpu = SimpleNamespace(device=torch.device("cuda", 0))
    with (
        mock.patch.object(parallel, "is_distributed", return_value=True),
        mock.patch.object(parallel, "Replicated", return_value="replicated") as copied,
        mock.patch.object(sharding, "get_world_size", return_value=2),
        mock.patch.object(sharding, "init_device_mesh"),
        mock.patch.object(sharding, "fully_shard", fully_shard),
        mock.patch.object(sharding, "Sharded", return_value="sharded"),
        mock.patch.object(sharding.dist, "broadcast") as broadcast,
        mock.patch.object(sharding, "next", return_value=on_gpu, create=True),
    ):
        made = parallel.build_parallelism(model, TrainingParams(**other or {}), fsdp)
    options = calls[-1][1] if calls else {}
    return {
        "made": made,
        "units": [name for name, _ in calls],
        "reshard": options.get("reshard_after_forward"),
        "dtype": getattr(options.get("mp_policy"), "param_dtype", None),
        "offload": type(options.get("offload_policy")).__name__,
        "prefetch": len(prefetched),
        "broadcast": broadcast.called,
        "unused": copied.called and copied.call_args.kwargs["find_unused_parameters"],
    }


def timeout_minutes(fields: Fields) -> float | None:
    """The limit that the processes are joined with."""
    dist = process_group.dist
    variables = {"RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
    with (
        mock.patch.dict("os.environ", variables, WORLD_SIZE="2"),
        mock.patch.object(dist, "is_initialized", return_value=False),
        mock.patch.object(process_group, "_meet", return_value=(mock.Mock(), 0, 2)),
        mock.patch.object(process_group, "PrefixStore"),
        mock.patch.object(dist, "init_process_group") as joined,
        mock.patch.object(dist, "destroy_process_group"),
        process_group.process_group(
            TrainingParams(**fields).nccl_default_timeout_minutes
        ),
    ):
        timeout = joined.call_args.kwargs["timeout"]
    return timeout and timeout.total_seconds() / 60


def batches_call(fields: Fields) -> Fields:
    """What the batches of a training are made with."""
    columns = {"labels": torch.zeros(4, dtype=torch.int64)}
    with mock.patch.object(batches, "TrainBatches", wraps=TrainBatches) as made:
        trainers.build_trainer(
            TrainingParams(max_steps=1, **fields),
            model=nn.Linear(2, 2),
            train_dataset=ColumnDataset(columns),
        )
    return made.call_args.kwargs


def checkpointing(fields: Fields) -> Fields:
    """Whether activations are computed again, and how."""
    columns = {"labels": torch.zeros(4, dtype=torch.int64)}
    with mock.patch.object(trainers, "checkpoint_activations") as asked:
        trainers.build_trainer(
            TrainingParams(max_steps=1, **fields),
            model=nn.Linear(2, 2),
            train_dataset=ColumnDataset(columns),
        )
    options = asked.call_args.args[1] if asked.called else {}
    return {"asked": asked.called, "use_reentrant": options.get("use_reentrant")}


def saved_steps(fields: Fields) -> list[int]:
    events = Events.of(TrainingParams(**fields), 10)
    return [step for step in range(1, 11) if events.save.is_due(step)]


def has_metrics(fields: Fields) -> bool:
    return build_metrics_function(TrainingParams(**fields)) is not None


def hub_request(fields: Fields) -> Fields:
    """What a file of a model on the hub is asked for with."""
    params = ModelParams(model_name="owner/net", **fields)
    asked = huggingface._fetched(lambda **options: options, params)
    return {name: value for name, value in asked.items() if name == "revision"}


def texts(fields: Fields) -> list[str]:
    """The texts of a table with two columns of them."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "train.csv")
        path.write_text("text,b,label\nfirst,second,x\n")
        table = {"dataset_name": "text_classification", "dataset_path": str(path)}
        data = DataParams(train={"datasets": [table], **fields})
        return list(build_dataset_mixture(data, DatasetSplit.TRAIN).columns["text"])


def clock(fields: Fields) -> Fields:
    """What may stop a training, or have it saved, by the clock."""
    config = TrainingConfig.from_str(
        "model: {model_name: MLPEncoder}\n"
        "data: {train: {datasets: [{dataset_name: digits}]}}\n"
    )
    with (
        TemporaryDirectory() as folder,
        mock.patch.object(program, "Stopper", side_effect=InterruptedError) as made,
        suppress(InterruptedError),
    ):
        config.training = TrainingParams(output_dir=folder, **fields)
        program.train(config)
    return made.call_args.kwargs


def kept(fields: Fields) -> Fields:
    """Which checkpoints stay."""
    return vars(base_trainer._retention(TrainingParams(**fields)))


def comparison(fields: Fields) -> Fields:
    """How a run is held against the checkpoint that it goes on from."""
    session = SimpleNamespace(_params=TrainingParams(**fields), _described=dict)
    with (
        mock.patch.object(run_session, "read_json", return_value={}),
        mock.patch.object(run_session, "refuse_changes") as asked,
    ):
        run_session.RunSession._compare(session, Path("checkpoint-1"))
    return asked.call_args.kwargs


def collated_length(fields: Fields) -> int:
    """The tokens that the named collator keeps of a sample of three."""
    samples = ListDataset([{"input_ids": [1, 2, 3]}])
    config = TrainingConfig(data=DataParams(train=fields))
    prepared = SimpleNamespace(pad_token_id=0, tokenizer=None)
    made = collators.collated(samples, config, DatasetSplit.TRAIN, prepared)
    return made.collate([samples[0]])["input_ids"].shape[1]


class ListDataset(list[Any], torch.utils.data.Dataset[Any]):
    """Samples in a list."""


CYCLE = {"enable_cpu_profiling": True}


def scheduled(fields: Fields) -> Fields:
    return profiler_call(CYCLE | {"schedule": {"enable_schedule": True} | fields})


def replicated(fields: Fields) -> Fields:
    return spread({"enable_fsdp": False}, fields)


def split(fields: Fields) -> list[int]:
    half = {"dataset_name": "digits", "mixture_proportion": 0.5}
    parts = [half | {"sample_count": 6}, half | {"sample_count": 3, "split": "test"}]
    return labels({"datasets": parts, **fields})


def dataset(fields: Fields) -> list[int]:
    return labels({"datasets": [{"dataset_name": "digits", **fields}]})


def dataset_and_none(fields: Fields) -> list[int]:
    """A dataset and another; where the first has a proportion, the other has 0."""
    other = {"dataset_name": "digits", "sample_count": 5}
    if "mixture_proportion" in fields:
        other["mixture_proportion"] = 1.0 - fields["mixture_proportion"]
    return labels({"datasets": [{"dataset_name": "digits", **fields}, other]})
