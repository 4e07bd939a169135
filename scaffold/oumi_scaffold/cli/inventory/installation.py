"""Which packages are installed, compared with what oumi-scaffold needs."""

from importlib.metadata import PackageNotFoundError, metadata, requires, version
from typing import NamedTuple

from packaging.requirements import Requirement

DISTRIBUTION = "oumi-scaffold"
_FOR_DEVELOPMENT = "dev"


class Needed(NamedTuple):
    """One requirement, and what is installed."""

    name: str
    specifier: str
    """The versions that will do, such as `>=2.10`."""
    extra: str
    """The extra that needs it; empty if oumi-scaffold itself does."""
    version: str | None
    """The installed version; None if it is not installed."""
    fits: bool
    """Whether it is installed in a version that will do."""


def needed() -> list[Needed]:
    """Returns the requirements on this system, those of extras last.

    Raises:
        PackageNotFoundError: oumi-scaffold runs without having been installed.
    """
    extras = metadata(DISTRIBUTION).get_all("Provides-Extra") or []
    requirements = [Requirement(line) for line in requires(DISTRIBUTION) or ()]
    return [
        _looked_up(requirement, extra)
        for extra in ("", *(e for e in extras if e != _FOR_DEVELOPMENT))
        for requirement in requirements
        if _is_asked_by(requirement, extra)
    ]


def _is_asked_by(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    always = marker is None or marker.evaluate({"extra": ""})
    if not extra:
        return always
    return not always and marker is not None and marker.evaluate({"extra": extra})


def _looked_up(requirement: Requirement, extra: str) -> Needed:
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        found = None
    allowed = requirement.specifier
    fits = found is not None and allowed.contains(found, prereleases=True)
    return Needed(requirement.name, str(allowed), extra, found, fits)
