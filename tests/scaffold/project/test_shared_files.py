"""The two files that several models share: the list of files, and the manifest."""

import base64
import hashlib
import json
import zlib

import pytest

from oumi_scaffold.exceptions import ManifestError
from oumi_scaffold.project.generated_text import packed
from oumi_scaffold.project.manifest import ModelEntry, updated, with_models
from oumi_scaffold.project.requirements_file import with_lines, without_lines
from oumi_scaffold.rendering.render import RenderedFile


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, b"models/a.py\n"),
        (b"", b"models/a.py\n"),
        (b"models/b.py\n", b"models/b.py\nmodels/a.py\n"),
        (b"models/b.py", b"models/b.py\nmodels/a.py\n"),
        (b"models/b.py\r\n", b"models/b.py\r\nmodels/a.py\r\n"),
        (b"# mine\n\n\n", b"# mine\n\n\nmodels/a.py\n"),
        (b"\xff not text\n", b"\xff not text\nmodels/a.py\n"),
        (b"#models/a.py\n", b"#models/a.py\nmodels/a.py\n"),
    ],
)
def test_a_path_is_appended_and_every_byte_there_stays(
    before: bytes | None, after: bytes
):
    assert with_lines(before, ["models/a.py"]) == after


@pytest.mark.parametrize(
    "content",
    [
        b"models/a.py",
        b"\xef\xbb\xbfmodels/a.py\n",
        b"./models/a.py\n",
        b"  models/a.py \r\n",
        b"x\nmodels/a.py # y\n",
    ],
)
def test_a_path_that_is_listed_is_not_listed_again(content: bytes):
    assert with_lines(content, ["models/a.py"]) == content


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, None),
        (b"models/a.py\n", None),
        (b"models/a.py", None),
        (b"models/b.py\nmodels/a.py\n", b"models/b.py\n"),
        (b"models/a.py\r\nmodels/b.py\r\n", b"models/b.py\r\n"),
        (b"# mine\n\n  ./models/a.py # y\nmodels/b.py", b"# mine\n\nmodels/b.py"),
        (b"#models/a.py\nmodels/a.pyx\n", b"#models/a.py\nmodels/a.pyx\n"),
    ],
)
def test_a_path_is_taken_out_and_every_other_byte_stays(
    before: bytes | None, after: bytes | None
):
    assert without_lines(before, ["models/a.py"]) == after


def model(name: str, text: str = "text\n") -> ModelEntry:
    return ModelEntry(
        name, "a-template", "7", {"model_name": name}, (RenderedFile("a.py", text),)
    )


def test_the_manifest_holds_what_rendering_again_needs():
    manifest = json.loads(with_models(None, [model("MyNet", "é\n")]))
    digest = hashlib.sha256("é\n".encode()).hexdigest()
    assert manifest["format"] == 1
    assert manifest["models"] == {
        "MyNet": {
            "template": "a-template",
            "template_version": "7",
            "answers": {"model_name": "MyNet"},
            "files": {"a.py": f"sha256:{digest}"},
            "texts": packed({"a.py": "é\n"}),
        }
    }


def test_other_entries_and_unknown_keys_of_a_manifest_stay():
    before = {"format": 1, "models": {"Old": {"x": 1}}, "datasets": {"d": {}}}
    after = json.loads(with_models(json.dumps(before).encode(), [model("MyNet")]))
    assert after["models"]["Old"] == {"x": 1}
    assert after["datasets"] == {"d": {}}
    assert list(after["models"]) == ["Old", "MyNet"]


def test_entering_a_model_again_changes_nothing():
    once = with_models(None, [model("MyNet")])
    assert with_models(once, [model("MyNet")]) == once


def test_texts_that_are_the_same_stay_as_another_machine_has_compressed_them():
    document = json.loads(with_models(None, [model("MyNet")]))
    theirs = zlib.compress(b'{"a.py": "text\\n"}', 1)
    document["models"]["MyNet"]["texts"] = base64.b64encode(theirs).decode()
    before = (json.dumps(document, indent=2) + "\n").encode()
    assert with_models(before, [model("MyNet")]) == before
    after = json.loads(with_models(before, [model("MyNet", "new\n")]))
    assert after["models"]["MyNet"]["texts"] == packed({"a.py": "new\n"})


def test_a_model_that_is_entered_again_becomes_the_last_and_an_update_does_not():
    both = with_models(None, [model("One"), model("Two")])
    assert list(json.loads(with_models(both, [model("One")]))["models"]) == [
        *("Two", "One"),
    ]
    assert updated(both, [model("One")]) == both


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"\xff", "not valid JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "no format number"),
        (b'{"format": "1"}', "no format number"),
        (b'{"format": true}', "no format number"),
        (b'{"format": 0}', "no format number"),
        (b'{"format": 2}', "upgrade oumi-scaffold"),
        (b'{"format": 1, "models": []}', "its models are not an object"),
        (b"[" * 100_000, "not valid JSON"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_refused(content: bytes, reason: str):
    with pytest.raises(ManifestError, match=reason) as caught:
        with_models(content, [model("MyNet")])
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
