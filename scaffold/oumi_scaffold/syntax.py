"""Rendered files are what their names say: Python parses, YAML and JSON load.

Text that was rendered wrongly is a bug of the template, found before a file is written.
"""

import ast
import json
from collections.abc import Iterable

import yaml

from oumi_scaffold.exceptions import TemplateError
from oumi_scaffold.render import RenderedFile


def check_syntax(files: Iterable[RenderedFile], template: str) -> None:
    """Checks that every Python, YAML and JSON file can be read as that.

    Raises:
        TemplateError: One cannot; the sentence says where.
    """
    for file in files:
        try:
            _read(file)
        except SyntaxError as error:
            reason = f"{file.path}:{error.lineno}: {error.msg}"
            raise TemplateError(template, f"rendered {reason}") from error
        except (yaml.YAMLError, ValueError) as error:
            raise TemplateError(template, f"rendered {file.path}: {error}") from error


def _read(file: RenderedFile) -> None:
    if file.path.endswith((".py", ".pyi")):
        ast.parse(file.text)
    elif file.path.endswith((".yaml", ".yml")):
        yaml.safe_load(file.text)
    elif file.path.endswith(".json"):
        json.loads(file.text)
