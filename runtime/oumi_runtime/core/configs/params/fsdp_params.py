"""The fsdp section: how a model is split over several devices."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, StrictBool, StrictStr

from oumi_runtime.core.configs.params.base_params import BaseParams, section
from oumi_runtime.core.configs.params.field_types import Natural, choice, member, wrong
from oumi_runtime.exceptions import SectionError


class ShardingStrategy(StrEnum):
    """What is sharded over the devices, and what each device holds in full."""

    FULL_SHARD = "FULL_SHARD"
    SHARD_GRAD_OP = "SHARD_GRAD_OP"
    HYBRID_SHARD = "HYBRID_SHARD"
    NO_SHARD = "NO_SHARD"
    HYBRID_SHARD_ZERO2 = "HYBRID_SHARD_ZERO2"


class StateDictType(StrEnum):
    """How a checkpoint holds the weights."""

    FULL_STATE_DICT = "FULL_STATE_DICT"
    SHARDED_STATE_DICT = "SHARDED_STATE_DICT"
    LOCAL_STATE_DICT = "LOCAL_STATE_DICT"


class BackwardPrefetch(StrEnum):
    """When the backward pass fetches the next parameters."""

    BACKWARD_PRE = "BACKWARD_PRE"
    BACKWARD_POST = "BACKWARD_POST"
    NO_PREFETCH = "NO_PREFETCH"


class AutoWrapPolicy(StrEnum):
    """Which modules become units that are gathered and freed together."""

    SIZE_BASED_WRAP = "SIZE_BASED_WRAP"
    TRANSFORMER_BASED_WRAP = "TRANSFORMER_BASED_WRAP"
    NO_WRAP = "NO_WRAP"


_HYBRID = {
    "hybrid_shard": "is not supported: every device belongs to one group; "
    "write FULL_SHARD or SHARD_GRAD_OP"
}
_LATE = {
    "backward_post": "is not supported: fully_shard fetches before; write BACKWARD_PRE",
    "no_prefetch": "is not supported: fully_shard always fetches ahead; write "
    "BACKWARD_PRE",
}
_WHOLE = "is not supported: checkpoints are whole; write FULL_STATE_DICT"
_LOCAL = {
    "sharded_state_dict": _WHOLE,
    "local_state_dict": _WHOLE,
}


def _kept(given: bool | None) -> bool | None:
    if given is False:
        raise wrong(
            "false is not supported: fully_shard always keeps the parameters; "
            "write true, or leave the key out"
        )
    return given


@section
class FSDPParams(BaseParams):
    """Fully sharded data parallelism, with `fully_shard` of torch.distributed."""

    enable_fsdp: StrictBool = False
    """Whether to shard the model over the processes; the other fields apply only
    then."""

    sharding_strategy: Annotated[
        ShardingStrategy, member(ShardingStrategy, _HYBRID)
    ] = ShardingStrategy.FULL_SHARD
    """FULL_SHARD shards parameters, gradients and optimizer states; SHARD_GRAD_OP keeps
    the gathered parameters between forward and backward; NO_SHARD shards nothing
    (DDP)."""

    cpu_offload: StrictBool = False
    """Whether to keep parameters, gradients and optimizer states in CPU memory while
    they are not in use."""

    mixed_precision: Annotated[StrictStr, choice("bf16", "fp16")] | None = None
    """The type in which parameters are gathered and computed with: bf16 or fp16. None
    follows `training.mixed_precision_dtype`."""

    backward_prefetch: Annotated[BackwardPrefetch, member(BackwardPrefetch, _LATE)] = (
        BackwardPrefetch.BACKWARD_PRE
    )
    """When the backward pass fetches the next unit: BACKWARD_PRE, before the gradients
    of this one."""

    forward_prefetch: StrictBool = False
    """Whether the forward pass fetches the next unit while it computes this one."""

    use_orig_params: Annotated[StrictBool | None, AfterValidator(_kept)] = None
    """None or true: `fully_shard` always keeps the model's own parameters."""

    state_dict_type: Annotated[StateDictType, member(StateDictType, _LOCAL)] = (
        StateDictType.FULL_STATE_DICT
    )
    """How a checkpoint holds the weights: FULL_STATE_DICT, one whole file."""

    auto_wrap_policy: Annotated[AutoWrapPolicy, member(AutoWrapPolicy)] = (
        AutoWrapPolicy.NO_WRAP
    )
    """Which modules are units: NO_WRAP (the whole model), SIZE_BASED_WRAP (those of
    `min_num_params`), or TRANSFORMER_BASED_WRAP (those of `transformer_layer_cls`)."""

    min_num_params: Natural = 100_000
    """The number of parameters from which a module becomes a unit with
    SIZE_BASED_WRAP, at least 1."""

    transformer_layer_cls: StrictStr | None = None
    """The class names, separated by commas, that become units with
    TRANSFORMER_BASED_WRAP. None for the classes that the model itself declares."""

    sync_module_states: StrictBool = True
    """Whether the first process broadcasts its weights to the others at the start."""

    def __finalize_and_validate__(self) -> None:
        """Checks that classes are named only where they are used."""
        by_class = self.auto_wrap_policy is AutoWrapPolicy.TRANSFORMER_BASED_WRAP
        if self.transformer_layer_cls is not None and not by_class:
            sentence = (
                f"has no effect with auto_wrap_policy {self.auto_wrap_policy}; write "
                "TRANSFORMER_BASED_WRAP there"
            )
            raise SectionError(
                {"transformer_layer_cls": sentence},
                {"transformer_layer_cls": ["auto_wrap_policy"]},
            )
