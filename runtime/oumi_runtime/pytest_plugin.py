"""A pytest plugin for projects with models, and for their conformance tests.

A project's models can be imported wherever pytest is started. The slow checks run with
`--conformance-slow`; a check that does not apply is reported so, and not as passed or
skipped; the fixtures `model`, `batch` and `device` come from the `make_model` and
`make_batch` of the test's module.

Nothing of the runtime is imported here, since pytest loads this in every project.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

_PROJECT_FILE = "oumi_requirements.txt"
_CHECK = "conformance_check"
_SLOW = "conformance_slow"
_NOT_APPLICABLE = "not applicable"
_UPDATE_GOLDEN = "OUMI_CONFORMANCE_UPDATE_GOLDEN"

# With `pytest -n`, tests share the cores. A thread of torch that is waited for may then
# wait for a core itself, which those that wait would not give up. Torch reads this when
# it is loaded.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options."""
    group = parser.getgroup("conformance", "conformance tests of models")
    group.addoption(
        "--conformance-slow",
        action="store_true",
        help="run the slow conformance checks too: compiling, exporting, resuming",
    )
    group.addoption(
        "--update-conformance-golden",
        action="store_true",
        help="record the names and shapes of the models' weights, beside the tests",
    )
    group.addoption(
        "--conformance-device",
        default="cpu",
        metavar="DEVICE",
        help="where the fixtures model and batch are (default: cpu)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Puts the project on the import path: the nearest oumi_requirements.txt says so.

    It is looked for above the working folder, and above what is to be tested.
    """
    config.addinivalue_line("markers", f"{_CHECK}: a check of the conformance suite")
    config.addinivalue_line(
        "markers", f"{_SLOW}: a slow one, which runs with --conformance-slow"
    )
    if config.getoption("--update-conformance-golden"):
        os.environ[_UPDATE_GOLDEN] = "1"
    start = config.invocation_params.dir
    tested = [
        Path(os.path.normpath(start / argument.partition("::")[0]))
        for argument in config.args
    ]
    # The last one goes first on the path.
    for place in (start, *reversed(tested)):
        _prepend_project(place)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Forgets what was asked of this run only."""
    if config.getoption("--update-conformance-golden"):
        os.environ.pop(_UPDATE_GOLDEN, None)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leaves the slow checks out unless they are asked for."""
    if config.getoption("--conformance-slow"):
        return
    slow = [item for item in items if item.get_closest_marker(_SLOW)]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker(_SLOW)]


def pytest_report_teststatus(report: Any) -> tuple[str, str, str] | None:
    """Tells a check that does not apply from a test that was skipped."""
    if report.skipped and _reason(report).startswith(f"Skipped: {_NOT_APPLICABLE}: "):
        return _NOT_APPLICABLE, "n", "NOT APPLICABLE"
    return None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Lists the failed checks, a line for each cause; with -v what does not apply."""
    stats = terminalreporter.stats
    failed = [each for each in stats.get("failed", []) if _CHECK in each.keywords]
    others = stats.get(_NOT_APPLICABLE, [])
    if not failed and not (others and terminalreporter.verbosity > 0):
        return
    terminalreporter.section("conformance")
    # A model that cannot run fails most checks in the same words, but for the sizes.
    alike: dict[tuple[str, str], list[Any]] = {}
    for report in failed:
        words = re.sub(r"\d+", "0", _message(report))
        alike.setdefault((_file(report), words), []).append(report)
    for (file, _), (first, *more) in alike.items():
        check = f"{_check(first)} and {len(more)} more" if more else _check(first)
        terminalreporter.line(f"{file} {check}: {_message(first)}", red=True)
    if terminalreporter.verbosity > 0:
        for report in others:
            reason = _reason(report).removeprefix("Skipped: ")
            terminalreporter.line(f"{_file(report)} {_check(report)}: {reason}")


@pytest.fixture
def device(request: pytest.FixtureRequest) -> Any:
    """The device of the fixtures `model` and `batch`; see `--conformance-device`."""
    import torch

    return torch.device(str(request.config.getoption("--conformance-device")))


@pytest.fixture
def model(request: pytest.FixtureRequest, device: Any) -> Any:
    """A model of the module's `make_model`, in evaluation mode, at seed 0."""
    import torch

    torch.manual_seed(0)
    return _of_module(request, "make_model")().to(device).eval()


@pytest.fixture
def batch(request: pytest.FixtureRequest, device: Any) -> dict[str, Any]:
    """Four samples of the module's `make_batch`, at seed 1."""
    import torch

    torch.manual_seed(1)
    made = _of_module(request, "make_batch")(4)
    return {name: column.to(device) for name, column in made.items()}


def _of_module(request: pytest.FixtureRequest, name: str) -> Any:
    made = getattr(request.module, name, None)
    if made is None:
        pytest.fail(
            f"the fixture {request.fixturename!r} is made by {name}(), which "
            f"{request.module.__name__} does not define",
            pytrace=False,
        )
    return made


def _prepend_project(place: Path) -> None:
    for folder in (place, *place.parents):
        if (folder / _PROJECT_FILE).is_file():
            if str(folder) not in sys.path:
                sys.path.insert(0, str(folder))
            return


def _reason(report: Any) -> str:
    text = report.longrepr
    return str(text[2]) if isinstance(text, tuple) else ""


def _file(report: Any) -> str:
    """`test_net.py`."""
    return Path(report.nodeid.partition("::")[0]).name


def _check(report: Any) -> str:
    """`padding_does_not_matter`."""
    test = str(report.nodeid.partition("::")[2])
    return test.partition("[")[2].removesuffix("]") or test


def _message(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(report.longrepr)
    return re.sub(
        r"^(\S*\.(CheckFailed|Factory)Error|Failed): ", "", text.splitlines()[0]
    )
