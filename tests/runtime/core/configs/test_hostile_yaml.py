"""YAML made to run code, to fill memory or to take forever.

Each is read in a process of its own, whose time and memory are measured.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CPU_SECONDS = 2
MEGABYTES = 300

READ = """
import json, resource, sys
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.exceptions import OumiRuntimeError
try:
    config = TrainingConfig.from_yaml(sys.argv[1])
    said, name = [], config.model.model_name
except OumiRuntimeError as error:
    said, name = str(error).splitlines(), None
used = resource.getrusage(resource.RUSAGE_SELF)
megabytes = used.ru_maxrss / 2**20
if sys.platform == "linux":
    # Linux lets a program begin with the peak of the one that started it.
    status = open("/proc/self/status").read()
    megabytes = int(status.split("VmHWM:")[1].split()[0]) / 2**10
print(json.dumps({
    "said": said, "model": name, "torch": "torch" in sys.modules,
    "seconds": used.ru_utime + used.ru_stime, "megabytes": megabytes,
}))
"""

LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 8)
)
GOOD = b"model:\n  model_name: MyNet\n"


def read(path: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = json.loads(done.stdout)
    assert found["seconds"] < CPU_SECONDS
    assert found["megabytes"] < MEGABYTES
    assert not found["torch"]
    return found


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"model: !!python/object/apply:os.system ['touch HERE']\n",
            ":1:8  model: the",
        ),
        (b"model: !!python/object/new:os.system [x]\n", "is not allowed; leave it out"),
        (LAUGHS.encode(), "more than 100000 values, counting aliases"),
        (b"a: " + b"[" * 5000 + b"]" * 5000, "nested more than 100 levels deep"),
        (b"".join(b" " * n + b"a:\n" for n in range(1300)), "levels deep"),
        (b"a: " + b"{a: " * 5000 + b"}" * 5000, "nested more than 100 levels deep"),
        (b"? " * 5000, "levels deep"),
        (b"model:\n  model_name: My\0Net\n", "not valid YAML"),
        (b"\0" * 1000, "not valid YAML"),
        (GOOD.decode().encode("utf-16"), ":1:1  the file is not UTF-8 text"),
        (b"model:\n\tmodel_name: MyNet\n", ":2:1  not valid YAML"),
        (b"a: &a {b: *a}\n", "no anchor &a is defined before"),
        (b"x: " + b"9" * 900_000, "unknown key"),
        (b"".join(b"k%d: 1\n" % n for n in range(60_000)), "unknown key"),
        (b"- " * 200_000, "more than 100"),
        (b"a: '" + b"x" * 900_000 + b"'\n", "unknown key"),
        (b"", "is empty"),
    ],
    ids=lambda value: None if isinstance(value, str) else repr(value[:24])[2:-1],
)
def test_it_is_refused_soon_and_in_little_memory(tmp_path, content, sentence):
    path = tmp_path / "a.yaml"
    path.write_bytes(content)

    said = read(path)["said"]

    assert said
    assert any(sentence in line for line in said)
    assert all(line.startswith(str(path)) for line in said)
    assert not (tmp_path / "HERE").exists()


def test_a_file_of_a_hundred_megabytes_is_refused_without_reading_it(tmp_path):
    path = tmp_path / "a.yaml"
    with path.open("wb") as file:
        file.write(GOOD)
        file.truncate(100_000_000)

    (line,) = read(path)["said"]

    assert line == f"{path}  the file is too large; a config has at most 1000000 bytes"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        GOOD + b"  # a tab\tafter text\n",
        b"%YAML 1.2\n---\n" + GOOD + b"...\n",
    ],
    ids=["byte order mark", "windows line ends", "tab in a comment", "directive"],
)
def test_what_is_only_unusual_is_read(tmp_path, content):
    path = tmp_path / "a.yaml"
    path.write_bytes(content)

    found = read(path)

    assert found["said"] == []
    assert found["model"] == "MyNet"


def test_a_device_is_no_file_that_is_read_for_ever():
    (line,) = read(Path("/dev/zero"))["said"]

    assert "too large" in line
