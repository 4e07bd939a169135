"""A user's files are imported only when needed, and what may go wrong with them."""

import importlib
import pickle
import subprocess
import sys
import threading

import pytest
from net_sources import net

from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.core.registry.loading import load_file
from oumi_runtime.exceptions import (
    DuplicateNameError,
    NotRegisteredError,
)

MODEL = RegistryType.MODEL


def test_only_the_file_that_holds_the_name_is_imported(project):
    tree = {f"m{k}.py": net(f"M{k}", first="import seen") for k in range(20)}
    tree["seen.py"] = ""
    tree["oumi_requirements.txt"] = "\n".join(tree)
    project({**tree, **{"m7.py": net("M7")}})

    assert REGISTRY["m7", MODEL].__name__ == "Net"
    assert list(REGISTRY.get_all(MODEL)) == ["M7"]
    assert "seen" not in sys.modules


def test_files_named_like_each_other_or_like_a_library_work(project):
    project(
        {
            "oumi_requirements.txt": "x/model.py\ny/model.py\njson.py\n",
            "x/model.py": net("X"),
            "y/model.py": net("Y"),
            "json.py": net("J", first="import json\njson.dumps"),
        }
    )

    found = {REGISTRY[name, MODEL] for name in "XYJ"}

    assert len({c.__module__ for c in found}) == 3
    assert importlib.import_module("json").__name__ == "json"


PARTIAL = """
from functools import partial
from oumi_runtime.core.registry import RegistryType, register

class Net:
    def __init__(self, size):
        self.size = size

class Larger(Net):
    pass

register("P", RegistryType.MODEL)(partial(Net, SIZE))
register("Sub", RegistryType.MODEL)(Larger)

@register("function", RegistryType.MODEL)
def make(size=7):
    return Net(size)
"""


def test_partials_subclasses_and_functions_are_registered_from_files(project):
    folder = project(
        {"oumi_requirements.txt": "a.py\n", "a.py": PARTIAL.replace("SIZE", "3")}
    )

    assert REGISTRY["p", MODEL]().size == 3
    assert REGISTRY["sub", MODEL](5).size == 5
    assert REGISTRY["FUNCTION", MODEL]().size == 7
    # The same file once more is not a duplicate.
    load_file(folder / "a.py", folder)


def test_partials_of_two_files_do_not_pass_for_each_other(project, monkeypatch):
    folder = project(
        {
            "one_p.py": PARTIAL.replace("SIZE", "3"),
            "two_p.py": PARTIAL.replace("SIZE", "4"),
        }
    )
    monkeypatch.syspath_prepend(str(folder))
    importlib.import_module("one_p")

    with pytest.raises(DuplicateNameError, match=r"one_p\.py:12 and .*two_p\.py:12"):
        importlib.import_module("two_p")
    assert REGISTRY["p", MODEL]().size == 3
    del sys.modules["one_p"]


def test_a_class_from_a_users_file_can_be_pickled(project):
    project({"oumi_requirements.txt": "a.py", "a.py": net("A")})
    found = REGISTRY["A", MODEL]

    assert type(pickle.loads(pickle.dumps(found()))) is found


def test_a_file_may_import_from_its_project_and_its_folder(project):
    path = list(sys.path)
    project(
        {
            "oumi_requirements.txt": "models/a.py",
            "models/a.py": net("A", first="import models.part_b\nimport part_c"),
            "models/part_b.py": "",
            "models/part_c.py": "",
        }
    )

    assert REGISTRY.get("A", MODEL) is not None
    assert sys.path == path
    for name in ("models", "models.part_b", "part_c"):
        del sys.modules[name]


def test_a_file_imported_by_another_name_is_not_imported_again(project, monkeypatch):
    folder = project(
        {"oumi_requirements.txt": "a_by_name.py", "a_by_name.py": net("A")}
    )
    monkeypatch.syspath_prepend(str(folder))
    module = importlib.import_module("a_by_name")

    assert REGISTRY.get("A", MODEL) is module.Net
    del sys.modules["a_by_name"]


def test_an_error_in_a_users_file_is_his_own_with_a_note(project):
    folder = project({"oumi_requirements.txt": "a.py", "a.py": net("A", last="1 / 0")})
    before = set(sys.modules)

    for _ in range(2):
        with pytest.raises(ZeroDivisionError) as caught:
            REGISTRY.get("A", MODEL)

        notes = caught.value.__notes__
        assert notes == [f"while loading {folder / 'a.py'} for the model 'A'"]
        assert not {m for m in set(sys.modules) - before if m.startswith("_oumi")}
        assert REGISTRY.get_all(MODEL) == {}


def test_a_file_that_does_not_register_what_it_declares_is_an_error(project):
    text = "if 0:\n    " + net("A").strip().replace("\n", "\n    ")
    folder = project({"oumi_requirements.txt": "a.py", "a.py": text})

    with pytest.raises(NotRegisteredError) as caught:
        REGISTRY.get("A", MODEL)
    assert str(folder / "a.py") in str(caught.value)


def test_a_file_that_asks_for_its_own_name_finds_nothing_there(project):
    first = (
        "from oumi_runtime.core.registry import REGISTRY, RegistryType\n"
        "found = REGISTRY.get('A', RegistryType.MODEL)"
    )
    project({"oumi_requirements.txt": "a.py", "a.py": net("A", first=first)})

    found = REGISTRY["A", MODEL]

    assert sys.modules[found.__module__].found is None


def test_two_listed_files_with_one_name_are_both_named(project):
    folder = project(
        {
            "oumi_requirements.txt": "a.py\nb.py",
            "a.py": net("A"),
            "b.py": net("a"),
        }
    )

    with pytest.raises(DuplicateNameError) as caught:
        REGISTRY.get("A", MODEL)
    assert f"{folder / 'a.py'}:4 and {folder / 'b.py'}:4" in str(caught.value)


def test_another_thing_is_not_passed_for_what_the_users_file_declares(project):
    REGISTRY.register("A", MODEL, dict)
    folder = project({"oumi_requirements.txt": "a.py", "a.py": net("A")})

    with pytest.raises(DuplicateNameError) as caught:
        REGISTRY.get("A", MODEL)
    assert "dict at " in str(caught.value)
    assert f"Net at {folder / 'a.py'}:4" in str(caught.value)


def test_a_cell_may_define_again_what_a_file_declares(project):
    project({"oumi_requirements.txt": "a.py", "a.py": net("A")})
    cell = type("Net", (), {"__module__": "__main__"})
    REGISTRY.register("A", MODEL, cell)

    assert REGISTRY.get("A", MODEL) is cell


def test_a_declared_name_that_was_not_imported_is_suggested(project):
    project({"oumi_requirements.txt": "a.py", "a.py": net("MyNet")})

    assert "did you mean 'MyNet'?" in str(REGISTRY.unknown("MyNett", MODEL))


def test_many_threads_that_ask_at_once_get_one_class(project):
    project({"oumi_requirements.txt": "a.py", "a.py": net("A")})
    found = []
    start = threading.Barrier(8)

    def ask():
        start.wait()
        found.append(REGISTRY["A", MODEL])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1


def test_the_registry_imports_no_library():
    code = (
        "import sys; import oumi_runtime.core.registry; "
        "print(*{m.partition('.')[0] for m in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    heavy = {"torch", "transformers", "jinja2", "click", "pydantic", "yaml", "numpy"}
    assert not heavy & set(done.stdout.split())
