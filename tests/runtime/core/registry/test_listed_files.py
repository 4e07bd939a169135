"""How the list of a user's files is found, and how it is read."""

import pytest
from net_sources import net

from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import (
    UnknownNameError,
)

MODEL = RegistryType.MODEL


def test_a_name_is_found_through_the_list_in_the_working_folder(project):
    project({"oumi_requirements.txt": "models/a.py\n", "models/a.py": net("A")})

    assert REGISTRY.contains("a", MODEL)
    assert REGISTRY.get_all(MODEL) == {}
    assert REGISTRY["a", MODEL].__name__ == "Net"
    assert list(REGISTRY.get_all(MODEL)) == ["A"]


def test_the_list_may_stand_above_the_working_folder(project, monkeypatch):
    folder = project({"oumi_requirements.txt": "a.py", "a.py": net("A"), "x/y/z": ""})
    monkeypatch.chdir(folder / "x/y")

    assert REGISTRY.get("A", MODEL) is not None


def test_the_list_may_stand_above_a_search_root(write):
    folder = write({"oumi_requirements.txt": "a.py", "a.py": net("A"), "configs/c": ""})

    assert REGISTRY.get("A", MODEL) is None
    REGISTRY.add_search_root(folder / "configs")
    assert REGISTRY.get("A", MODEL) is not None


def test_the_environment_may_name_the_list_by_any_name(write, monkeypatch):
    folder = write({"lists/mine.txt": "../a.py\n", "a.py": net("A")})
    monkeypatch.setenv("OUMI_EXTRA_DEPS_FILE", str(folder / "lists/mine.txt"))

    assert REGISTRY.get("A", MODEL) is not None


def test_the_environment_counts_before_a_root_and_a_root_before_the_folder(
    project, monkeypatch
):
    folder = project(
        {f"{k}/oumi_requirements.txt": "a.py" for k in "123"}
        | {f"{k}/a.py": net("A", f"Net{k}") for k in "123"}
    )
    monkeypatch.chdir(folder / "3")
    REGISTRY.add_search_root(folder / "2")
    monkeypatch.setenv("OUMI_EXTRA_DEPS_FILE", str(folder / "1/oumi_requirements.txt"))

    order = [d.class_name for d in REGISTRY.declared(MODEL)]

    assert order == ["Net1", "Net2", "Net3"]
    assert REGISTRY["A", MODEL].__name__ == "Net1"


def test_comments_blank_lines_and_a_byte_order_mark_are_passed_over(project):
    project(
        {
            "oumi_requirements.txt": "\ufeff# mine\n\n  a.py  # the first\n",
            "a.py": net("A"),
        }
    )

    assert REGISTRY.get("A", MODEL) is not None


def test_a_bad_list_harms_only_the_name_that_is_not_found(project):
    folder = project(
        {
            "oumi_requirements.txt": "gone.py\nbroken.py\nnotes.txt\na.py",
            "broken.py": "register\ndef (",
            "notes.txt": "",
            "a.py": net("A"),
        }
    )

    assert REGISTRY.get("A", MODEL) is not None
    with pytest.raises(UnknownNameError) as caught:
        REGISTRY["Aa", MODEL]
    text = str(caught.value)
    listing = folder / "oumi_requirements.txt"
    assert "no model is named 'Aa' (did you mean 'A'?)" in text
    assert f"looked in {listing}" in text
    assert f"{listing}:1 lists gone.py, which does not exist" in text
    assert f"{folder / 'broken.py'}:2 cannot be parsed" in text
    assert f"{listing}:3 lists notes.txt, which is not a .py file" in text
    assert "\n" not in text
    assert len(REGISTRY.problems()) == 3


def test_a_missing_list_of_the_environment_is_mentioned(monkeypatch):
    monkeypatch.setenv("OUMI_EXTRA_DEPS_FILE", "/no/such/list.txt")

    text = str(REGISTRY.unknown("A", MODEL))

    assert "/no/such/list.txt cannot be read: no such file or directory" in text


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (", registry.RegistryType.MODELS", "as registry.RegistryType.MODELS"),
        (", 'model'", "as 'model'"),
        (", RegistryType.DATASET", "as RegistryType.DATASET"),
        ("", "without a kind"),
    ],
)
def test_a_registration_of_another_or_no_kind_is_named(project, kind, sentence):
    source = f'@registry.register("Net"{kind})\nclass Net:\n    pass\n'
    folder = project({"oumi_requirements.txt": "a.py", "a.py": source})

    text = str(REGISTRY.unknown("net", MODEL))

    place = folder / "a.py"
    assert f"{place}:1 registers it {sentence}, not as RegistryType.MODEL" in text
    assert "did you mean" not in text


def test_a_registration_of_the_right_kind_is_not_blamed(project):
    project({"oumi_requirements.txt": "a.py", "a.py": net("A")})
    assert "registers it" not in str(REGISTRY.unknown("A", MODEL))


def test_where_no_name_is_near_it_says_where_to_list_files(project, monkeypatch):
    folder = project({"oumi_requirements.txt": "a.py", "a.py": net("A")})
    text = str(REGISTRY.unknown("Perceiver", MODEL))
    listing = folder / "oumi_requirements.txt"
    assert text.endswith(f"looked in {listing}; if it is yours, list its file there")
    assert "list its" not in str(REGISTRY.unknown("Aa", MODEL))
