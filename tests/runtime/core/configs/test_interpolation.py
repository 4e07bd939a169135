"""References to environment variables and other fields in a config."""

import io
from pathlib import Path

import pytest

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.exceptions import ConfigError


def read(tmp_path: Path, text: str, **kwargs) -> TrainingConfig:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    return TrainingConfig.from_yaml(path, **kwargs)


def test_a_reference_is_a_text_like_any_other_unless_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("WHERE", "here")
    text = "training: {output_dir: '${oc.env:WHERE}'}"

    assert read(tmp_path, text).training.output_dir == "${oc.env:WHERE}"
    assert (
        read(tmp_path, text, ignore_interpolation=False).training.output_dir == "here"
    )


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("${oc.env:WHERE}", "here"),
        ("${env:WHERE}", "here"),
        ("runs/${oc.env:WHERE}/${env:WHERE}", "runs/here/here"),
        ("${oc.env:NOWHERE,there}", "there"),
        ("${oc.env:NOWHERE,}x", "x"),
    ],
)
def test_a_variable_takes_the_place_of_its_name(
    tmp_path, monkeypatch, reference, expected
):
    monkeypatch.setenv("WHERE", "here")
    text = f"training: {{output_dir: '{reference}'}}"

    config = read(tmp_path, text, ignore_interpolation=False)

    assert config.training.output_dir == expected


def test_a_variable_alone_may_be_a_number(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPS", "7")

    config = read(
        tmp_path, "training:\n  max_steps: ${env:STEPS}\n", ignore_interpolation=False
    )

    assert config.training.max_steps == 7


def test_arguments_are_not_interpolated(monkeypatch):
    monkeypatch.setenv("WHERE", "here")

    config = TrainingConfig.from_yaml_and_arg_list(
        None, ["--training.output_dir", "${env:WHERE}"], ignore_interpolation=False
    )

    assert config.training.output_dir == "${env:WHERE}"


def test_every_variable_that_is_not_set_is_told_with_its_place(tmp_path, monkeypatch):
    monkeypatch.setenv("OUTPUT_FOLDER", "x")
    text = (
        "training:\n"
        "  output_dir: ${oc.env:OUTPUT_FOLDR}\n"
        "  run_name: ${training.output_dir}\n"
        "  logging_dir: ${training.output_dirr}\n"
        "  metrics_function: ${f(x)}\n"
    )

    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, ignore_interpolation=False)

    first, second, third = map(str, caught.value.mistakes)
    assert first.startswith(f"{tmp_path}/a.yaml:2:15  training.output_dir: the")
    assert "(did you mean 'OUTPUT_FOLDER'?)" in first
    assert "a.yaml:4:16  training.logging_dir: refers to training.output_dirr" in second
    assert "a.yaml:5:21  training.metrics_function: ${f(x)} is not possible" in third


def test_a_reference_stands_for_another_value_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("WHERE", "007")
    text = (
        "model: {model_name: x, model_max_length: 128}\n"
        "data:\n  train:\n    datasets:\n"
        "      - dataset_name: d\n"
        "        dataset_kwargs: {length: '${model.model_max_length}'}\n"
        "  test:\n    datasets:\n"
        "      - dataset_name: ${data.train.datasets[0].dataset_name}\n"
        "training:\n"
        "  logging_dir: ${training.output_dir}/runs\n"
        "  output_dir: out/${env:WHERE}\n"
        "  run_name: ${model.model_max_length}-${training.save_epoch}\n"
        "  save_epoch: true\n"
    )

    config = read(tmp_path, text, ignore_interpolation=False)

    assert config.data.train.datasets[0].dataset_kwargs == {"length": 128}
    assert config.data.test.datasets[0].dataset_name == "d"
    assert config.training.logging_dir == "out/007/runs"
    assert config.training.run_name == "128-true"


def test_references_in_a_circle_are_refused(tmp_path):
    text = (
        "training:\n  output_dir: ${training.run_name}\n"
        "  run_name: ${training.output_dir}x\n"
    )

    with pytest.raises(ConfigError, match="refers back to itself"):
        read(tmp_path, text, ignore_interpolation=False)


def test_a_reference_to_a_section_is_refused(tmp_path):
    text = "training: {run_name: '${model}'}\nmodel: {model_name: x}"

    with pytest.raises(ConfigError, match="but the file has a section there"):
        read(tmp_path, text, ignore_interpolation=False)


def test_a_config_is_written_without_its_defaults_and_reads_the_same():
    config = TrainingConfig.from_str(
        "model: {model_name: x, model_kwargs: {a: 1}}\n"
        "data:\n  train:\n    datasets:\n"
        "      - {dataset_name: d, sample_count: 3}\n      - {split: test}\n"
        "training: {max_steps: 3, profiler: {schedule: {wait: 2}}, seed: 42}\n"
    )
    buffer = io.StringIO()
    config.to_yaml(buffer, skip_defaults=True)

    assert TrainingConfig.from_str(buffer.getvalue()) == config
    assert buffer.getvalue() == (
        "data:\n"
        "  train:\n"
        "    datasets:\n"
        "    - dataset_name: d\n"
        "      sample_count: 3\n"
        "    - split: test\n"
        "model:\n"
        "  model_name: x\n"
        "  model_kwargs:\n"
        "    a: 1\n"
        "training:\n"
        "  max_steps: 3\n"
        "  profiler:\n"
        "    schedule:\n"
        "      wait: 2\n"
    )
