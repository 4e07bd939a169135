"""`wrap`: what it writes around a module."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from programs import succeeding_python
from trees import make_tree, snapshot
from wrapped_modules import HEAD, LINEAR, TABLE, returning, wrapped


def test_it_writes_what_new_model_writes(project: Path, run: Callable):
    make_tree(project, {"rows.py": LINEAR})
    done = run("wrap", "rows.py:Rows", *TABLE)
    assert (done.exit_code, done.err) == (0, "")
    assert sorted(
        line.split()[1] for line in done.out.splitlines() if line.startswith("create")
    ) == [
        ".oumi-scaffold.json",
        ".oumi-scaffold.schema.json",
        "configs/rows_model.yaml",
        "models/rows_model.py",
        "oumi_requirements.txt",
        "tests/test_rows_model.py",
    ]
    assert done.out.endswith("oumi-scaffold train -c configs/rows_model.yaml\n")
    config = yaml.safe_load((project / "configs/rows_model.yaml").read_text())
    assert config["model"] == {
        "model_name": "RowsModel",
        "model_kwargs": {"num_features": 64, "num_classes": 10, "dim": 8},
    }
    assert run("undo").exit_code == 0
    left = {"rows.py", "__pycache__"}
    assert {path.name for path in project.iterdir()} <= left


def test_a_dry_run_and_json_write_nothing_and_one_document(
    project: Path, run: Callable
):
    make_tree(project, {"rows.py": f"print('hello')\n{LINEAR}"})
    done = run("wrap", "rows.py:Rows", *TABLE, "--dry-run", "--json")
    assert done.document["name"] == "RowsModel"
    assert "hello" in done.err
    assert not (project / "models").exists()


def test_files_in_the_way_are_a_conflict(project: Path, run: Callable):
    make_tree(project, {"rows.py": LINEAR, "models/rows_model.py": "mine = 1\n"})
    done = run("wrap", "rows.py:Rows", *TABLE)
    assert done.exit_code == 3
    assert (project / "models/rows_model.py").read_text() == "mine = 1\n"
    assert not (project / "configs").exists()
    assert run("wrap", "rows.py:Rows", *TABLE, "--force").exit_code == 0


def test_the_arguments_are_taken_over_typed_with_their_defaults(
    project: Path, run: Callable
):
    source = f"""{HEAD}class Net(nn.Module):
    def __init__(
        self, in_features, *, out_features=7, sizes=[4, 5], pair=(1, 2),
        rate: float = 1, limit: int | None = None, unknown=None, act=nn.ReLU,
        bias=True, kind="a", x="b",
    ):
        super().__init__()
        assert isinstance(sizes, list) and isinstance(pair, tuple) and kind == "it's"
        self.layer = nn.Linear(in_features, out_features, bias)

    def forward(self, x):
        return self.layer(x)
"""
    text = wrapped(
        run, project, source, *TABLE, "--set", "kind=it's", "--set", "bias=false"
    )
    signature = text.partition("def __init__(")[2].partition(") -> None")[0]
    assert signature.split("\n")[1:-1] == [
        "        self,",
        "        in_features: int = 64,",
        "        out_features: int = 10,",
        "        sizes: Sequence[int] = (4, 5),",
        "        pair: Sequence[int] = (1, 2),",
        "        rate: float = 1,",
        "        limit: int | None = None,",
        "        bias: bool = False,",
        '        kind: str = "it\'s",',
        '        x: str = "b",',
    ]
    for line in ("sizes=list(sizes),", "pair=tuple(pair),", "limit=limit,"):
        assert line in text
    assert 'StandardScaler("features", in_features)' in text
    assert "from collections.abc import Callable, Sequence\n" in text


def test_a_regression_has_one_output_that_is_no_argument(project: Path, run: Callable):
    source = returning("y").replace("num_classes", "output_dim")
    text = wrapped(run, project, source, "--task", "tabular-regression")
    assert "self.net(x).squeeze(-1)  # (B,)" in text
    assert "self.net = Net(num_features=num_features, output_dim=1)" in text


def test_data_of_the_user_gives_the_sizes(project: Path, run: Callable):
    rows = "".join(f"{i},{i * i},{'xyz'[i % 3]}\n" for i in range(60))
    make_tree(project, {"rows.py": LINEAR, "table.csv": f"a,b,kind\n{rows}"})
    done = run(
        *("wrap", "rows.py:Rows", *TABLE, "--data", "table.csv"),
        *("--column", "label=kind"),
    )
    assert done.exit_code == 0, done.err
    config = yaml.safe_load((project / "configs/rows_model.yaml").read_text())
    assert config["model"]["model_kwargs"]["num_classes"] == 3
    assert config["model"]["model_kwargs"]["num_features"] == 2
    assert config["data"]["train"]["datasets"][0]["dataset_path"] == "table.csv"


def test_a_name_that_the_file_needs_itself_is_imported_under_another(
    project: Path, run: Callable
):
    source = LINEAR.replace("class Rows", "class Callable")
    text = wrapped(run, project, source, *TABLE, name="Callable")
    assert "from nets import Callable as WrappedCallable\n" in text
    assert "self.net = WrappedCallable(" in text


def test_an_installed_class_is_imported_among_the_other_packages(
    project: Path, run: Callable
):
    done = run(
        *("wrap", "torch.nn:Linear", *TABLE, "--name", "OneLayer"),
    )
    assert done.exit_code == 0, done.err
    text = (project / "models/one_layer.py").read_text()
    lines = [line for line in text.splitlines() if line.startswith("from ")]
    assert lines[-2:] == [
        "from torch.nn import Linear",
        "from torch.nn import functional as F",
    ]


@pytest.mark.parametrize(("package", "before"), [("aaa", "oumi_runtime"), ("zzz", "")])
def test_an_installed_package_is_imported_where_ruff_sorts_it(
    project: Path,
    run: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    before: str,
):
    make_tree(tmp_path / "installed", {f"{package}_nets.py": LINEAR})
    monkeypatch.syspath_prepend(tmp_path / "installed")
    assert run("wrap", f"{package}_nets:Rows", *TABLE).exit_code == 0
    text = (project / "models/rows_model.py").read_text()
    after = text.partition(f"from {package}_nets import Rows\n")[2]
    assert after.startswith(f"from {before}" if before else "\n\n@registry")
    succeeding_python(
        project, "-m", "ruff", "check", "--isolated", "--select", "I", "models"
    )
    sys.modules.pop(f"{package}_nets")


def test_update_renders_a_wrapped_module_again(project: Path, run: Callable):
    make_tree(project, {"rows.py": LINEAR})
    assert run("wrap", "rows.py:Rows", *TABLE, "--set", "dim=9").exit_code == 0
    before = snapshot(project)
    done = run("update")
    assert done.exit_code == 0, done.err
    assert snapshot(project) == before
    manifest = (project / ".oumi-scaffold.json").read_text()
    (project / ".oumi-scaffold.json").write_text(manifest.replace('"9"', '"11"'))
    done = run("update", "--force")
    assert done.exit_code == 0, done.err
    assert "dim: int = 11," in (project / "models/rows_model.py").read_text()
