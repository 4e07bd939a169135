"""What cannot go together with leaving bad samples out is told with file and line."""

from pathlib import Path

import pytest

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.exceptions import ConfigError

CONFIG = """\
model: {{model_name: MLPEncoder}}
data:
  train:
    datasets: [{{dataset_name: {name}, dataset_path: {path}}}]
    stream: true
  on_bad_sample: {action}
training: {{max_steps: 5}}
"""


def load(folder: Path, name: str, action: str) -> TrainingConfig:
    data, path = folder / "a.jsonl", folder / "config.yaml"
    data.touch()
    file = "null" if name.startswith("stdlib") else data
    path.write_text(CONFIG.format(name=name, action=action, path=file))
    config = TrainingConfig.from_yaml(path)
    config.finalize_and_validate()
    return config


@pytest.mark.parametrize("name", ["text_classification", "Tabular", "text_lm"])
def test_files_that_stream(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, name, "skip")
    assert (
        str(caught.value)
        .splitlines()[-1]
        .strip()
        .startswith(f"{tmp_path / 'config.yaml'}:5:")
    )
    assert f"on_bad_sample: skip, which cannot leave rows out of {name!r}" in str(
        caught.value
    )


@pytest.mark.parametrize(
    ("name", "action"),
    [("text_classification", "raise"), ("stdlib_docstrings", "skip")],
)
def test_what_does_go_together_passes(tmp_path: Path, name: str, action: str) -> None:
    assert load(tmp_path, name, action).data.on_bad_sample == action
