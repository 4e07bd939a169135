"""Errors about registered names."""

from collections.abc import Iterable

from oumi_runtime.exceptions.base import OumiRuntimeError, suggestion


class InvalidNameError(OumiRuntimeError, ValueError):
    """A value is not usable as a registered name."""

    exit_code = 2

    def __init__(self, kind: str, name: object) -> None:
        super().__init__(f"a {kind} cannot be registered as {name!r}: give it a name")


class DuplicateNameError(OumiRuntimeError, ValueError):
    """Two things are registered under the same name."""

    exit_code = 2

    def __init__(self, kind: str, name: str, first: str, second: str) -> None:
        super().__init__(
            f"two {kind}s are registered as {name!r}: {first} and {second}; "
            "give one of them another name"
        )


class NotRegisteredError(OumiRuntimeError, LookupError):
    """A user's file declares a name but does not register it when imported."""

    exit_code = 2

    def __init__(self, kind: str, name: str, place: str) -> None:
        super().__init__(
            f"{place} declares the {kind} {name!r}, but importing the file did not "
            "register it; move the registration out of any condition"
        )


class UnknownNameError(OumiRuntimeError, KeyError):
    """A name is neither registered nor declared in any of the user's files."""

    exit_code = 2

    def __init__(
        self, kind: str, name: str, known: Iterable[str], looked: Iterable[str]
    ) -> None:
        names = sorted(dict.fromkeys(known))
        near = suggestion(name, names)
        if not near and 0 < len(names) <= 10:
            near = f" (available: {', '.join(names)})"
        given = repr(name) if len(name) <= 60 else f"{name[:57]!r}..."
        super().__init__("; ".join([f"no {kind} is named {given}{near}", *looked]))

    def __str__(self) -> str:
        # KeyError shows the repr of its argument.
        return str(self.args[0])


class RegisteredValueError(OumiRuntimeError, TypeError):
    """Calling what is registered under a name returned the wrong type."""

    exit_code = 2

    def __init__(self, kind: str, name: str, made: object, needed: type) -> None:
        super().__init__(
            f"the {kind} {name!r} returned an object of type "
            f"{type(made).__name__}, not {needed.__module__}.{needed.__qualname__}"
        )
