"""The catalogue of tasks and architectures agrees with the template folders."""

import json
from pathlib import Path

import pytest

from oumi_templates.catalog import DEFAULT_TASK, TASKS, TEMPLATES, template_dir


@pytest.mark.parametrize("task", TASKS)
def test_a_task_has_a_template_that_offers_its_architectures(task: str):
    settings = json.loads((template_dir(task) / "cookiecutter.json").read_text())
    assert settings["arch"] == list(TASKS[task].architecture_names)
    assert TASKS[task].default_architecture.name == settings["arch"][0]


def test_every_template_folder_is_in_the_catalogue():
    import oumi_templates

    root = Path(oumi_templates.__file__).parent
    folders = {path.parent for path in root.glob("*/cookiecutter.json")}
    assert folders == {template_dir(name) for name in TEMPLATES}


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_a_template_can_write_for_the_targets_of_its_task(task):
    settings = json.loads((template_dir(task.name) / "cookiecutter.json").read_text())
    assert tuple(settings.get("target", ["runtime"])) == task.targets


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_every_summary_is_a_line_without_a_full_stop(task):
    for summary in [task.summary, *(arch.summary for arch in task.architectures)]:
        assert summary
        assert "\n" not in summary
        assert not summary.endswith(".")


def test_the_default_task_is_in_the_catalogue():
    assert DEFAULT_TASK in TASKS


@pytest.mark.parametrize("task", TASKS)
def test_the_default_architecture_is_the_same_for_every_task(task: str):
    assert TASKS[task].default_architecture.name == "stub"


def test_there_is_no_template_of_a_task_that_there_is_not():
    with pytest.raises(KeyError):
        template_dir("../text_classification")


# A template is whole by itself, to be copied and edited; so these stand in several.
ENCODERS = ("text-classification", "token-classification", "embedding")
TABLES = ("tabular-classification", "tabular-regression")
SHARED = [
    ("layer.py", ENCODERS),
    ("layer.py", TABLES),
    ("heads_check.py", (*ENCODERS, "causal-lm", "seq2seq")),
    ("loss.py", ("text-classification", "image-classification", TABLES[0])),
]


@pytest.mark.parametrize(("partial", "tasks"), SHARED)
def test_what_templates_share_is_the_same_in_each(partial: str, tasks: tuple[str, ...]):
    texts = {(template_dir(each) / "templates" / partial).read_text() for each in tasks}
    assert len(texts) == 1, "what is mended in one has to be mended in all"
