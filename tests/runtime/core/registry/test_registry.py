"""Registering, looking up and listing names."""

import importlib
import runpy
import sys
import threading
from pathlib import Path

import pytest

from oumi_runtime.core import registry
from oumi_runtime.core.registry import (
    REGISTRY,
    Registry,
    RegistryType,
    register_dataset,
)
from oumi_runtime.exceptions import (
    DuplicateNameError,
    InvalidNameError,
    UnknownNameError,
)

MODEL = RegistryType.MODEL


def test_a_registered_class_is_found_by_name_in_any_case():
    @registry.register("MyNet", registry.RegistryType.MODEL)
    class Net:
        pass

    assert REGISTRY.get("mynet", MODEL) is Net
    assert REGISTRY.get_model("MYNET") is Net
    assert REGISTRY["MyNet", MODEL] is Net
    assert REGISTRY.contains("myNET", MODEL)


def test_a_name_of_one_kind_is_not_found_as_another():
    registry.register("acc", RegistryType.METRICS_FUNCTION)(len)

    assert REGISTRY.get_metrics_function("acc") is len
    assert REGISTRY.get_model("acc") is None
    assert not REGISTRY.contains("acc", MODEL)


def test_get_all_keeps_the_spelling_and_leaves_out_other_kinds():
    REGISTRY.register("MyNet", MODEL, dict)
    REGISTRY.register("acc", RegistryType.METRICS_FUNCTION, len)

    assert REGISTRY.get_all(MODEL) == {"MyNet": dict}


def test_name_of_is_the_first_name_of_that_very_value():
    REGISTRY.register("One", MODEL, dict)
    REGISTRY.register("Two", MODEL, dict)

    assert REGISTRY.name_of(dict, MODEL) == "One"
    assert REGISTRY.name_of(list, MODEL) is None
    assert REGISTRY.name_of(dict, RegistryType.DATASET) is None


def test_a_dataset_subset_falls_back_to_the_whole():
    whole = register_dataset("corpus")(type("Whole", (), {}))
    part = register_dataset("corpus", subset="de")(type("Part", (), {}))

    assert REGISTRY.get_dataset("Corpus", subset="DE") is part
    assert REGISTRY.get_dataset("corpus", subset="fr") is whole
    assert REGISTRY.get_dataset("corpus") is whole
    assert REGISTRY.get_dataset("other", subset="de") is None


def test_clear_forgets_everything():
    own = Registry()
    own.register("MyNet", MODEL, dict)
    own.clear()

    assert own.get_all(MODEL) == {}


def test_what_is_registered_in_isolation_is_forgotten_even_after_an_error():
    REGISTRY.register("One", MODEL, dict)

    def fail():
        with REGISTRY.isolated():
            REGISTRY.register("Two", MODEL, list)
            assert set(REGISTRY.get_all(MODEL)) == {"One", "Two"}
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert REGISTRY.get_all(MODEL) == {"One": dict}


def test_what_a_built_in_module_registers_when_it_is_imported_is_not_undone():
    own = Registry()
    names = {"registry": own, "model": MODEL}
    with own.isolated():
        for module, name in (("oumi_runtime.models.new", "New"), ("oumi_own", "Own")):
            code = f"registry.register({name!r}, model, dict)"
            exec(code, names | {"__name__": module})
    assert own.get_all(MODEL) == {"New": dict}


@pytest.mark.parametrize("name", ["", "  ", None, 3])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(InvalidNameError, match="give it a name"):
        REGISTRY.register(name, MODEL, dict)


def test_a_taken_name_is_refused_and_both_places_are_named():
    @registry.register("Net", MODEL)
    class First:
        pass

    with pytest.raises(DuplicateNameError) as caught:

        @registry.register("net", MODEL)
        class Second:
            pass

    text = str(caught.value)
    assert f"First at {__file__}:" in text.replace(
        str(Path(__file__).resolve()), __file__
    )
    assert "Second at " in text
    assert text.count(":") == 3
    assert isinstance(caught.value, ValueError)
    assert REGISTRY.get("net", MODEL) is First


def test_a_cell_that_runs_again_replaces_its_class():
    cell = "class Net: pass\nregister('Net', MODEL)(Net)"
    for number in range(2):
        names = {
            "__name__": "__main__",
            "register": registry.register,
            "MODEL": MODEL,
        }
        exec(compile(cell, f"<cell {number}>", "exec"), names)

    assert REGISTRY.get("Net", MODEL) is names["Net"]


def test_the_same_text_run_in_another_module_is_a_duplicate():
    source = "class Net: pass\nregister('Net', MODEL)(Net)"

    def run(module):
        names = {"__name__": module, "register": registry.register, "MODEL": MODEL}
        exec(compile(source, "<text>", "exec"), names)

    run("one")
    with pytest.raises(DuplicateNameError):
        run("two")


NET = """
from oumi_runtime.core import registry

@registry.register("Net", registry.RegistryType.MODEL)
class Net:
    pass
"""


def test_a_reloaded_module_replaces_its_class(write, monkeypatch):
    project = write({"a_net_to_reload.py": NET})
    monkeypatch.syspath_prepend(str(project))
    module = importlib.import_module("a_net_to_reload")
    importlib.reload(module)

    assert REGISTRY.get("Net", MODEL) is module.Net
    del sys.modules["a_net_to_reload"]


def test_a_file_may_run_as_a_program_and_be_imported(write, monkeypatch):
    project = write({"a_net_to_run.py": NET})
    monkeypatch.syspath_prepend(str(project))
    runpy.run_path(str(project / "a_net_to_run.py"), run_name="__main__")
    module = importlib.import_module("a_net_to_run")

    assert REGISTRY.get("Net", MODEL) is module.Net
    del sys.modules["a_net_to_run"]


def test_a_programs_own_class_stays_when_a_package_brings_one_of_its_name():
    own = type("Net", (), {"__module__": "__main__"})
    REGISTRY.register("Net", MODEL, own)
    exec(
        compile("class Net: pass\nregister('Net', MODEL)(Net)", "package.py", "exec"),
        {"__name__": "package", "register": registry.register, "MODEL": MODEL},
    )

    assert REGISTRY.get("Net", MODEL) is own


def test_one_file_imported_under_two_names_is_one_thing(write):
    project = write({"net.py": NET})
    runpy.run_path(str(project / "net.py"), run_name="one")
    second = runpy.run_path(str(project / "net.py"), run_name="two")

    assert REGISTRY.get("Net", MODEL) is second["Net"]


def test_a_miss_is_none_or_a_key_error_that_suggests():
    REGISTRY.register("MyNet", MODEL, dict)

    assert REGISTRY.get("MyNt", MODEL) is None
    with pytest.raises(UnknownNameError) as caught:
        REGISTRY["MyNt", MODEL]
    assert isinstance(caught.value, KeyError)
    assert str(caught.value) == (
        "no model is named 'MyNt' (did you mean 'MyNet'?); "
        f"no oumi_requirements.txt in or above {Path.cwd()}"
    )


def test_a_miss_with_nothing_near_lists_what_there_is():
    REGISTRY.register("Aaa", MODEL, dict)
    REGISTRY.register("Bbb", MODEL, list)

    assert "'quux' (available: Aaa, Bbb)" in str(REGISTRY.unknown("quux", MODEL))


def test_threads_can_register_at_the_same_time():
    own = Registry()
    start = threading.Barrier(8)

    def work(number):
        start.wait()
        for k in range(50):
            own.register(f"net-{number}-{k}", MODEL, dict)
            own.get_all(MODEL)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(own.get_all(MODEL)) == 400
