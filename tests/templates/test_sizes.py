"""Projects of unusual sizes pass their own tests, or are refused."""

from pathlib import Path

import pytest
from test_generated_code import run_tests

from oumi_scaffold.exceptions import InvalidValueError
from oumi_scaffold.generating.classes import plan_model
from oumi_scaffold.rendering.render import render
from oumi_scaffold.request.spec import model_spec
from oumi_scaffold.template.folder import load_template
from oumi_scaffold.writing.write import write
from oumi_templates.catalog import TASKS, template_dir

TOO_SMALL = {"vocab_size": 31, "num_classes": 1}
SIZES = [
    *({"num_heads": heads, "hidden_dim": 192} for heads in (1, 3, 32)),
    {"num_heads": 1, "hidden_dim": 2},
    {"hidden_dim": 16},
    {"image_size": 5},
    {"image_size": 48},
    {"image_size": 9, "patch_size": 3},
    {"image_size": 28, "patch_size": 14},
    {"image_size": 64, "patch_size": 32},
]
TEMPLATES = {task: load_template(template_dir(task), task) for task in TASKS}


@pytest.mark.parametrize(
    ("task", "name"),
    [(t, n) for t in TASKS for n in TOO_SMALL if n in TEMPLATES[t].variables],
)
def test_a_size_that_is_too_small_for_any_data_is_refused(task: str, name: str):
    for arch in TASKS[task].architecture_names:
        for target in TASKS[task].targets:
            answers = {"model_name": "MyNet", "arch": arch, name: TOO_SMALL[name]}
            if target != "runtime":
                answers["target"] = target
            with pytest.raises(InvalidValueError, match=rf"{name} cannot be '\d+': g"):
                render(TEMPLATES[task], answers)


FEWER = {
    "text-classification": {"num_classes": 3},
    "token-classification": {"num_classes": 3},
    "image-classification": {"num_classes": 3, "in_channels": 3},
    "tabular-classification": {"num_classes": 3, "num_features": 5},
    "tabular-regression": {"num_features": 5},
}


@pytest.mark.parametrize("task", FEWER)
def test_the_config_brings_the_usual_data_to_the_size_of_the_model(
    tmp_path: Path, task: str
):
    settings = {name: str(size) for name, size in FEWER[task].items()}
    write(plan_model(model_spec("Net", task, settings=settings), tmp_path))
    assert run_tests(tmp_path, "-k", "config_trains") == 1


@pytest.mark.parametrize("task", ["tabular-classification", "tabular-regression"])
def test_more_features_than_the_usual_data_has_are_refused(task: str):
    answers = {"model_name": "MyNet", "num_features": 65}
    with pytest.raises(InvalidValueError, match="num_features cannot be '65': give "):
        render(TEMPLATES[task], answers)
    assert render(TEMPLATES[task], {**answers, "dataset_name": "mine"})


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_transformers_of_any_size_pass_their_tests(tmp_path: Path, task: str):
    chosen = [s for s in SIZES if s.keys() <= TEMPLATES[task].variables.keys()]
    for number, sizes in enumerate(chosen):
        settings = {name: str(size) for name, size in sizes.items()}
        spec = model_spec(f"Net{number}", task, "transformer", settings=settings)
        write(plan_model(spec, tmp_path))
    assert run_tests(tmp_path) > 30 * len(chosen)
