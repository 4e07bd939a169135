"""Shards a model over processes with FSDP2."""

import copy
import functools
import itertools

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import (
    CPUOffloadPolicy,
    MixedPrecisionPolicy,
    OffloadPolicy,
    fully_shard,
)

from oumi_runtime.core.configs import (
    AutoWrapPolicy,
    FSDPParams,
    MixedPrecisionDtype,
    ShardingStrategy,
    TrainingParams,
)
from oumi_runtime.core.distributed import get_world_size
from oumi_runtime.core.trainers.sharded import Sharded
from oumi_runtime.exceptions import ModelBuildError, suggestion

_HALF = {
    "bf16": torch.bfloat16,
    "fp16": torch.float16,
    MixedPrecisionDtype.BF16: torch.bfloat16,
    MixedPrecisionDtype.FP16: torch.float16,
}


def shard_model(model: nn.Module, params: TrainingParams, fsdp: FSDPParams) -> Sharded:
    """Shards the units, and then the rest of the model.

    Args:
        model: The model, on this process's device.
        params: The training section of the config.
        fsdp: The fsdp section, in which sharding is enabled.

    Raises:
        ModelBuildError: The model has no module of the class to shard.
    """
    whole = copy.deepcopy(model).cpu()
    device = next(model.parameters()).device
    if fsdp.sync_module_states:
        for tensor in (*model.parameters(), *model.buffers()):
            dist.broadcast(tensor.data, src=0)
    half = _HALF.get(fsdp.mixed_precision or params.mixed_precision_dtype)
    is_offloaded = fsdp.cpu_offload and device.type != "cpu"
    shard = functools.partial(
        fully_shard,
        mesh=init_device_mesh(device.type, (get_world_size(),)),
        reshard_after_forward=fsdp.sharding_strategy is ShardingStrategy.FULL_SHARD,
        mp_policy=MixedPrecisionPolicy(param_dtype=half, reduce_dtype=torch.float32),
        offload_policy=CPUOffloadPolicy() if is_offloaded else OffloadPolicy(),
    )
    units = [shard(unit) for unit in _units(model, fsdp)]
    shard(model)
    if fsdp.forward_prefetch:
        in_order = reversed(units)
        for unit, following in itertools.pairwise(in_order):
            unit.set_modules_to_forward_prefetch([following])
    return Sharded(model, whole)


def _units(model: nn.Module, fsdp: FSDPParams) -> list[nn.Module]:
    """Returns the modules to gather and free as a unit, innermost first."""
    inner = [module for module in model.modules() if module is not model]
    if fsdp.auto_wrap_policy is AutoWrapPolicy.SIZE_BASED_WRAP:
        chosen = [m for m in inner if _num_parameters(m) >= fsdp.min_num_params]
    elif fsdp.auto_wrap_policy is AutoWrapPolicy.TRANSFORMER_BASED_WRAP:
        chosen = _of_classes(model, inner, fsdp.transformer_layer_cls)
    else:
        chosen = []
    # A list of layers is never called, so it cannot be gathered before its call.
    return [m for m in reversed(chosen) if not isinstance(m, nn.ModuleList)]


def _of_classes(
    model: nn.Module, inner: list[nn.Module], names: str | None
) -> list[nn.Module]:
    wanted = names.split(",") if names else getattr(model, "_no_split_modules", None)
    there = sorted({type(module).__name__ for module in inner})
    if not wanted:
        raise ModelBuildError(
            "fsdp.transformer_layer_cls is not set, and the model does not declare "
            f"its layer classes; name one of {', '.join(there)}"
        )
    # A class name may include the module, as in Oumi's recipes.
    wanted = {name.strip().rpartition(".")[2] for name in wanted}
    for name in sorted(wanted.difference(there)):
        raise ModelBuildError(
            f"fsdp.transformer_layer_cls: the model has no {name!r}"
            f"{suggestion(name, there)}; it has {', '.join(there)}"
        )
    return [module for module in inner if type(module).__name__ in wanted]


def _num_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
