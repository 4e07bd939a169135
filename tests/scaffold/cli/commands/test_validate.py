"""`validate` on configs with every kind of mistake, alone and two at a time."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from bad_configs import BASE, MISTAKES, Bad, pairs, places_in, text_with, write_project
from programs import python
from trees import make_tree

CASES = [(bad,) for bad in MISTAKES] + pairs()

PROGRAM = """
import json, sys
from oumi_scaffold.cli import main
code = main(["validate", "--json", *sys.argv[1:]])
heavy = sorted({"torch", "transformers", "numpy"} & sys.modules.keys())
print(json.dumps([code, heavy]), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[Bad, ...], list[dict]]:
    """What one process says of each config, after it is seen to load nothing heavy."""
    folder = tmp_path_factory.mktemp("project")
    write_project(folder)
    for number, case in enumerate(CASES):
        text = text_with(*case).replace("^", "")
        (folder / f"{number}.yaml").write_text(text)
    done = python(folder, "-c", PROGRAM, *(f"{n}.yaml" for n in range(len(CASES))))
    assert json.loads(done.stderr) == [2, []]
    files = json.loads(done.stdout)["files"]
    return {case: file["errors"] for case, file in zip(CASES, files, strict=True)}


def test_there_are_enough_of_them_and_the_base_is_good(project: Path, run: Callable):
    write_project(project)
    (project / "base.yaml").write_text(BASE)

    done = run("validate", "base.yaml")

    assert (done.exit_code, done.out) == (0, "ok         base.yaml\n")
    assert len(MISTAKES) >= 60
    assert len(pairs()) >= 200


@pytest.mark.parametrize("bad", MISTAKES, ids=lambda bad: bad.text.strip()[:40])
def test_a_mistake_is_told_at_its_place_and_alone(said: dict, bad: Bad):
    (found,) = said[bad,]

    assert bad.says in found["message"]
    places = [(found["line"], found["column"])]
    assert places == places_in(text_with(bad)) or "^" not in bad.text


@pytest.mark.parametrize(
    "pair", pairs(), ids=lambda pair: " + ".join(bad.text.strip()[:20] for bad in pair)
)
def test_two_mistakes_are_told_at_once(said: dict, pair: tuple[Bad, Bad]):
    found = said[pair]

    assert len(found) == 2
    for bad in pair:
        assert any(bad.says in mistake["message"] for mistake in found)
    places = [(mistake["line"], mistake["column"]) for mistake in found]
    assert sorted(places) == sorted(places_in(text_with(*pair)))


def test_a_file_that_is_missing_is_told_in_the_same_form(project: Path, run: Callable):
    (project / "good.yaml").write_text(BASE)

    done = run("validate", "god.yaml")

    assert done.exit_code == 2
    assert done.out.splitlines()[1] == (
        "god.yaml  the file does not exist (did you mean 'good.yaml'?)"
    )
    (error,) = run("validate", "--json", "god.yaml").document["files"][0]["errors"]
    assert error["line"] is None
    assert error["message"].startswith("the file does not exist")


def test_names_of_one_project_are_not_known_to_the_config_of_another(
    project: Path, run: Callable
):
    for name in ("one", "two"):
        make_tree(project, {f"{name}/config.yaml": BASE})
        write_project(project / name)
    (project / "two/parts.py").write_text("")
    (project / "data.csv").write_text("text,label\n")

    done = run("validate", "--json", "one/config.yaml", "two/config.yaml")

    one, two = done.document["files"]
    assert one["errors"] == []
    assert [error["key"] for error in two["errors"]] == ["model.model_name"]


def test_references_are_put_in_place_where_that_is_asked_for(
    project: Path, run: Callable, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STEPS", "ten")
    write_project(project)
    named = BASE.replace("max_steps: 10", "run_name: ${oc.env:STEPS}")
    counted = BASE.replace("max_steps: 10", "max_steps: ${env:STEPS}")
    (project / "named.yaml").write_text(named)
    (project / "counted.yaml").write_text(counted)

    assert run("validate", "named.yaml").exit_code == 0
    assert run("validate", "named.yaml", "--interpolate").exit_code == 0
    assert "'${env:STEPS}' is not a whole" in run("validate", "counted.yaml").out
    done = run("validate", "--interpolate", "counted.yaml")
    assert "'ten' is not a whole number" in done.out
