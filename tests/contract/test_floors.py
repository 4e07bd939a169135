"""Who may import whom, held by reading the source text."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from source_imports import AREAS, Import, When, imports_of, is_within, modules_of

RUNTIME = imports_of(modules_of("oumi_runtime"))
SCAFFOLD = imports_of(modules_of("oumi_scaffold"))
TEMPLATES = imports_of(modules_of("oumi_templates"))
EVERYTHING = [*RUNTIME, *SCAFFOLD, *TEMPLATES]

FACE = "oumi_runtime"  # its names are loaded when they are used
FLOORS = (
    {"exceptions"},
    {
        "core",
        "core.registry",
        "core.configs",
        "core.models",
        "core.datasets",
        "core.distributed",
        "core.files",
        "core.garbage_collection",
        "core.hardware",
        "core.log",
        "core.lost_processes",
        "core.process_group",
    },
    {"core.trainers", "models", "datasets", "metrics"},
    {"builders"},
    {
        "train",
        "evaluate",
        "launch",
        "infer",
        "export",
        "finding",
        "tuning",
        "testing",
        "wrapping",
        "pytest_plugin",
    },
)
# The rooms of one floor do not know each other.
SCAFFOLD_FLOORS = (
    {"exceptions"},
    {"request", "template", "report"},
    {"rendering", "user_data", "wrapping"},
    {"project"},
    {"writing"},
    {"generating"},
    {"updating"},
    {"cli.exit_codes", "cli.output", "cli.options", "cli.tracebacks"},
    {"cli.recovery", "cli.inventory", "cli.running"},
    {"cli.generating"},
    {"cli.commands"},
    {"cli.app"},
    {"cli"},
    {"__main__"},
)
ROOM_FLOORS = {
    f"{area}.{room}": n
    for area, floors in ((FACE, FLOORS), ("oumi_scaffold", SCAFFOLD_FLOORS))
    for n, floor in enumerate(floors)
    for room in floor
}
HUGGING_FACE = ("transformers", "accelerate")
TORCH = ("torch", "torchmetrics", "torchdata", "safetensors", *HUGGING_FACE)


def room_of(module: str) -> str:
    return max((r for r in ROOM_FLOORS if is_within(module, r)), key=len, default="")


def breaches(imports: list[Import], *packages: str) -> list[str]:
    return [str(each) for each in imports if is_within(each.imported, *packages)]


def test_every_runtime_module_has_a_floor():
    modules = set(modules_of("oumi_runtime")) - {FACE}
    assert {module for module in modules if not room_of(module)} == set()
    roomless = {m for m in modules if room_of(m) == "oumi_runtime.core"}
    assert roomless == {"oumi_runtime.core"}


def test_no_runtime_module_imports_from_a_higher_floor():
    upward = [
        str(each)
        for each in RUNTIME
        if is_within(each.imported, FACE)
        and each.importer != FACE
        and ROOM_FLOORS[room_of(each.importer)]
        < ROOM_FLOORS.get(room_of(each.imported), len(FLOORS))
    ]
    assert upward == []


def test_every_scaffold_module_is_in_a_room():
    modules = set(modules_of("oumi_scaffold")) - {"oumi_scaffold"}
    assert {module for module in modules if not room_of(module)} == set()


def test_a_room_of_the_scaffold_imports_only_from_floors_below_its_own():
    beside_or_above = [
        str(each)
        for each in SCAFFOLD
        if (importer := room_of(each.importer)) != (other := room_of(each.imported))
        and is_within(other, "oumi_scaffold")
        and ROOM_FLOORS.get(importer, 0) <= ROOM_FLOORS[other]
    ]
    assert beside_or_above == []


def test_trainers_models_and_datasets_do_not_know_each_other():
    rooms = ["oumi_runtime.core.trainers", "oumi_runtime.models"]
    rooms += ["oumi_runtime.datasets", "oumi_runtime.metrics"]
    for room in rooms:
        own = [each for each in RUNTIME if is_within(each.importer, room)]
        others = set(rooms) - {room}
        if room == "oumi_runtime.metrics":  # they measure what a trainer predicts
            others.remove("oumi_runtime.core.trainers")
        assert breaches(own, *others) == []


def test_the_rooms_of_the_base_datasets_stand_one_above_the_other():
    area = "oumi_runtime.core.datasets"
    rooms = [f"{area}.{room}" for room in ("in_memory", "rows", "streams")]
    for n, room in enumerate(rooms):
        own = [e for e in RUNTIME if is_within(e.importer, room)]
        assert breaches(own, area) != []
        assert breaches(own, *rooms[n + 1 :]) == []
    # The classes that users extend stand between single rows and streams.
    own = [e for e in RUNTIME if e.importer.rpartition(".")[0] == area]
    assert breaches([e for e in own if e.importer not in rooms], rooms[-1]) == []


def test_the_registry_knows_only_itself_and_the_errors():
    registry = "oumi_runtime.core.registry"
    own = [e for e in RUNTIME if is_within(e.importer, registry)]
    ours = {e.imported for e in own if is_within(e.imported, FACE)}
    assert "oumi_runtime.exceptions" in ours
    assert {m for m in ours if not is_within(m, registry)} == {
        "oumi_runtime.exceptions"
    }


@pytest.mark.parametrize(
    "room",
    ["exceptions", "core.configs", "core.registry", "core.log", "pytest_plugin"],
)
def test_what_is_used_before_torch_is_needed_imports_none(room: str):
    own = [e for e in RUNTIME if is_within(e.importer, f"oumi_runtime.{room}")]
    assert own
    if room == "pytest_plugin":  # its fixtures are for tests that use torch anyway
        own = [e for e in own if e.when is When.LOADING]
    assert breaches(own, *TORCH) == []


def test_only_the_hugging_face_trainer_imports_transformers_when_it_is_loaded():
    loading = [e for e in RUNTIME if e.when is When.LOADING]
    users = {e.importer for e in loading if is_within(e.imported, *HUGGING_FACE)}
    trainer = "oumi_runtime.core.trainers.hf_trainer"
    loop = "oumi_runtime.core.trainers.hf_loop"
    assert users <= {trainer, loop}
    assert breaches(loading, trainer) == []
    assert {e.importer for e in loading if is_within(e.imported, loop)} == {trainer}


def test_the_face_and_the_package_files_above_others_import_nothing_of_ours():
    above = [e for e in RUNTIME if e.importer in (FACE, "oumi_runtime.core")]
    loaded = [e for e in above if e.when is not When.CHECKING]
    assert breaches(loaded, FACE, *TORCH) == []


def test_the_pytest_plugin_imports_nothing_of_the_runtime():
    plugin = [e for e in RUNTIME if e.importer == "oumi_runtime.pytest_plugin"]
    assert breaches(plugin, FACE) == []
    loading = {e.imported for e in plugin if e.when is When.LOADING}
    assert loading <= {"os", "sys", "pathlib", "typing", "pytest", "re"}


def test_the_runtime_knows_neither_the_scaffold_nor_what_it_is_made_with():
    others = ("oumi_scaffold", "oumi_templates", "click", "jinja2", "cookiecutter")
    assert breaches(RUNTIME, *others) == []


def test_the_scaffold_knows_the_runtime_only_inside_functions_of_the_command_line():
    cli = [e for e in SCAFFOLD if is_within(e.importer, "oumi_scaffold.cli")]
    rest = [e for e in SCAFFOLD if e not in cli]
    assert breaches(rest, FACE, *TORCH) == []
    below = [e for e in rest if e.importer != "oumi_scaffold.__main__"]
    assert breaches(below, "oumi_scaffold.cli") == []
    assert breaches([e for e in cli if e.when is When.LOADING], FACE) == []
    assert breaches(cli, *TORCH) == []
    assert breaches(cli, FACE) != []


def test_templates_know_neither_of_the_others():
    assert breaches(TEMPLATES, "oumi_runtime", "oumi_scaffold", *TORCH) == []


def test_there_is_no_import_circle_even_through_functions():
    graph: dict[str, set[str]] = {}
    for each in EVERYTHING:
        if each.importer != FACE and is_within(each.imported, *AREAS):
            graph.setdefault(each.importer, set()).add(each.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_imports_are_absolute():
    assert [str(e) for e in EVERYTHING if e.imported.startswith(".")] == []


def test_no_module_is_a_drawer_for_what_has_no_place():
    vague = {"utils", "util", "helpers", "helper", "common", "misc"}
    parts = {p for area in AREAS for name in modules_of(area) for p in name.split(".")}
    assert parts & vague == set()


def test_modules_are_imported_by_a_name_in_a_string_in_few_places_only():
    users = {
        name
        for area in AREAS
        for name, path in modules_of(area).items()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__")
    }
    trackers = "oumi_runtime.core.trainers.callbacks.trackers"
    named_by_the_user = "oumi_runtime.wrapping.source"
    app = "oumi_scaffold.cli.app"
    assert users == {"oumi_runtime", app, trackers, named_by_the_user}


def test_the_reader_of_imports_tells_when_each_is_carried_out(tmp_path: Path):
    source = tmp_path / "a.py"
    source.write_text(
        "from typing import TYPE_CHECKING\n"
        "import os.path, json\n"
        "from . import b\n"
        "from oumi_runtime.core import registry, nothing\n"
        "try:\n    import click\nexcept ImportError:\n    pass\n"
        "if TYPE_CHECKING:\n    import torch\nelse:\n    import numpy\n"
        "class A:\n    import yaml\n    def f(self):\n        if 1:\n"
        "            from transformers import Trainer\n"
    )
    found = imports_of({"a": source})
    assert [(each.imported, each.when) for each in found] == [
        ("typing", When.LOADING),
        ("os.path", When.LOADING),
        ("json", When.LOADING),
        (".", When.LOADING),
        ("oumi_runtime.core.registry", When.LOADING),
        ("oumi_runtime.core", When.LOADING),
        ("click", When.LOADING),
        ("torch", When.CHECKING),
        ("numpy", When.LOADING),
        ("yaml", When.LOADING),
        ("transformers", When.CALLED),
    ]
    assert str(found[0]) == "a:1 imports typing"
