"""Templates that cannot be used, rendered or tested."""

from oumi_scaffold.exceptions.base import ScaffoldError, one_line, shown


class TemplateError(ScaffoldError, ValueError):
    """A template is malformed, or what it rendered to is."""

    def __init__(self, template: str, reason: str) -> None:
        self.reason = one_line(reason)
        super().__init__(
            f"template {template}: {self.reason}; "
            "the template has to be fixed, nothing was written"
        )


class AnswerError(ScaffoldError, ValueError):
    """A third-party template does not accept an answer."""

    exit_code = 2


class TemplateSourceError(ScaffoldError, ValueError):
    """No usable template was found at the given place."""

    exit_code = 2

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"cannot use the template {shown(where)}: {one_line(reason)}")


class BadTemplateNameError(ScaffoldError, ValueError):
    """A template's folder cannot have this name."""

    exit_code = 2

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{shown(name)} cannot be a template's name: give at most 64 ASCII "
            "letters, digits, - or _"
        )


class CheckFailedError(ScaffoldError, RuntimeError):
    """A template does not render, or its tests fail, for some of its choices."""

    def __init__(self, where: str, failed: int, number: int) -> None:
        super().__init__(f"{shown(where)} fails for {failed} of {number} choices")


class HookError(ScaffoldError, RuntimeError):
    """A script of a template failed."""

    def __init__(self, hook: str, reason: str) -> None:
        super().__init__(f"the template's {hook} failed: {reason}")
