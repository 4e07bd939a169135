"""Hostile and damaged files, and what reading each of them costs.

Run as a program it prints one JSON list: for each file the exit code, the sentence, the
seconds, the memory beyond that of torch, and whether anything of it was run.
"""

import contextlib
import dataclasses
import io
import json
import os
import pickle
import resource
import signal
import struct
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # which an optimizer loads
import torch._inductor.config
from safetensors.torch import load_file, save_file

from oumi_runtime.builders import build_model
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.core.trainers.checkpoints.manifest import (
    MANIFEST_FILENAME,
    FileRecord,
    Manifest,
    digest,
    seal,
)
from oumi_runtime.exceptions import OumiRuntimeError
from oumi_runtime.models import MLPEncoder
from oumi_runtime.train import main

CANARY = "RAN"
LIMIT_S = 30
FLOAT = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
Change = Callable[[Path], Any]


class Bomb:
    """Leaves a file where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, (f"touch {CANARY}",))


def weights(header: Any, data: bytes = b"", length: int | None = None) -> Change:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = struct.pack("<Q", len(text) if length is None else length)
    return lambda folder: (folder / "model.safetensors").write_bytes(size + text + data)


def record_of(path: Path) -> FileRecord:
    content = path.read_bytes()
    return FileRecord(len(content), digest(content))


def written(name: str, content: bytes | str) -> Change:
    raw = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(raw)


def replaced(name: str, make: Callable[[Path], Any]) -> Change:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)

    return change


def tensors(change: Callable[[dict[str, torch.Tensor]], Any]) -> Change:
    def apply(folder: Path) -> None:
        path = folder / "model.safetensors"
        content = {name: tensor.clone() for name, tensor in load_file(path).items()}
        change(content)
        save_file(content, path)

    return apply


def config(**entries: Any) -> Change:
    def apply(folder: Path) -> None:
        content = json.loads((folder / "config.json").read_text())
        arguments = {**content["init_kwargs"], **entries.pop("init_kwargs", {})}
        content |= {"init_kwargs": arguments, **entries}
        (folder / "config.json").write_text(json.dumps(content))

    return apply


def zipped(folder: Path) -> None:
    torch.save({"weight": Bomb()}, folder / "model.safetensors")


def remote_code(folder: Path) -> None:
    (folder / "evil.py").write_text(f"import os\nos.system('touch {CANARY}')\n")
    auto_map = {"AutoModel": "evil.Evil", "AutoConfig": "evil.Config"}
    more = {"auto_map": auto_map, "trust_remote_code": True, "architectures": ["Evil"]}
    config(model_type="Evil", model_name="evil.Evil", **more)(folder)


def first(content: dict[str, torch.Tensor]) -> torch.Tensor:
    return content[sorted(content)[0]]


TENSOR = '{{"t{}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}}}'
MANY = json.dumps(
    {
        f"t{n}": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
        for n in range(300_000)
    }
).encode()
LARGE = {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}
FITS = {"dtype": "F32", "shape": [5 * 10**9], "data_offsets": [0, 2 * 10**10]}

MODELS: dict[str, Change] = {
    "a pickle": written("model.safetensors", pickle.dumps(Bomb())),
    "a pickle of protocol 0": written("model.safetensors", pickle.dumps(Bomb(), 0)),
    "a zip of torch.save": zipped,
    "an empty file": written("model.safetensors", b""),
    "seven bytes": written("model.safetensors", b"1234567"),
    "text": written(
        "model.safetensors", "version https://git-lfs.github.com/spec/v1\n"
    ),
    "a header of 2**64 bytes": weights({}, length=2**64 - 1),
    "a header of 2**63 bytes": weights({}, length=2**63),
    "a header longer than the file": weights({}, length=1000),
    "a header that is not JSON": weights(b"{'a': 1}"),
    "a header of brackets": weights(b"[" * 500_000),
    "a header that is a list": weights([]),
    "a header with NaN": weights(b'{"a": NaN}'),
    "a name that comes twice": weights(b'{"a": 1, "a": 2}'),
    "tensors that overlap": weights({"a": FLOAT, "b": FLOAT}, bytes(8)),
    "a gap": weights({"a": {**FLOAT, "data_offsets": [8, 16]}}, bytes(16)),
    "a tensor beyond the end": weights({"a": FLOAT}, bytes(4)),
    "offsets that go back": weights({"a": {**FLOAT, "data_offsets": [8, 0]}}, bytes(8)),
    "a product beyond 2**64": weights({"a": {**FLOAT, "shape": [2**62, 4]}}, bytes(8)),
    "a product of exactly 2**64": weights(
        {"a": {**FLOAT, "shape": [2**32, 2**32]}}, bytes(8)
    ),
    "a shape of 10**12": weights({"a": LARGE}),
    "20 GB that a system would promise": weights({"a": FITS}),
    "a negative shape": weights({"a": {**FLOAT, "shape": [-2]}}, bytes(8)),
    "a shape of fractions": weights({"a": {**FLOAT, "shape": [2.0]}}, bytes(8)),
    "an unknown dtype": weights({"a": {**FLOAT, "dtype": "OBJ"}}, bytes(8)),
    "300,000 tensors": weights(MANY),
    "30 MB of blanks": weights(b"{}" + b" " * 30_000_000),
    "a link to /etc/passwd": replaced(
        "model.safetensors", lambda p: p.symlink_to("/etc/passwd")
    ),
    "a link to /dev/zero": replaced(
        "model.safetensors", lambda p: p.symlink_to("/dev/zero")
    ),
    "a pipe": replaced("model.safetensors", os.mkfifo),
    "a folder": replaced("model.safetensors", Path.mkdir),
    "NaN in the weights": tensors(lambda t: first(t).fill_(float("nan"))),
    "infinity in the weights": tensors(
        lambda t: first(t).view(-1)[-1:].fill_(float("inf"))
    ),
    "another model's names": tensors(lambda t: t.update(extra=torch.ones(2))),
    "a missing weight": tensors(lambda t: t.pop(sorted(t)[0])),
    "config: no JSON": written("config.json", "{init_kwargs: !!python/name:os.system}"),
    "config: a list": written("config.json", "[]"),
    "config: brackets": written("config.json", "[" * 500_000),
    "config: 40 MB": written("config.json", '"' + "x" * 40_000_000 + '"'),
    "config: a number of 10,000 digits": written("config.json", "1" * 10_000),
    "config: not UTF-8": written("config.json", b"\xff\xfe{}"),
    "config: a link to /dev/zero": replaced(
        "config.json", lambda p: p.symlink_to("/dev/zero")
    ),
    "config: a pipe": replaced("config.json", os.mkfifo),
    "config: code of its own": remote_code,
    "config: an import string": config(model_type="os.system", model_name="os.system"),
    "config: 10**12 rows": config(init_kwargs={"input_dim": 10**12}),
    "config: 40 GB that a system would promise": config(
        init_kwargs={"hidden_dim": 10**5}
    ),
    "config: 10**30 rows": config(init_kwargs={"input_dim": 10**30}),
    "config: a size that is a text": config(init_kwargs={"input_dim": "os.system"}),
    "config: less than no rows": config(init_kwargs={"input_dim": -1}),
    "config: an unknown argument": config(init_kwargs={"__class__": "x"}),
    "config: arguments that are a list": written("config.json", '{"init_kwargs": []}'),
}


def state(change: Callable[[Any], Any]) -> Change:
    def apply(folder: Path) -> None:
        path = folder / "training_state.json"
        tree = json.loads(path.read_text())
        entries = dict(tree["dict"])
        changed = change(entries)
        if changed is None:
            changed = {"dict": [[key, value] for key, value in entries.items()]}
        path.write_text(json.dumps(changed))

    return apply


def manifest(change: Callable[[dict[str, Any]], Any]) -> Change:
    def apply(folder: Path) -> None:
        path = folder / MANIFEST_FILENAME
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content, indent=1) + "\n")

    return apply


def entry(tree: dict[str, Any], name: str) -> list[Any]:
    found: list[Any] = tree[name]["dict"]
    return found


# Each but those of the manifest gets hashes that are right.
CHECKPOINTS: dict[str, Change] = {
    "a manifest with a path": manifest(
        lambda m: m["files"].update({"../../x": {"bytes": 1, "xxh128": "0"}})
    ),
    "a manifest with another hash": manifest(
        lambda m: m["files"]["config.json"].update(xxh128="0" * 32)
    ),
    "a manifest of another format": manifest(lambda m: m.update(format="pickle")),
    "a manifest that is a link": replaced(
        MANIFEST_FILENAME, lambda p: p.symlink_to("/etc/passwd")
    ),
    "state: no tree": state(lambda t: {"tensor": "t9999"}),
    "state: brackets": written("training_state.json", "[" * 500_000),
    "state: a pickle": written("training_state.safetensors", pickle.dumps(Bomb())),
    "state: 300,000 tensors": written(
        "training_state.safetensors", struct.pack("<Q", len(MANY)) + MANY
    ),
    "state: another trainer": state(lambda t: t.update(trainer="os.system")),
    "state: a trainer that is not a string": state(lambda t: t.update(trainer=3)),
    "state: a step before the first": state(
        lambda t: entry(t, "progress").append(["global_step", -5])
    ),
    "state: a step after the last": state(
        lambda t: entry(t, "progress").append(["global_step", 10**9])
    ),
    "state: a step that is a text": state(
        lambda t: entry(t, "progress").append(["global_step", "1"])
    ),
    "state: a schedule with a method": state(
        lambda t: entry(t, "scheduler").append(["step", "os.system"])
    ),
    "state: no optimizer": state(lambda t: t.pop("optimizer") and None),
    "state: no random numbers": state(lambda t: t.update(random=[])),
    "checkpoint: NaN in the weights": tensors(lambda t: first(t).fill_(float("nan"))),
    "checkpoint: another model": tensors(lambda t: t.update(extra=torch.ones(2))),
    "checkpoint: other shapes": tensors(
        lambda t: t.update({sorted(t)[0]: torch.ones(2)})
    ),
}

TRAINING = """
model:
  model_name: CnnClassifier
  model_kwargs: {image_width: 8, image_height: 8, in_channels: 1, kernel_size: 2}
data: {train: {datasets: [{dataset_name: digits, split: train}]}}
training:
  output_dir: run
  max_steps: 2
  save_steps: 1
  save_final_model: false
  telemetry: {telemetry_dir: null}
"""
EVIL_YAML = "model: !!python/object/apply:os.system ['touch RAN']\n"


@dataclasses.dataclass
class Outcome:
    """What reading a file has come to."""

    name: str
    code: int
    sentence: str
    seconds: float  # of the processor
    megabytes: float
    ran: bool


def measure(name: str, folder: Path, act: Callable[[], int]) -> Outcome:
    """Runs an act in a process of its own."""
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        # Less than its parent's: what is mapped from files is not, until it is used.
        before = _resident()
        os.chdir(folder)
        signal.alarm(LIMIT_S)
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            try:
                code = act()
            except OumiRuntimeError as error:
                code = error.exit_code
                print(error)
            except BaseException as error:
                code = 99
                print(f"{type(error).__name__}: {error}")
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = used.ru_utime + used.ru_stime
        more = used.ru_maxrss / 1024 - before
        answer = [code, said.getvalue()[-2000:], more, seconds]
        os.write(writes, json.dumps(answer).encode())
        os._exit(0)
    os.close(writes)
    with os.fdopen(reads) as told:
        text = told.read()
    os.waitpid(pid, 0)
    never = (-signal.SIGALRM, "it did not end", 0.0, float(LIMIT_S))
    code, sentence, more, seconds = json.loads(text) if text else never
    ran = (folder / CANARY).exists()
    return Outcome(name, code, sentence.strip(), seconds, more, ran)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def build(folder: Path) -> int:
    build_model(ModelParams(model_name=str(folder)))
    return 0


def all_outcomes() -> list[Outcome]:
    outcomes = []
    for name, change in MODELS.items():
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "saved"
            MLPEncoder(50, 8, 3).save_pretrained(folder)
            os.chdir(folder)
            change(folder)
            outcomes.append(measure(name, folder, lambda f=folder: build(f)))
    with tempfile.TemporaryDirectory() as parent:
        config_file = Path(parent) / "config.yaml"
        config_file.write_text(TRAINING)
        done = measure("nothing", Path(parent), lambda: main(["-c", "config.yaml"]))
        assert done.code == 0, done
        for name, change in CHECKPOINTS.items():
            folder = Path(parent) / "run" / "checkpoint-1"
            kept = {path.name: path.read_bytes() for path in folder.iterdir()}
            change(folder)
            if "manifest" not in name:
                (folder / MANIFEST_FILENAME).unlink()
                files = {p.name: record_of(p) for p in folder.iterdir() if p.is_file()}
                seal(folder, Manifest(1, files))
            arguments = ["-c", "config.yaml", "--training.output_dir", "other"]
            arguments += ["--training.resume_from_checkpoint", str(folder)]
            outcomes.append(measure(name, Path(parent), lambda a=arguments: main(a)))
            for path in folder.iterdir():
                path.unlink()
            for file, content in kept.items():
                (folder / file).write_bytes(content)
        config_file.write_text(EVIL_YAML)
        act = lambda: main(["-c", "config.yaml"])  # noqa: E731
        outcomes.append(measure("a config with a Python object", Path(parent), act))
    return outcomes


if __name__ == "__main__":
    torch.set_num_threads(1)
    json.dump([dataclasses.asdict(each) for each in all_outcomes()], sys.stdout)
