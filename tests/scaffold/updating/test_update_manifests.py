"""What an update needs of the manifest, and older ones do not have."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from own_templates import NewerTemplate
from updates import (
    CONFIG,
    MANIFEST,
    MODEL,
    TEST,
    edit,
    is_up_to_date,
    statuses,
)

from oumi_scaffold.project.generated_text import packed


def without_texts(project: Path) -> None:
    """Makes the manifest one of an older version."""
    document = json.loads((project / MANIFEST).read_text())
    del document["folders"], document["models"]["MyNet"]["texts"]
    (project / MANIFEST).write_text(json.dumps(document, indent=2) + "\n")


def test_an_older_manifest_has_what_an_update_of_untouched_files_needs(
    project: Path, run: Callable, newer: NewerTemplate
):
    without_texts(project)
    newer.append("configs", "# new\n")
    assert run("update").exit_code == 0
    assert (project / CONFIG).read_text().endswith("# new\n")
    assert is_up_to_date(run)
    entry = json.loads((project / MANIFEST).read_text())["models"]["MyNet"]
    assert "texts" in entry


@pytest.mark.usefixtures("newer")
def test_an_older_manifest_is_enough_for_other_answers_of_the_same_template(
    project: Path, run: Callable
):
    edit(project, "nn.Linear(", "nn.Linear(  # mine\n            ")
    without_texts(project)
    assert run("update").exit_code == 0
    without_texts(project)
    done = run("update", "MyNet", "--set", "hidden_dim=64", "--json")
    assert done.exit_code == 0
    assert statuses(done.document)[MODEL] == "merge"


def test_an_older_manifest_cannot_tell_what_a_changed_file_was(
    project: Path, run: Callable, newer: NewerTemplate
):
    edit(project, "import torch", "import torch  # mine", TEST)
    without_texts(project)
    newer.append("tests", "# new\n")
    done = run("update")
    assert done.exit_code == 3
    assert f"{TEST} (what it was generated with is not known)" in done.err


def test_a_damaged_text_in_the_manifest_does_no_harm(
    project: Path, run: Callable, newer: NewerTemplate
):
    edit(project, "import torch", "import torch  # mine", TEST)
    document = json.loads((project / MANIFEST).read_text())
    document["models"]["MyNet"]["texts"] = packed({TEST: "something else\n"})
    (project / MANIFEST).write_text(json.dumps(document))
    newer.append("tests", "# new\n")
    done = run("update")
    assert done.exit_code == 3
    assert f"{TEST} (what it was generated with is not known)" in done.err
