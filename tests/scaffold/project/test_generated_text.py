"""The texts that the manifest keeps."""

import base64
import zlib

import pytest

from oumi_scaffold.project.generated_text import MAX_BYTES, packed, unpacked

TEXTS = {"models/a.py": "é\r\n", "b": "", "c": "{{ x }}\n" * 1000}


def test_texts_come_back_as_they_were():
    line = packed(TEXTS)
    assert unpacked(line) == TEXTS
    assert line.isascii()
    assert "\n" not in line
    assert len(line) < 300


def compressed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode()


@pytest.mark.parametrize(
    "line",
    [
        *(None, 7, "", "x", "é", "====", packed(TEXTS)[:-9]),
        *(compressed(b""), compressed(b"[]"), compressed(b"\xff")),
        compressed(b"[" * 100_000),
        compressed(b'{"a": "' + b"x" * (MAX_BYTES + 1) + b'"}'),
    ],
    ids=range(12),
)
def test_what_cannot_be_read_is_nothing(line: object):
    assert unpacked(line) == {}


def test_what_is_no_text_is_left_out():
    assert unpacked(compressed(b'{"a": 1, "b": "x"}')) == {"b": "x"}
