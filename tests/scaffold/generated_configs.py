"""The configs that were generated in a project, for tests."""

from pathlib import Path

import yaml


def config_of(project: Path, name: str = "my_net") -> dict:
    return yaml.safe_load((project / "configs" / f"{name}.yaml").read_text())


def dataset_of(project: Path, split: str = "train") -> dict:
    return config_of(project)["data"][split]["datasets"][0]
