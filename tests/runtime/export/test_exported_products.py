"""Every model that can be generated can be exported to every format."""

from pathlib import Path

import pytest
from saved_examples import saved

from oumi_runtime.export import export
from oumi_scaffold.cli import main
from oumi_templates.catalog import TASKS

PRODUCTS = [(t, arch) for t in TASKS for arch in TASKS[t].architecture_names]


@pytest.mark.slow
@pytest.mark.parametrize(("task", "arch"), PRODUCTS)
def test_every_generated_model_can_be_exported(
    task: str, arch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert main(["new-model", "MyNet", "--task", task, "--arch", arch]) == 0
    config_file = tmp_path / "configs" / "my_net.yaml"
    name = task.replace("-", "_")
    config = saved(name, tmp_path / "run", config_file=config_file)
    assert config.model.model_name == "MyNet"
    config.to_yaml(tmp_path / "run" / "out" / "config.yaml")
    for form in ("torch", "onnx", "huggingface"):
        result = export(tmp_path / "run" / "out", form, tmp_path / form)
        assert not result.inputs_are_made
        assert all(each.shape[0] == "batch" for each in result.inputs)
        has_texts = result.inputs[0].name == "input_ids"
        lengths = {size for each in result.inputs for size in each.shape[1:]}
        assert ("sequence" in lengths) == has_texts
