"""Optimizer, scheduler and random states as safetensors and JSON, without pickle.

A state is a tree of dicts, lists, tuples, plain values and tensors. The tensors go to
one file, the tree with their names in their places to another.
"""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file


def save_state_tree(tree: Any, folder: Path, name: str) -> None:
    """Writes a state as `name.safetensors` and `name.json`.

    Args:
        tree: The state.
        folder: An existing folder.
        name: The files' name without suffix.

    Raises:
        TypeError: The state holds a value that is neither a tensor nor plain.
    """
    tensors: dict[str, torch.Tensor] = {}
    plain = _encode(tree, tensors)
    save_file(tensors, folder / f"{name}.safetensors")
    (folder / f"{name}.json").write_text(json.dumps(plain), encoding="utf-8")


def load_state_tree(folder: Path, name: str) -> Any:
    """Reads what `save_state_tree` wrote; tensors are on the CPU."""
    tensors = load_file(folder / f"{name}.safetensors")
    plain = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return _decode(plain, tensors)


def random_state() -> dict[str, Any]:
    """The state of every random-number generator of this process, in plain values."""
    numpy_state = np.random.get_state(legacy=False)
    generator = numpy_state["state"]
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {
        "python": random.getstate(),
        "numpy": {
            **numpy_state,
            "state": {**generator, "key": generator["key"].tolist()},
        },
        "torch": torch.get_rng_state().tolist(),
        "cuda": [state.tolist() for state in cuda],
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Puts back what `random_state` returned.

    Generators of GPUs that this machine does not have are left out.
    """
    random.setstate(state["python"])
    generator = state["numpy"]["state"]
    key = np.array(generator["key"], dtype=np.uint32)
    np.random.set_state({**state["numpy"], "state": {**generator, "key": key}})
    torch.set_rng_state(torch.tensor(state["torch"], dtype=torch.uint8))
    for device, cuda_state in zip(
        range(torch.cuda.device_count()), state["cuda"], strict=False
    ):
        cuda_tensor = torch.tensor(cuda_state, dtype=torch.uint8)
        torch.cuda.set_rng_state(cuda_tensor, device)


def _encode(tree: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(tree, torch.Tensor):
        name = f"t{len(tensors)}"
        # Tensors that share memory would be refused, so each gets its own.
        tensors[name] = tree.detach().cpu().contiguous().clone()
        return {"tensor": name}
    if isinstance(tree, dict):
        items = [[_encode(k, tensors), _encode(v, tensors)] for k, v in tree.items()]
        return {"dict": items}
    if isinstance(tree, tuple):
        return {"tuple": [_encode(item, tensors) for item in tree]}
    if isinstance(tree, list):
        return [_encode(item, tensors) for item in tree]
    if tree is None or isinstance(tree, bool | int | float | str):
        return tree
    raise TypeError(f"a {type(tree).__name__} cannot be kept in a checkpoint")


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
