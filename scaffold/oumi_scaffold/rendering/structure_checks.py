"""Checks many models of one template, which differ in little but their names."""

from collections.abc import Mapping
from typing import NamedTuple

from oumi_scaffold.rendering.render import RenderedFile
from oumi_scaffold.rendering.structure import Structure, check_structure
from oumi_scaffold.request.values import Value


class StructureChecks:
    """Checks the files of many models of one template, without reading each.

    Files that are those of a checked model but for its names hold what those hold: a
    name is one word in code and in a config, wherever it stands.
    """

    def __init__(self, template: str) -> None:
        self._template = template
        self._known: dict[tuple[int, int], tuple[_Rendering, Structure]] = {}

    def check(
        self,
        files: tuple[RenderedFile, ...],
        model_name: str,
        module_name: str,
        arguments: Mapping[str, Value],
    ) -> Structure:
        """Checks one model's files; see `check_structure`."""
        # Names of one length are wrapped alike.
        key = len(model_name), len(module_name)
        if key in self._known:
            known, structure = self._known[key]
            if known.renamed(model_name, module_name) == files:
                place = structure.class_file, structure.config_file or ""
                model, config = (
                    path.replace(known.module_name, module_name) for path in place
                )
                return Structure(model, config or None)
        structure = check_structure(files, self._template, model_name, arguments)
        if model_name != module_name:
            self._known[key] = _Rendering(files, model_name, module_name), structure
        return structure


class _Rendering(NamedTuple):
    """One model's files, which have been checked."""

    files: tuple[RenderedFile, ...]
    model_name: str
    module_name: str

    def renamed(self, model_name: str, module_name: str) -> tuple[RenderedFile, ...]:
        """The files with other names in place of the model's."""
        return tuple(
            RenderedFile(
                path.replace(self.module_name, module_name),
                text.replace(self.model_name, model_name).replace(
                    self.module_name, module_name
                ),
            )
            for path, text in self.files
        )
