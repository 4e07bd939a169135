"""Renders a third-party template in a separate process, with limits.

The sandbox keeps a template away from Python; this limits its time and memory. The
process cannot write files, and answers in JSON. A template that exceeds its limits is
killed with the process.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from oumi_scaffold.exceptions import AnswerError, ScaffoldError, TemplateError
from oumi_scaffold.rendering.render import RenderedFile, Renderer
from oumi_scaffold.request.values import Value
from oumi_scaffold.template.folder import TemplateFolder, load_template

MAX_SECONDS = 5
MAX_MEMORY = 1 << 30  # bytes
MAX_OUTPUT = 4_000_000  # characters of all files together
_GRACE_S = 10.0


class ConfinedRenderer:
    """Renders a template like `Renderer`, in another process."""

    def __init__(self, template: TemplateFolder) -> None:
        self.template = template

    def answers(
        self, answers: Mapping[str, Value], settings: Mapping[str, str]
    ) -> dict[str, Value]:
        """Returns the answers, with the settings as values; see `answers.typed`."""
        asked = {"answers": dict(answers), "settings": dict(settings)}
        return cast(dict[str, Value], self._ask("answers", asked))

    def render(self, answers: Mapping[str, Value]) -> tuple[RenderedFile, ...]:
        """Renders the template's files; see `Renderer.render`."""
        files = cast(list[list[str]], self._ask("render", {"answers": dict(answers)}))
        return tuple(RenderedFile(path, text) for path, text in files)

    def hook(self, path: str, answers: Mapping[str, Value]) -> str:
        """Renders the text of a script of the template."""
        asked = {"answers": dict(answers), "path": path}
        return cast(str, self._ask("hook", asked))

    def _ask(self, what: str, asked: Mapping[str, object]) -> object:
        import subprocess

        place = {"root": str(self.template.root), "name": self.template.name}
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-m", "oumi_scaffold.rendering.confined"],
                input=json.dumps({"what": what, **place, **asked}),
                capture_output=True,
                text=True,
                check=False,
                timeout=MAX_SECONDS + _GRACE_S,
            )
            reply = cast(dict[str, Any], json.loads(done.stdout))
        except (subprocess.TimeoutExpired, ValueError) as error:
            reason = (
                f"it takes more than {MAX_SECONDS} seconds or "
                f"{MAX_MEMORY >> 20} MiB to render, as an endless loop does"
            )
            raise TemplateError(self.template.name, reason) from error
        if "reason" in reply:
            raise TemplateError(self.template.name, str(reply["reason"]))
        if "error" in reply:
            raise AnswerError(str(reply["error"]))
        return reply["done"]


def _main() -> None:
    """Reads one request from stdin, and answers it on stdout."""
    asked = cast(dict[str, Any], json.load(sys.stdin))
    _limit()
    try:
        print(json.dumps({"done": _done(asked)}))
    except TemplateError as error:
        print(json.dumps({"reason": error.reason}))
    except ScaffoldError as error:
        print(json.dumps({"error": str(error)}))
    except Exception as error:
        print(json.dumps({"reason": f"{type(error).__name__}: {error}"[:500]}))


def _done(asked: dict[str, Any]) -> object:
    renderer = Renderer(load_template(Path(asked["root"]), asked["name"]))
    if asked["what"] == "answers":
        return renderer.answers(asked["answers"], asked["settings"])
    if asked["what"] == "hook":
        return renderer.hook(asked["path"], asked["answers"])
    files = [[file.path, file.text] for file in renderer.render(asked["answers"])]
    size = sum(len(path) + len(text) for path, text in files)
    if size > MAX_OUTPUT:
        reason = f"its files have {size:,} characters, more than {MAX_OUTPUT:,}"
        raise TemplateError(asked["name"], reason)
    return files


def _limit() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _main()
