"""The registry class: values by name and type.

A name that is not registered is searched for in the user's files (see `discovery`), and
only the file that declares it is imported. Built-in models and datasets register
themselves when imported, which is not done here.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from oumi_runtime.core.registry import discovery, loading
from oumi_runtime.core.registry.declarations import Declaration, dataset_key
from oumi_runtime.core.registry.entry import Entry, place_of_caller
from oumi_runtime.core.registry.registry_type import RegistryKey, RegistryType
from oumi_runtime.exceptions import (
    DuplicateNameError,
    InvalidNameError,
    NotRegisteredError,
    UnknownNameError,
    suggestion,
)


class Registry:
    """Values by name and type. Names are case-insensitive.

    It is thread-safe.
    """

    def __init__(self) -> None:
        self._entries: dict[RegistryKey, Entry] = {}
        self._roots: dict[Path, None] = {}
        self._loading: set[Path] = set()
        self._lock = threading.RLock()
        # A separate lock, since an import in another thread may need the first one.
        self._load_lock = threading.RLock()

    def register(self, name: str, type: RegistryType, value: Any) -> None:
        """Registers a value.

        Args:
            name: Any string that is not blank; its spelling is kept for listings.
            type: The type of the value, such as MODEL.
            value: A class, a function or another callable.

        Raises:
            DuplicateNameError: The name is taken.
            InvalidNameError: The name is not a string, or is blank.
        """
        if not isinstance(name, str) or not name.strip():
            raise InvalidNameError(type.value, name)
        entry = Entry(name, value, *place_of_caller())
        with self._lock:
            taken = self._entries.get(_key(name, type))
            if taken is not None and taken.goes_before(entry):
                return
            if taken is not None and not entry.replaces(taken):
                raise DuplicateNameError(type.value, name, str(taken), str(entry))
            self._entries[_key(name, type)] = entry

    def contains(self, name: str, type: RegistryType) -> bool:
        """Returns whether `get` would find the name, without importing anything."""
        if self._registered(name, type) is not None:
            return True
        if self.declaration(name, type) is not None:
            return True
        return discovery.entry_point(name, type) is not None

    def get(self, name: str, type: RegistryType) -> Callable[..., Any] | None:
        """Returns the value of that name, or None.

        Args:
            name: The name, in any case.
            type: The type of the value.

        Raises:
            DuplicateNameError: Two of the user's files declare the name, or one does
                and something else is registered under it.
            NotRegisteredError: The user's file declares the name, but importing it does
                not register it.
            Exception: Whatever the user's file raises when it is imported.
        """
        entry = self._registered(name, type)
        if entry is None:
            entry = self._load(name, type)
        else:
            self._refuse_another(entry, name, type)
        return None if entry is None else entry.value

    def __getitem__(self, key: tuple[str, RegistryType]) -> Callable[..., Any]:
        """Returns the value of that name and type, or raises UnknownNameError."""
        value = self.get(*key)
        if value is None:
            raise self.unknown(*key)
        return value

    def unknown(
        self, name: str, type: RegistryType, others: Iterable[str] = ()
    ) -> UnknownNameError:
        """Creates the error for a name that is not found.

        Its message suggests the closest name, and says which files were searched and
        which could not be read.

        Args:
            name: The name.
            type: The type that was searched for.
            others: Additional valid names.
        """
        found = self._survey()
        declared = (declaration.name for declaration in self.declared(type))
        provided = discovery.entry_point_names(type)
        known = [*others, *self.get_all(type), *declared, *provided]
        hints = [*found.looked, *found.problems]
        wrong = [s for x in found.listings for s in x.wrongly_declared(name, type)]
        if wrong:
            return UnknownNameError(type.value, name, (), [*hints, *wrong])
        if found.listings and not suggestion(name, known):
            hints.append("if it is yours, list its file there")
        return UnknownNameError(type.value, name, known, hints)

    def get_all(self, type: RegistryType) -> dict[str, Any]:
        """Returns what is registered so far, by name as spelled; imports nothing."""
        with self._lock:
            return {
                e.name: e.value for key, e in self._entries.items() if key[1] is type
            }

    def get_model(self, name: str) -> Callable[..., Any] | None:
        """Returns the model class of that name, or None."""
        return self.get(name, RegistryType.MODEL)

    def get_dataset(
        self, name: str, subset: str | None = None
    ) -> Callable[..., Any] | None:
        """Returns the dataset registered for the subset or else for the name."""
        if subset:
            found = self.get(dataset_key(name, subset), RegistryType.DATASET)
            if found is not None:
                return found
        return self.get(name, RegistryType.DATASET)

    def get_metrics_function(self, name: str) -> Callable[..., Any] | None:
        """Returns the metrics function of that name, or None."""
        return self.get(name, RegistryType.METRICS_FUNCTION)

    def name_of(self, value: Any, type: RegistryType) -> str | None:
        """Returns the first name that a value is registered under, or None."""
        names = (name for name, v in self.get_all(type).items() if v is value)
        return next(names, None)

    def clear(self) -> None:
        """Removes all registrations and search roots."""
        with self._lock:
            self._entries.clear()
            self._roots.clear()

    @contextmanager
    def isolated(self) -> Iterator[None]:
        """Undoes, at the end of the block, all registrations made in it; for tests.

        Those of built-in classes stay: their modules, once imported, would not register
        them again.
        """
        with self._lock:
            entries, roots = dict(self._entries), dict(self._roots)
        try:
            yield
        finally:
            with self._lock:
                own = {k: e for k, e in self._entries.items() if e.is_built_in}
                self._entries, self._roots = own | entries, roots

    def add_search_root(self, folder: str | Path) -> None:
        """Also searches the nearest `oumi_requirements.txt` in or above a folder.

        Folders are searched from the last added to the first, then the working folder.
        """
        path = Path(folder).resolve()
        with self._lock:
            self._roots = {path: None} | self._roots

    def declared(self, type: RegistryType) -> list[Declaration]:
        """Returns the registrations in the user's listed files; imports nothing."""
        found = dict.fromkeys(
            d for x in self._survey().listings for d in x.declarations
        )
        return [declaration for declaration in found if declaration.type is type]

    def declaration(self, name: str, type: RegistryType) -> Declaration | None:
        """Returns the declaration of a name in the user's files; imports nothing."""
        for listing in self._survey().listings:
            for found in listing.declaring(name, type):
                return found
        return None

    def problems(self) -> list[str]:
        """Returns a sentence for each listed file that is missing or cannot be read."""
        return list(self._survey().problems)

    def _registered(self, name: str, type: RegistryType) -> Entry | None:
        with self._lock:
            return self._entries.get(_key(name, type))

    def _survey(self) -> discovery.Survey:
        with self._lock:
            roots = list(self._roots)
        return discovery.survey(dict.fromkeys([*roots, Path.cwd()]))

    def _load(self, name: str, type: RegistryType) -> Entry | None:
        with self._load_lock:
            # Another thread may have loaded it while this one waited.
            entry = self._registered(name, type)
            if entry is None:
                entry = self._load_from_file(name, type)
            if entry is None:
                entry = self._load_from_package(name, type)
            return entry

    def _only_declaration(
        self, name: str, type: RegistryType
    ) -> tuple[Declaration, Path] | None:
        """Returns the first declaration of a name, and its project.

        Raises:
            DuplicateNameError: Two files of that list declare it.
        """
        for listing in self._survey().listings:
            found = listing.declaring(name, type)
            if len(found) > 1:
                first, second = (f"{d.path}:{d.line}" for d in found[:2])
                raise DuplicateNameError(type.value, name, first, second)
            if found:
                return found[0], listing.path.parent
        return None

    def _refuse_another(self, entry: Entry, name: str, type: RegistryType) -> None:
        """Raises if a value is not the one that the user's project declares."""
        found = self._only_declaration(name, type)
        if found is None:
            return
        declared = found[0]
        forgiven = entry.identity == ("__main__", declared.class_name)
        if not forgiven and str(declared.path) != entry.path:
            place = f"{declared.class_name} at {declared.path}:{declared.line}"
            raise DuplicateNameError(type.value, name, str(entry), place)

    def _load_from_file(self, name: str, type: RegistryType) -> Entry | None:
        found = self._only_declaration(name, type)
        # A file that asks for its own name while it is imported finds nothing.
        if found is None or found[0].path in self._loading:
            return None
        declaration, project = found
        self._import(declaration.path, project, name, type)
        entry = self._registered(name, type)
        if entry is None:
            place = f"{declaration.path}:{declaration.line}"
            raise NotRegisteredError(type.value, declaration.name, place)
        return entry

    def _import(self, path: Path, project: Path, name: str, type: RegistryType) -> None:
        before = set(self._entries)
        self._loading.add(path)
        try:
            loading.load_file(path, project)
        except BaseException as error:
            error.add_note(f"while loading {path} for the {type.value} {name!r}")
            # A file that failed half-way has registered nothing.
            with self._lock:
                for key in set(self._entries) - before:
                    if self._entries[key].path == str(path):
                        del self._entries[key]
            raise
        finally:
            self._loading.discard(path)

    def _load_from_package(self, name: str, type: RegistryType) -> Entry | None:
        point = discovery.entry_point(name, type)
        if point is None:
            return None
        try:
            value = point.load()
        except BaseException as error:
            error.add_note(f"while loading the entry point {point.value} for {name!r}")
            raise
        # The package may have registered it by itself.
        if self._registered(name, type) is None:
            self.register(point.name, type, value)
        return self._registered(name, type)


def _key(name: str, type: RegistryType) -> RegistryKey:
    return RegistryKey(name.lower(), type)
