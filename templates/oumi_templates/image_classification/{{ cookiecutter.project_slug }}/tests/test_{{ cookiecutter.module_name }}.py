"""Placeholder."""


def test_placeholder() -> None:
    assert {{ cookiecutter.model_name | literal }}
