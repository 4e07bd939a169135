"""The spec of a request: its names, files and refusals."""

import pytest

from oumi_scaffold.exceptions import InvalidNameError, UnknownChoiceError
from oumi_scaffold.request.spec import model_spec
from oumi_templates.catalog import TASKS


def test_a_name_alone_gives_the_default_task_and_its_first_architecture():
    spec = model_spec("MyNet")
    assert (spec.task, spec.arch) == ("text-classification", "stub")


def test_the_files_are_named_after_the_module():
    spec = model_spec("HTTPNet", "image-classification", "cnn")
    assert spec.model_file == "models/http_net.py"
    assert spec.test_file == "tests/test_http_net.py"
    assert spec.config_file == "configs/http_net.yaml"


def test_the_answers_are_what_the_request_decides():
    assert model_spec("MyNet", arch="mlp").answers == {
        "model_name": "MyNet",
        "module_name": "my_net",
        "arch": "mlp",
    }


@pytest.mark.parametrize(
    ("task", "suggestion"),
    [
        ("text-clasification", "text-classification"),
        ("image", "image-classification"),
        ("Image-Classification", "image-classification"),
    ],
)
def test_a_misspelt_task_names_the_one_that_was_meant(task: str, suggestion: str):
    with pytest.raises(UnknownChoiceError, match=f"did you mean '{suggestion}'"):
        model_spec("MyNet", task)


@pytest.mark.parametrize("task", ["", "/", "{{ 7 * 7 }}"])
def test_a_task_like_no_other_names_all_there_are(task: str):
    with pytest.raises(UnknownChoiceError) as caught:
        model_spec("MyNet", task)
    assert f"use one of {', '.join(TASKS)}" in str(caught.value)
    assert "did you mean" not in str(caught.value)


def test_an_architecture_of_another_task_is_refused():
    with pytest.raises(UnknownChoiceError, match="use one of stub, transformer"):
        model_spec("MyNet", "seq2seq", "cnn")


def test_the_name_is_checked_before_the_task():
    with pytest.raises(InvalidNameError):
        model_spec("my net", "no such task")
