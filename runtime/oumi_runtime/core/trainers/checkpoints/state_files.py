"""Optimizer, scheduler and random states as safetensors and JSON, without pickle.

A state is a tree of dicts, lists, tuples, plain values and tensors. The tensors are
written to one file, and the tree, with references to them, to another.
"""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from oumi_runtime.core.files import read_json
from oumi_runtime.core.models.packed_tensors import pack_tensors
from oumi_runtime.core.models.tensor_files import check_tensor_file
from oumi_runtime.core.trainers.checkpoints.snapshot import FileContent
from oumi_runtime.exceptions import CheckpointError

_MAX_TENSORS = 10_000
_PLAIN = {type(None), bool, int, float, str}
_NO_STATE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


def state_files(tree: Any, name: str) -> dict[str, FileContent]:
    """Serializes a state to the files `name.safetensors` and `name.json`.

    Args:
        tree: The state; its tensors are copied.
        name: The name of the files, without suffix.

    Returns:
        The content of each file, for a `Snapshot`.

    Raises:
        TypeError: The state holds a value that is neither a tensor nor plain.
    """
    tensors: dict[str, torch.Tensor] = {}
    plain = _encode(tree, tensors)
    return {
        f"{name}.safetensors": pack_tensors(tensors),
        f"{name}.json": json.dumps(plain).encode(),
    }


def load_state_tree(folder: Path, name: str, max_tensors: int = _MAX_TENSORS) -> Any:
    """Reads a state back from the files of `state_files`; tensors are on the CPU.

    Args:
        folder: The folder of the files.
        name: The name of the files, without suffix.
        max_tensors: The maximum number of tensors in the state.

    Raises:
        CheckpointError: A file is missing, damaged, or not a state.
    """
    path = folder / f"{name}.json"
    try:
        check_tensor_file(folder / f"{name}.safetensors", max_tensors)
        tensors = load_file(folder / f"{name}.safetensors")
        return _decode(read_json(path, folder), tensors)
    except FileNotFoundError:
        raise CheckpointError(f"{folder} holds no {name}") from None
    except _NO_STATE as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{path} holds no training state: {reason}") from error


def random_state() -> dict[str, Any]:
    """Returns the state of all random number generators of this process.

    Its tensors are copies on the CPU.
    """
    version, numbers, gauss = random.getstate()
    numpy_state = np.random.get_state(legacy=False)
    generator = numpy_state["state"]
    key = torch.from_numpy(generator["key"].astype(np.int64))
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {
        "python": (version, torch.from_numpy(np.fromiter(numbers, np.int64)), gauss),
        "numpy": {**numpy_state, "state": {**generator, "key": key}},
        "torch": torch.get_rng_state(),
        "cuda": cuda,
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Restores what `random_state` returned.

    States of GPUs that this machine does not have are ignored.
    """
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers.tolist()), gauss))
    generator = state["numpy"]["state"]
    key = generator["key"].numpy().astype(np.uint32)
    np.random.set_state({**state["numpy"], "state": {**generator, "key": key}})
    torch.set_rng_state(state["torch"])
    devices = range(torch.cuda.device_count())
    for device, cuda_state in zip(devices, state["cuda"], strict=False):
        torch.cuda.set_rng_state(cuda_state, device)


def _encode(tree: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if type(tree) in _PLAIN:
        return tree
    if isinstance(tree, torch.Tensor):
        name = f"t{len(tensors)}"
        tensors[name] = tree
        return {"tensor": name}
    if isinstance(tree, dict):
        items = [[_encode(k, tensors), _encode(v, tensors)] for k, v in tree.items()]
        return {"dict": items}
    if isinstance(tree, tuple | list):
        items = [_encode(item, tensors) for item in tree]
        return {"tuple": items} if isinstance(tree, tuple) else items
    if isinstance(tree, int | float | str):  # Subclasses, such as enums.
        return tree
    raise TypeError(f"a {type(tree).__name__} cannot be saved in a checkpoint")


def _decode(plain: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(plain, list):
        return [_decode(item, tensors) for item in plain]
    if not isinstance(plain, dict):
        return plain
    ((kind, value),) = plain.items()
    if kind == "tensor":
        return tensors[value]
    if kind == "tuple":
        return tuple(_decode(item, tensors) for item in value)
    return {_decode(k, tensors): _decode(v, tensors) for k, v in value}
