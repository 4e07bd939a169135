"""Rendering templates: answers are data, and errors name the template."""

from collections.abc import Callable
from pathlib import Path

import pytest

from oumi_scaffold.exceptions import TemplateError, UnknownChoiceError
from oumi_scaffold.rendering.render import render
from oumi_scaffold.template.folder import TemplateFolder, load_template

Build = Callable[..., TemplateFolder]

# Each would show 49, or reach into Python, if it were rendered.
JINJA = ["{{ 7 * 7 }}", "{% raw %}", "{{ cookiecutter.__class__.__mro__ }}", "{#"]


def texts(template: TemplateFolder, **answers: str) -> dict[str, str]:
    return {file.path: file.text for file in render(template, answers)}


def test_paths_and_texts_are_rendered_and_the_top_folder_is_left_out(template: Build):
    folder = template(
        {"models/{{ cookiecutter.model_name }}.txt": "{{ cookiecutter }}"}
    )
    assert texts(folder, model_name="Net") == {
        "models/Net.txt": "{'model_name': 'Net', 'project_slug': 'project'}"
    }


def test_the_last_newline_is_kept(template: Build):
    assert texts(template({"a": "x\n", "b": "x"})) == {"a": "x\n", "b": "x"}


def test_a_default_that_is_an_expression_is_rendered(template: Build):
    folder = template(
        {"a": "{{ cookiecutter.module }}"},
        module="{{ cookiecutter.model_name | snake_case }}",
    )
    assert texts(folder, model_name="HTTPNet") == {"a": "http_net"}
    assert texts(folder, module="given") == {"a": "given"}


@pytest.mark.parametrize("answer", JINJA)
def test_an_answer_that_holds_jinja_is_data(template: Build, answer: str):
    folder = template(
        {"a": "{{ cookiecutter.model_name }}|{{ cookiecutter.again }}"},
        again="{{ cookiecutter.model_name }}",
    )
    assert texts(folder, model_name=answer) == {"a": f"{answer}|{answer}"}


def test_an_answer_that_holds_jinja_is_data_in_a_path(template: Build):
    folder = template({"{{ cookiecutter.model_name }}": ""})
    assert list(texts(folder, model_name="{{ 7 * 7 }}")) == ["{{ 7 * 7 }}"]


def test_a_partial_is_included_from_the_folder_that_cookiecutter_looks_in(
    template: Build,
):
    folder = template(
        {"a": '{% include cookiecutter.arch ~ ".py" %}\nend\n'},
        {"stub.py": "stub of {{ cookiecutter.model_name }}\n", "mlp.py": "mlp\n"},
        arch=["stub", "mlp"],
        _jinja2_env_vars={"trim_blocks": True},
    )
    assert texts(folder) == {"a": "stub of MyNet\nend\n"}
    assert texts(folder, arch="mlp") == {"a": "mlp\nend\n"}


def test_a_file_whose_name_renders_to_nothing_is_left_out(template: Build):
    name = "{% if cookiecutter.arch == 'mlp' %}a{% endif %}"
    folder = template({name: "x", f"d/{name}": "y"}, arch=["stub", "mlp"])
    assert texts(folder) == {}
    assert texts(folder, arch="mlp") == {"a": "x", "d/a": "y"}


def test_an_answer_that_is_not_a_choice_is_refused(template: Build):
    folder = template({"a": ""}, arch=["stub", "mlp"])
    with pytest.raises(UnknownChoiceError, match="use one of stub, mlp"):
        texts(folder, arch="mpl")


def test_an_answer_without_a_variable_is_refused(template: Build):
    with pytest.raises(UnknownChoiceError, match="did you mean 'model_name'"):
        texts(template({"a": ""}), modelname="MyNet")


@pytest.mark.parametrize(
    "text",
    [
        "{{ cookiecutter.missing }}",
        "{{ cookiecutter.missing | literal }}",
        "{{ missing }}",
        "{% if %}",
        "{% include 'missing.py' %}",
        "{% include '../cookiecutter.json' %}",
        "{% include '/etc/passwd' %}",
        "{{ 1 / 0 }}",
        "{{ 'a-b' | identifier }}",
        "{{ cookiecutter.__class__.__mro__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ cookiecutter.update({'model_name': 'Other'}) }}",
        "{{ range(10 ** 9) | list }}",
        "{{ self.__init__.__globals__ }}",
    ],
)
def test_a_text_that_cannot_be_rendered_is_one_line_about_the_template(
    template: Build, text: str
):
    with pytest.raises(TemplateError, match="template a-template: ") as caught:
        texts(template({"a": text}))
    assert "\n" not in str(caught.value)


def test_a_template_with_a_link_is_refused(template: Build, tmp_path: Path):
    folder = template({"a": ""})
    (tmp_path / "secret").write_text("secret")
    (folder.top / "b").symlink_to(tmp_path / "secret")
    with pytest.raises(TemplateError, match="b is not a plain file"):
        texts(folder)


def test_a_partial_that_is_a_link_is_not_read(template: Build, tmp_path: Path):
    folder = template({"a": "{% include 'b' %}"}, {"real": ""})
    (tmp_path / "secret").write_text("secret")
    (folder.root / "templates" / "b").symlink_to(tmp_path / "secret")
    with pytest.raises(TemplateError, match="template a-template: b"):
        texts(folder)


def test_a_file_that_is_not_text_is_refused(template: Build):
    folder = template({"a": ""})
    (folder.top / "a").write_bytes(b"\xff\xfe")
    with pytest.raises(TemplateError, match="a is not UTF-8 text"):
        texts(folder)


@pytest.mark.parametrize(
    "settings",
    [
        {"_extensions": ["os.system"]},
        {"_extensions": ["oumi_templates.filters.TypedFilters", "jinja2.ext.do"]},
        {"_jinja2_env_vars": {"extensions": []}},
        {"_jinja2_env_vars": {"trim_blocks": "yes"}},
    ],
)
def test_a_template_that_asks_for_code_of_its_own_is_refused(
    template: Build, settings: dict[str, object]
):
    with pytest.raises(TemplateError, match=r"allowed|may set only"):
        template({"a": ""}, **settings)


def test_a_folder_without_one_top_folder_is_no_template(tmp_path: Path):
    (tmp_path / "cookiecutter.json").write_text("{}")
    with pytest.raises(TemplateError, match="needs one top folder"):
        load_template(tmp_path, "a-template")


def test_broken_settings_are_one_line_about_the_template(template: Build):
    folder = template({"a": ""})
    (folder.root / "cookiecutter.json").write_text("{")
    with pytest.raises(TemplateError, match="is not valid JSON"):
        load_template(folder.root, "a-template")
