"""The base class for whole configs, which are read from and written to YAML."""

import io
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from oumi_runtime.core.configs.checking import examine, in_order
from oumi_runtime.core.configs.interpolation import interpolated
from oumi_runtime.core.configs.overrides import apply_overrides
from oumi_runtime.core.configs.params.base_params import (
    BaseParams,
    rules_of_rest,
    to_tree,
)
from oumi_runtime.core.configs.places import Places
from oumi_runtime.core.configs.yaml_dump import dump_yaml
from oumi_runtime.core.configs.yaml_source import read_text, read_tree
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.exceptions import ConfigError, Mistake


class BaseConfig(BaseParams):
    """The base class for configs that have their own file."""

    @classmethod
    def from_yaml(
        cls, config_path: str | Path, ignore_interpolation: bool = True
    ) -> Self:
        """Returns the config in a file.

        Args:
            config_path: A UTF-8 YAML file. The registry also reads the nearest
                `oumi_requirements.txt` in or above its folder.
            ignore_interpolation: Whether to keep `${oc.env:NAME}` and `${section.key}`
                unchanged; False replaces them with the environment variable, or with
                the other value in the file.

        Raises:
            ConfigFileError: The file is missing, or cannot be read.
            ConfigError: Holds every mistake in the file.
        """
        return cls.from_yaml_and_arg_list(
            config_path, [], ignore_interpolation=ignore_interpolation
        )

    @classmethod
    def from_str(cls, config_str: str) -> Self:
        """Returns the config in a YAML text.

        Raises:
            ConfigError: Holds every mistake in the text.
        """
        return cls._from_tree(*read_tree(config_str, "<text>"))

    @classmethod
    def from_yaml_and_arg_list(
        cls,
        config_path: str | Path | None,
        arg_list: list[str],
        logger: logging.Logger | None = None,
        ignore_interpolation: bool = True,
    ) -> Self:
        """Returns the config in a file with command-line overrides applied.

        Args:
            config_path: As for `from_yaml`; None for the defaults alone.
            arg_list: Such as `["--training.max_steps", "10", "--model.model_name=X"]`.
            logger: Where the config is logged, if anywhere.
            ignore_interpolation: As for `from_yaml`; the arguments are never changed.

        Raises:
            ConfigFileError: The file is missing, or cannot be read.
            ConfigError: Holds every mistake in the file and in the arguments.
        """
        tree: dict[Any, Any] = {}
        places = Places()
        in_file: list[Mistake] = []
        if config_path is not None:
            path = Path(config_path)
            tree, places, in_file = read_tree(read_text(path), str(config_path))
            if not ignore_interpolation:
                tree = interpolated(tree, places)
            # The names in a project's config are registered in the project's files.
            REGISTRY.add_search_root(path.parent)
        in_arguments = apply_overrides(tree, places, list(arg_list))
        config = cls._from_tree(tree, places, in_file, in_arguments)
        config.__dict__["_overrides"] = list(arg_list)
        if logger is not None:
            config.print_config(logger)
        return config

    @classmethod
    def _from_tree(
        cls,
        tree: dict[Any, Any],
        places: Places,
        before: list[Mistake],
        after: Iterable[Mistake] = (),
    ) -> Self:
        """Builds the config from a tree of dicts, lists and scalars.

        Args:
            tree: The tree.
            places: The positions of its keys and values in the file.
            before: Syntax mistakes found while reading, reported first.
            after: Mistakes to report last.

        Raises:
            ConfigError: Holds these mistakes and those in the tree.
        """
        config, found = examine(cls, tree, places)
        if config is None or before or after:
            # Report everything at once, since the file has to be edited anyway.
            found += rules_of_rest(cls, tree, found, places)
            told = {mistake.key for mistake in before}
            rest = [m for m in in_order(found) if m.key not in told]
            raise ConfigError([*before, *rest, *after])
        config._remember(places)  # noqa: SLF001  # ours
        return config

    def to_yaml(
        self, config_path: str | Path | io.StringIO, *, skip_defaults: bool = False
    ) -> None:
        """Writes the config to a file that `from_yaml` can read.

        Args:
            config_path: A file, which is overwritten, or a buffer.
            skip_defaults: Whether to omit fields that have their default value.

        Raises:
            TypeError: A value, in `model_kwargs` for example, cannot be written as
                YAML.
        """
        text = dump_yaml(to_tree(self, skip_defaults=skip_defaults))
        if isinstance(config_path, io.StringIO):
            config_path.write(text)
        else:
            Path(config_path).write_text(text, encoding="utf-8")

    @property
    def overrides(self) -> list[str]:
        """The command-line overrides, as they were given."""
        given: list[str] = self.__dict__.get("_overrides", [])
        return list(given)

    def print_config(self, logger: logging.Logger | None = None) -> None:
        """Prints the config as YAML, or logs it if a logger is given."""
        text = dump_yaml(to_tree(self))
        if logger is None:
            print(text, end="")
        else:
            logger.info("config:\n%s", text)
