"""What every cell is written as, in files that a change has to change too."""

import os
from pathlib import Path

import pytest
from cells import CELLS, rendered
from datasets_of_tasks import DATASETS, rendered_dataset

from oumi_scaffold.rendering.render import RenderedFile, render
from oumi_scaffold.request.project_spec import project_spec
from oumi_scaffold.template.folder import load_template
from oumi_templates.catalog import PROJECT, template_dir

GOLDEN = Path(__file__).parent / "golden"


def check(name: str, files: tuple[RenderedFile, ...]) -> None:
    text = "\n".join(f"{'=' * 8} {file.path}\n{file.text}" for file in files)
    file = GOLDEN / f"{name}.txt"
    if "UPDATE_GOLDEN" in os.environ:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    assert file.read_text() == text, "see CONTRIBUTING.md"


@pytest.mark.parametrize(("task", "arch"), CELLS)
def test_a_cell_is_written_as_it_was(task: str, arch: str):
    check(f"{task}.{arch}", rendered(task, arch, "MyNet"))


@pytest.mark.parametrize(("task", "kind"), DATASETS)
def test_a_dataset_is_written_as_it_was(task: str, kind: str):
    check(f"dataset.{task}.{kind}", rendered_dataset(task, kind, "MyRows"))


def test_a_project_is_written_as_it_was():
    template = load_template(template_dir(PROJECT), PROJECT)
    check("project", render(template, project_spec("wave-lab", "WaveNet").answers))


def test_there_is_no_file_of_a_cell_that_there_is_not():
    known = {f"{task}.{arch}.txt" for task, arch in CELLS} | {"project.txt"}
    known |= {f"dataset.{task}.{kind}.txt" for task, kind in DATASETS}
    assert {path.name for path in GOLDEN.iterdir()} == known
