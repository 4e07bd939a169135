"""The schema that `new-model` writes is that of the runtime, and editors find it."""

import json
import os
from pathlib import Path

import pytest

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.configs.json_schema import json_schema
from oumi_scaffold.cli import main
from oumi_scaffold.generating.classes import plan_model
from oumi_scaffold.request.spec import OUMI, model_spec
from oumi_scaffold.writing.write import write
from oumi_templates.catalog import CONFIG_SCHEMA, TASKS

EXAMPLES = Path(__file__).parents[2] / "examples"
MARK = "# yaml-language-server: $schema="


def test_it_is_that_of_the_runtime(capsys: pytest.CaptureFixture[str]):
    if "UPDATE_GOLDEN" in os.environ:
        schema = json_schema(TrainingConfig)
        copies = EXAMPLES.glob("*/.oumi-scaffold.schema.json")
        for path in (CONFIG_SCHEMA, *copies):
            path.write_text(json.dumps(schema, indent=2) + "\n")

    assert main(["schema"]) == 0

    committed = CONFIG_SCHEMA.read_text()
    assert committed == capsys.readouterr().out, "write it anew by UPDATE_GOLDEN=1"


@pytest.mark.parametrize("task", TASKS)
def test_a_generated_config_names_the_schema_that_lies_beside_it(
    tmp_path: Path, task: str
):
    spec = model_spec("MyNet", task)
    write(plan_model(spec, tmp_path))
    config = tmp_path / spec.config_file

    first = config.read_text().splitlines()[0]

    assert first.startswith(MARK)
    named = config.parent / first.removeprefix(MARK)
    assert named.read_bytes() == CONFIG_SCHEMA.read_bytes()


def test_an_older_schema_is_renewed_and_the_same_one_left_alone(tmp_path: Path):
    write(plan_model(model_spec("MyNet"), tmp_path))
    (file,) = tmp_path.glob(".oumi-scaffold.schema.json")

    again = plan_model(model_spec("Other"), tmp_path).entries[-1]
    file.write_text("{}\n")
    after = plan_model(model_spec("Other"), tmp_path).entries[-1]

    assert (again.path, again.status) == (file.name, "identical")
    assert (after.path, after.status) == (file.name, "update")


def test_a_config_for_oumi_s_own_package_names_no_schema(tmp_path: Path):
    spec = model_spec("MyNet", target=OUMI)
    write(plan_model(spec, tmp_path))

    assert MARK not in (tmp_path / spec.config_file).read_text()
    assert list(tmp_path.glob("*.schema.json")) == []
