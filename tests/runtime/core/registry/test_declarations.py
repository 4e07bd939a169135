"""The names that a file registers are found without importing it."""

import pytest

from oumi_runtime.core.registry import RegistryType, declarations_in

PAGE_STYLE = '@registry.register("Net", registry.RegistryType.MODEL)\nclass A: ...'


def names(path):
    return [(d.name, d.type, d.class_name, d.line) for d in declarations_in(path)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PAGE_STYLE, ("Net", RegistryType.MODEL, "A", 1)),
        (
            '\n@register("Net", RegistryType.MODEL)\nclass A: ...',
            ("Net", RegistryType.MODEL, "A", 2),
        ),
        (
            '@register(registry_type=RegistryType.MODEL, registry_name="Net")\n'
            "class A: ...",
            ("Net", RegistryType.MODEL, "A", 1),
        ),
        (
            "from oumi_runtime.core.registry import RegistryType as R, register as r\n"
            '@r("acc", R.METRICS_FUNCTION)\ndef a(): ...',
            ("acc", RegistryType.METRICS_FUNCTION, "a", 2),
        ),
        ('@register_dataset("d")\nclass A: ...', ("d", RegistryType.DATASET, "A", 1)),
        (
            '@registry.register_dataset("d", subset="s")\nclass A: ...',
            ("d/s", RegistryType.DATASET, "A", 1),
        ),
        (
            '@register_dataset("d", None)\nclass A: ...',
            ("d", RegistryType.DATASET, "A", 1),
        ),
        (
            'REGISTRY.register("Net", RegistryType.MODEL, A)',
            ("Net", RegistryType.MODEL, "A", 1),
        ),
        (
            'REGISTRY.register("Net", RegistryType.MODEL, value=a.b)',
            ("Net", RegistryType.MODEL, None, 1),
        ),
        (
            'B = register("Net", RegistryType.MODEL)(A)',
            ("Net", RegistryType.MODEL, "A", 1),
        ),
        (
            "try:\n    import x\nexcept ImportError:\n    pass\nelse:\n    if x:\n"
            '        register("Net", RegistryType.MODEL)(A)',
            ("Net", RegistryType.MODEL, "A", 7),
        ),
    ],
)
def test_a_registration_is_seen_in_the_text(write, text, expected):
    assert names(write({"a.py": text}) / "a.py") == [expected]


@pytest.mark.parametrize(
    "text",
    [
        '# @register("Net", RegistryType.MODEL)\n',
        'def later():\n    register("Net", RegistryType.MODEL)(A)\n',
        'if __name__ == "__main__":\n    register("Net", RegistryType.MODEL)(A)\n',
        '@register(f"Net{x}", RegistryType.MODEL)\nclass A: ...\n',
        '@register("Net", kind)\nclass A: ...\n',
        '@register("Net", RegistryType.NO_SUCH)\nclass A: ...\n',
        '@register_dataset("d", subset)\nclass A: ...\n',
        'atexit.register("x", print)\n',
        "@register\nclass A: ...\n",
        "",
    ],
)
def test_what_an_import_would_not_register_is_not_seen(write, text):
    assert names(write({"a.py": text}) / "a.py") == []


def test_two_names_of_one_class_are_both_seen(write):
    text = (
        '@register("One", RegistryType.MODEL)\n'
        '@register("Two", RegistryType.MODEL)\nclass A: ...'
    )

    found = names(write({"a.py": text}) / "a.py")

    assert [name for name, *_ in found] == ["One", "Two"]


def test_a_folder_is_read_with_its_subfolders(write):
    project = write(
        {
            "b.py": PAGE_STYLE.replace("Net", "B"),
            "a/__init__.py": "",
            "a/a.py": PAGE_STYLE.replace("Net", "A"),
            "c.txt": PAGE_STYLE.replace("Net", "C"),
        }
    )

    found = declarations_in(project)

    assert [(d.name, d.path) for d in found] == [
        ("A", project / "a/a.py"),
        ("B", project / "b.py"),
    ]


def test_a_file_is_not_run(write):
    text = f"raise RuntimeError('was run')\n{PAGE_STYLE}"

    assert len(names(write({"a.py": text}) / "a.py")) == 1


def test_a_file_that_changes_is_read_again(write):
    path = write({"a.py": PAGE_STYLE}) / "a.py"
    assert names(path)[0][0] == "Net"
    write({"a.py": PAGE_STYLE.replace("Net", "Other")})
    assert names(path)[0][0] == "Other"


@pytest.mark.parametrize(
    "text", ["register(", "register\0", "register" + "(" * 3000 + ")" * 3000]
)
def test_a_file_that_is_not_python_is_a_syntax_error(write, text):
    with pytest.raises(SyntaxError):
        declarations_in(write({"a.py": text}) / "a.py")


def test_a_doubtful_escape_is_no_warning_here(write):
    text = f"PATTERN = '\\d'\n{PAGE_STYLE}"

    assert len(names(write({"a.py": text}) / "a.py")) == 1
