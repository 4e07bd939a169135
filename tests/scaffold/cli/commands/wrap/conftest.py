"""What the tests of `wrap` share."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from trees import make_tree

SOUND = Path(__file__).parent / "sound_modules"


@pytest.fixture(autouse=True)
def forgotten(project: Path) -> Iterator[None]:
    """Forgets the modules of the project, which other tests have by the same names."""
    yield
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        paths = [file] if file else list(getattr(module, "__path__", []))
        if any(Path(path).is_relative_to(project) for path in paths):
            del sys.modules[name]


@pytest.fixture
def copied(project: Path) -> Path:
    """The project with modules of many kinds, all of which can be wrapped."""
    files = {
        path.relative_to(SOUND).as_posix(): path.read_text()
        for path in SOUND.rglob("*.py")
    }
    return make_tree(project, files)
