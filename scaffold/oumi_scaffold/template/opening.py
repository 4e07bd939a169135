"""Opens a template: built in, from an installed package, a folder, or git.

A package declares a template with an entry point whose value is the folder in dotted
form, such as `my_package.my_template`. It is found without importing the package, so no
code of a plugin runs. A git repository is fetched by cookiecutter into a temporary
folder; its commit is recorded.
"""

import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from oumi_scaffold.exceptions import TemplateSourceError, UnknownChoiceError
from oumi_scaffold.template.folder import load_template
from oumi_scaffold.template.source import Source, built_in
from oumi_templates.catalog import TASKS

ENTRY_POINT_GROUP = "oumi_scaffold.templates"

_GITHUB = re.compile(r"gh:([A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9_.-]+)", re.ASCII)
_GIT_URL = re.compile(
    r"(https?|ssh|git|file)://[^\s@-][^\s]*|[\w.-]+@[\w.-]+:[^\s]+", re.ASCII
)
_BEFORE_PATH = re.compile(r"gh:|\w+://[^/\s]*/|[\w.-]+@[\w.-]+:", re.ASCII)
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+-]*", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)


@contextmanager
def opened(where: str) -> Generator[Source]:
    """Opens a template for the duration of a block.

    Args:
        where: A folder; a git URL or `gh:owner/name`, optionally with `@ref`; or the
            name of an installed package's template.

    Raises:
        TemplateSourceError: It does not exist, or cannot be fetched.
        TemplateError: It is not a valid template.
    """
    import tempfile

    address, ref = _split(where)
    if not (_GITHUB.fullmatch(address) or _GIT_URL.fullmatch(address)):
        yield _local(where)
        return
    url = _GITHUB.sub(r"https://github.com/\1.git", address)
    with tempfile.TemporaryDirectory(prefix="oumi-scaffold-") as folder:
        root, commit = _fetched(where, url, ref, Path(folder))
        template = load_template(root, address)
        is_pinned = ref is not None and _COMMIT.fullmatch(ref) is not None
        yield Source(template, address, commit=commit, is_pinned=is_pinned, ref=ref)


def installed() -> dict[str, Path | None]:
    """Returns the templates of installed packages, by name; None for one not found."""
    # Slow to import and rarely needed.
    from importlib.metadata import entry_points

    return {
        point.name: _folder_of(point.value)
        for point in entry_points(group=ENTRY_POINT_GROUP)
    }


def _local(where: str) -> Source:
    looks_like_path = os.sep in where or where.startswith(".")
    folder = Path(where).expanduser()
    packages: Mapping[str, Path | None] = {} if looks_like_path else installed()
    if where in packages:
        found = packages[where]
        if found is None:
            raise TemplateSourceError(where, "its package has no such folder")
        return Source(load_template(found, where), where)
    try:
        is_folder = bool(where) and folder.is_dir()
    except (OSError, ValueError):
        is_folder = False
    if is_folder:
        return Source(load_template(folder.resolve(), folder.name), where)
    if where in TASKS:
        return built_in(where)
    if folder.suffix == ".zip":
        raise TemplateSourceError(where, "unpack the archive, and name the folder")
    if looks_like_path:
        raise TemplateSourceError(where, "there is no such folder")
    raise UnknownChoiceError("template", where, [*packages, *TASKS])


def _split(where: str) -> tuple[str, str | None]:
    """Splits `gh:owner/name@ref`; the `@` in `user@host:` is not a separator."""
    found = _BEFORE_PATH.match(where)
    if found is None:
        return where, None
    path, at, ref = where[found.end() :].partition("@")
    if at and (not _REF.fullmatch(ref) or ".." in ref):
        raise TemplateSourceError(where, "its ref is not a branch, tag or commit")
    return found[0] + path, ref or None


def _fetched(
    where: str, url: str, ref: str | None, folder: Path
) -> tuple[Path, str | None]:
    import subprocess

    from cookiecutter.exceptions import (  # pyright: ignore[reportMissingTypeStubs]
        CookiecutterException,
    )
    from cookiecutter.vcs import clone  # pyright: ignore[reportMissingTypeStubs]

    # Disables password prompts, and transports that run programs.
    quiet = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    }
    before = {name: os.environ.get(name) for name in quiet}
    os.environ |= quiet
    try:
        plain = url if "git" in url else f"git+{url}"
        root = Path(clone(plain, ref, folder, no_input=True)).resolve()
        if root.parent != folder.resolve():
            raise TemplateSourceError(where, "its name leads outside its folder")
        return root, _head(root)
    except subprocess.CalledProcessError as error:
        said = (error.output or b"").decode(errors="replace").strip().splitlines()
        raise TemplateSourceError(where, said[-1] if said else str(error)) from error
    except CookiecutterException as error:
        raise TemplateSourceError(where, str(error)) from error
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _head(root: Path) -> str | None:
    import subprocess

    done = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    commit = done.stdout.strip()
    return commit if _COMMIT.fullmatch(commit) else None


def _folder_of(value: str) -> Path | None:
    from importlib.util import find_spec

    package, *parts = value.strip().split(".")
    try:
        spec = find_spec(package)  # for a top-level package this imports nothing
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations)), *parts)
    return folder if folder.is_dir() else None
