"""What `wrap` is pointed at, and by which name it is imported."""

from pathlib import Path

import pytest
from trees import make_tree

from oumi_scaffold.exceptions import UnknownChoiceError, WrapError
from oumi_scaffold.wrapping.target import Target, find_target

CLASS = "class A:\n    pass\n"


@pytest.mark.parametrize(
    ("path", "text", "module"),
    [
        ("wt_one.py", "wt_one.py:A", "wt_one"),
        ("wt_one.py", "wt_one:A", "wt_one"),
        ("wt_pack/inner/a.py", "wt_pack/inner/a.py:A", "wt_pack.inner.a"),
        ("wt_pack/__init__.py", "wt_pack:A", "wt_pack"),
        ("wt_pack/__init__.py", "wt_pack/__init__.py:A", "wt_pack"),
        ("src/wt_two/a.py", "src/wt_two/a.py:A", "src.wt_two.a"),
        ("wt_names/b/c.py", "wt_names/b/c.py:A", "wt_names.b.c"),
    ],
)
def test_a_file_is_imported_from_the_folder_of_the_project(
    project: Path, path: str, text: str, module: str
):
    make_tree(project, {path: CLASS})
    if path.startswith("wt_pack"):
        make_tree(project, {"wt_pack/__init__.py": CLASS})
    assert find_target(text, project) == Target(module, "A", True)


def test_a_src_folder_that_is_installed_is_imported_by_the_name_of_its_package(
    project: Path, monkeypatch: pytest.MonkeyPatch
):
    make_tree(project, {"src/wt_pack/__init__.py": "", "src/wt_pack/a.py": CLASS})
    monkeypatch.syspath_prepend(project / "src")
    target = find_target("src/wt_pack/a.py:A", project)
    assert target == Target("wt_pack.a", "A", True)


def test_a_file_outside_of_the_project_counts_if_it_is_installed(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    make_tree(tmp_path / "place", {"wt_out.py": CLASS})
    with pytest.raises(WrapError, match="cannot import it"):
        find_target("../place/wt_out.py:A", project)
    monkeypatch.syspath_prepend(tmp_path / "place")
    target = find_target("../place/wt_out.py:A", project)
    assert target == Target("wt_out", "A", False)


def test_a_name_that_something_else_has_is_refused(project: Path):
    make_tree(project, {"json.py": CLASS, "torch/nets.py": CLASS})
    with pytest.raises(WrapError, match="import json gives"):
        find_target("json.py:A", project)
    with pytest.raises(WrapError, match="cannot import it"):
        find_target("torch/nets.py:A", project)


@pytest.mark.parametrize(
    "text",
    [
        "from x import A\n",
        "from x import B as A\n",
        "from x import *\n",
        "A = 1\n",
        "def A(): ...\n",
        "try:\n    from x import A\nexcept ImportError:\n    A = None\n",
        "def __getattr__(name): ...\n",
    ],
)
def test_a_name_may_be_bound_in_any_way(project: Path, text: str):
    make_tree(project, {"wt_names.py": text})
    assert find_target("wt_names:A", project).name == "A"


def test_a_name_that_is_not_there_is_answered_with_the_nearest(project: Path):
    make_tree(project, {"wt_near.py": "class ResNet:\n    pass\n", "wt_no.py": ""})
    with pytest.raises(UnknownChoiceError, match="did you mean 'ResNet'"):
        find_target("wt_near:Resnet", project)
    with pytest.raises(WrapError, match="has no class 'A', and no other"):
        find_target("wt_no:A", project)
