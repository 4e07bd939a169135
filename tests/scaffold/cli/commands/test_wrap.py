"""`wrap`: what it writes around a module, and what it refuses."""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from trees import make_tree, snapshot

ROOT = Path(__file__).parents[4]
SOUND = Path(__file__).parent / "sound_modules"
HEAD = "import torch\nfrom torch import nn\n\n\n"
LINEAR = f"""{HEAD}class Rows(nn.Module):
    def __init__(self, num_features: int, num_classes: int, dim: int = 8) -> None:
        super().__init__()
        self.one = nn.Linear(num_features, dim)
        self.two = nn.Linear(dim, num_classes)

    def forward(self, x):
        return self.two(torch.relu(self.one(x)))
"""
TABLE = ("--task", "tabular-classification")
TEXTS = ("--task", "text-classification")
TRAIN = """
import sys
from oumi_scaffold.cli import main
for config in sys.argv[1:]:
    options = ["--training.max_steps", "2", "--training.eval_strategy", "no"]
    assert main(["train", "-c", config, *options]) == 0, config
"""
CASES = [
    ("picture_nets.py:BlockNet",),
    ("picture_nets:small_cnn", "--task", "image-classification", "--set", "width=6"),
    ("text_nets:Bag", *TEXTS),
    ("text_nets.py:PaddedBag", *TEXTS),
    ("text_nets:Tagger", "--task", "token-classification", "--set", "activation=gelu"),
    ("text_nets:CharRNN", "--task", "causal-lm"),
    ("text_nets:Causal", "--task", "causal-lm"),
    ("text_nets:MaskedCausal", "--task", "causal-lm"),
    ("netpack:RowNet", "--task", "tabular-regression"),
    ("netpack/rows.py:RowNet", *TABLE, "--name", "RowClassifier"),
    ("src/srcpack/inner.py:Base", *TABLE),
]


@pytest.fixture(autouse=True)
def forgotten(project: Path) -> Iterator[None]:
    """Forgets the modules of the project, which other tests have by the same names."""
    yield
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        paths = [file] if file else list(getattr(module, "__path__", []))
        if any(Path(path).is_relative_to(project) for path in paths):
            del sys.modules[name]


@pytest.fixture
def copied(project: Path) -> Path:
    files = {
        path.relative_to(SOUND).as_posix(): path.read_text()
        for path in SOUND.rglob("*.py")
    }
    return make_tree(project, files)


def wrapped(
    run: Callable, project: Path, source: str, *options: str, name: str = "Net"
) -> str:
    """Wraps the class `Net` of a source, and returns the model's."""
    make_tree(project, {"nets.py": source})
    done = run("wrap", f"nets.py:{name}", *options)
    assert done.exit_code == 0, done.err
    return (project / "models" / f"{name.lower()}_model.py").read_text()


def returning(expression: str, head: str = "") -> str:
    """A classifier of rows that returns something of `y`, its logits."""
    return f"""{HEAD}{head}
class Net(nn.Module):
    def __init__(self, num_features, num_classes):
        super().__init__()
        self.layer = nn.Linear(num_features, num_classes)

    def forward(self, x):
        y = self.layer(x)
        return {expression}
"""


def masked(name: str, weights: str) -> str:
    """A classifier of texts by a mean with the given weights, (batch, sequence)."""
    return f"""{HEAD}class Net(nn.Module):
    def __init__(self, vocab_size, num_classes):
        super().__init__()
        self.table = nn.Embedding(vocab_size, 8)
        self.layer = nn.Linear(8, num_classes)

    def forward(self, ids, {name}=None):
        weights = {weights}
        return self.layer((self.table(ids) * weights.unsqueeze(-1)).mean(1))
"""


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


def test_a_causal_model_is_given_a_mask_that_hides_what_is_before(
    copied: Path, run: Callable
):
    for name in ("Causal", "MaskedCausal"):
        done = run("wrap", f"text_nets:{name}", "--task", "causal-lm")
        assert (done.exit_code, done.err) == (0, "")
    made = (copied / "models/masked_causal_model.py").read_text()
    assert "self.net(input_ids, attention_mask=" in made
    assert "self.net(input_ids)" in (copied / "models/causal_model.py").read_text()
    tests = {
        name: (copied / f"tests/test_{name}_model.py").read_text()
        for name in ("causal", "masked_causal")
    }
    assert "attention_mask" in tests["masked_causal"]
    assert "attention_mask" not in tests["causal"]


def test_one_logit_is_for_two_classes(project: Path, run: Callable):
    source = f"""{HEAD}class Net(nn.Module):
    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.layer = nn.Linear(num_features, 1)

    def forward(self, x):
        return {{"p": torch.sigmoid(self.layer(x)).squeeze(1)}}
"""
    rows = "".join(f"{i},{'yes' if i % 2 else 'no'}\n" for i in range(20))
    make_tree(project, {"nets.py": source, "data.csv": "x,label\n" + rows})
    refused = run("wrap", "nets.py:Net", *TABLE)
    assert refused.exit_code == 2
    assert "one logit is for two classes, so give data of two" in refused.err
    done = run("wrap", "nets.py:Net", *TABLE, "--data", "data.csv")
    assert done.exit_code == 0, done.err
    assert "it returns a probability, of which the model takes the logit" in done.err
    made = (project / "models/net_model.py").read_text()
    assert 'logit: torch.Tensor = outputs["p"].reshape(-1)' in made
    assert "logits = torch.stack([torch.zeros_like(logit), logit], dim=-1)" in made


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


@pytest.mark.parametrize(
    ("expression", "head", "lines"),
    [
        ("y", "", ["logits: torch.Tensor = self.net(x)  # (B, C)"]),
        (
            '{"loss": y.mean(), "scores": y, "logits": y}',
            "",
            ["outputs = self.net(x)", 'logits: torch.Tensor = outputs["logits"]'],
        ),
        ("[y.mean(), y]", "", ["logits: torch.Tensor = outputs[1]"]),
        (
            "Out(x, y)",
            "from typing import NamedTuple\nclass Out(NamedTuple):\n"
            "    hidden: object\n    out: object\n\n",
            ["logits: torch.Tensor = outputs.out"],
        ),
        (
            "Out(x, y)",
            "import dataclasses\n@dataclasses.dataclass\nclass Out:\n"
            "    hidden: object\n    scores: object\n\n",
            ["logits: torch.Tensor = outputs.scores"],
        ),
    ],
)
def test_the_logits_are_found_in_what_it_returns(
    project: Path, run: Callable, expression: str, head: str, lines: list[str]
):
    text = wrapped(run, project, returning(expression, head), *TABLE)
    for line in lines:
        assert line in text


def test_probabilities_are_noticed(project: Path, run: Callable):
    make_tree(project, {"nets.py": returning("y.softmax(-1)")})
    done = run("wrap", "nets.py:Net", *TABLE)
    assert "it returns probabilities" in done.err
    text = (project / "models/net_model.py").read_text()
    assert "logits = probabilities.clamp(min=1e-6).log()  # (B, C)" in text


@pytest.mark.parametrize(
    ("mask", "weights", "passed"),
    [
        ("attention_mask", "attention_mask", "attention_mask=attention_mask)"),
        ("mask", "mask & True", "mask=attention_mask)"),
        ("mask", "(~mask).float()", "mask=attention_mask == 0)"),
        ("mask", "mask.logical_and(~mask == 0)", "mask=attention_mask.bool())"),
        ("key_padding_mask", "1 - key_padding_mask * 1", "attention_mask == 0)"),
        ("pad_mask", "pad_mask * 1", "pad_mask=attention_mask.bool())"),
    ],
)
def test_the_mask_is_passed_as_the_module_takes_it(
    project: Path, run: Callable, mask: str, weights: str, passed: str
):
    source = masked(mask, f"ids * 0 + 1 if {mask} is None else {weights}")
    assert passed in wrapped(run, project, source, *TEXTS)


def test_padding_of_zeros_does_without_a_mask(project: Path, run: Callable):
    source = masked("other", "(ids != 0) * ids.shape[1]")
    text = wrapped(run, project, source, *TEXTS)
    assert "input_ids.masked_fill(attention_mask == 0, 0)" in text
    assert "self.net(input_ids)" in text


def test_a_module_that_reads_padding_is_noted(project: Path, run: Callable):
    make_tree(project, {"nets.py": masked("other", "(ids != 0).float()")})
    done = run("wrap", "nets.py:Net", *TEXTS)
    assert "padding changes what nets:Net computes, and it takes no mask" in done.err


def test_classes_before_tokens_are_turned(project: Path, run: Callable):
    source = masked("attention_mask", "attention_mask").replace(
        "(self.table(ids) * weights.unsqueeze(-1)).mean(1))",
        "self.table(ids) * weights.unsqueeze(-1)).transpose(1, 2)",
    )
    task = ("--task", "token-classification")
    text = wrapped(run, project, source.replace("mask=None", "mask"), *task)
    assert "outputs = self.net(input_ids, attention_mask=attention_mask)\n" in text
    assert "logits: torch.Tensor = outputs.transpose(1, 2)  # (B, T, C)\n" in text
    _pass("-m", "ruff", "format", "--isolated", "--diff", "models", folder=project)


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


@pytest.mark.parametrize(
    ("source", "options", "told"),
    [
        (LINEAR, ("nets.py:Row",), "did you mean 'Rows'?"),
        (LINEAR, ("nets.py",), "write PACKAGE.MODULE:CLASS or path/to/file.py:CLASS"),
        (LINEAR, ("other.py:Rows",), "there is no file other.py"),
        (LINEAR, ("others:Rows",), "there is no module others"),
        (LINEAR, ("nets:Rows", "--task", "seq2seq"), "there is no task 'seq2seq'"),
        (LINEAR, ("nets:Rows",), "say what it is for with --task"),
        (LINEAR, ("nets:Rows", *TABLE, "--set", "depth=2"), "no constructor argument"),
        (LINEAR, ("nets:Rows", *TABLE, "--set", "dim=two"), "give a whole number"),
        (
            LINEAR,
            ("nets:Rows", *TABLE, "--name", "rows"),
            "cannot be the name of the class",
        ),
        (
            LINEAR.replace("dim: int = 8", "depth, dim"),
            ("nets:Rows", *TABLE),
            "have no default: add --set depth=VALUE --set dim=VALUE",
        ),
        ("class A:\n  pass\n", ("nets:A", *TABLE), "it is not a torch.nn.Module"),
        ("a = 1\n", ("nets:a", *TABLE), "it is a int: name a class"),
        ("def a(): return 1\n", ("nets:a", *TABLE), "it returns a int, not a module"),
        ("def (:\n", ("nets:a", *TABLE), "nets.py:1 cannot be parsed"),
        (
            "import no_such_module\nclass A: pass\n",
            ("nets:A", *TABLE),
            "importing it raises ModuleNotFoundError: No module named 'no_such_module'",
        ),
        (
            LINEAR.replace("self.one(x)", "self.one(x[:, :5])"),
            ("nets:Rows", *TABLE),
            "given features of shape (3, 64), it raises RuntimeError: mat1 and mat2",
        ),
        (
            LINEAR.replace("dim, num_classes)", "dim, 7)"),
            ("nets:Rows", *TABLE),
            "it returns a tensor (3, 7), and tabular-classification needs (3, 10)",
        ),
        (
            LINEAR.replace("return self", "return 1, self").replace("(x)))", "(x))), 2")
            + "\n",
            ("nets:Rows", "--task", "tabular-regression", "--set", "num_classes=4"),
            "tabular-regression needs (3,)",
        ),
        (
            LINEAR.replace("self, x)", "self, x, y)"),
            ("nets:Rows", *TABLE),
            "its forward also needs y",
        ),
        (
            LINEAR.replace(
                "return self.two(", "return {} if self.training else self.two("
            ),
            ("nets:Rows", *TABLE),
            "it returns a dict without tensors",
        ),
        (
            LINEAR.replace(
                "return self.two(torch.relu(self.one(x)))",
                "y = self.two(torch.relu(self.one(x)))\n"
                "        return (y, y) if self.training else y",
            ),
            ("nets:Rows", *TABLE),
            "it returns one thing in training and another in evaluation",
        ),
        (
            f"{HEAD}class A(nn.Module):\n    def __init__(self, vocab_size):\n"
            "        super().__init__()\n"
            "        self.e = nn.Embedding(vocab_size, vocab_size)\n\n"
            "    def forward(self, x):\n"
            "        return self.e(x) + self.e(x).mean(1, True)",
            ("nets:A", "--task", "causal-lm"),
            "its logits depend on later tokens",
        ),
        (
            f"{HEAD}class A(nn.Module):\n    def __init__(self):\n"
            "        super().__init__()\n        self.c = nn.Conv2d(3, 10, 8)\n\n"
            "    def forward(self, images):\n"
            "        return self.c(images).flatten(1)\n",
            ("nets:A",),
            "given images of shape (3, 1, 8, 8), it raises RuntimeError: Given",
        ),
    ],
)
def test_what_cannot_be_wrapped_is_refused_in_one_line(
    project: Path, run: Callable, source: str, options: tuple[str, ...], told: str
):
    make_tree(project, {"nets.py": source})
    before = set(snapshot(project))
    done = run("wrap", *options)
    assert (done.exit_code, done.out) == (2, "")
    assert told in done.err
    assert len(done.err.splitlines()) == 1
    new = set(snapshot(project)) - before
    assert {name.partition("/")[0] for name in new} <= {"__pycache__"}


def test_a_file_that_cannot_be_imported_is_refused(
    project: Path, run: Callable, tmp_path: Path
):
    make_tree(project, {"json.py": LINEAR, "my-nets.py": LINEAR})
    make_tree(tmp_path, {"elsewhere.py": LINEAR})
    for target, told in (
        ("json.py:Rows", "import json gives"),
        ("my-nets.py:Rows", "is not a name that Python can import: rename the file"),
        (f"{tmp_path}/elsewhere.py:Rows", "the project in"),
    ):
        done = run("wrap", target, *TABLE)
        assert done.exit_code == 2
        assert told in done.err


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


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sound_modules_pass_the_tests_and_train(copied: Path, run: Callable):
    for case in CASES:
        done = run("wrap", *case)
        assert (done.exit_code, done.err) == (0, ""), case
    models = sorted((copied / "models").glob("*.py"))
    assert len(models) == len(CASES)
    for path in models:
        ast.parse(path.read_text())
    _pass(
        "-m", "ruff", "format", "--isolated", "--diff", "models", "tests", folder=copied
    )
    rules = f'extend = "{ROOT / "pyproject.toml"}"\nsrc = [".", "src"]\n'
    make_tree(copied, {"ruff.toml": rules})
    _pass("-m", "ruff", "check", "--no-cache", "models", "tests", folder=copied)
    typed = _run(
        *("-m", "mypy", "--strict", "--explicit-package-bases", "models", "tests"),
        folder=copied,
    )
    wrong = [each for each in typed.stdout.splitlines() if each.startswith("models")]
    # Of modules without types, no more than that is to be said.
    assert [each for each in wrong if "Call to untyped function" not in each] == []
    _pass("-m", "pytest", "-q", "-n", "2", "-W", "ignore", folder=copied)
    configs = [f"configs/{each.name}" for each in (copied / "configs").glob("*.yaml")]
    assert len(configs) == len(CASES)
    _pass("-c", TRAIN, *configs, folder=copied)


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
    _pass(
        "-m", "ruff", "check", "--isolated", "--select", "I", "models", folder=project
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


def test_a_module_that_exits_is_refused(project: Path, run: Callable):
    make_tree(project, {"nets.py": "def net():\n    raise SystemExit(0)\n"})
    done = run("wrap", "nets:net", *TABLE)
    assert done.exit_code == 2
    assert "making it with no arguments raises SystemExit: 0" in done.err


def _run(*args: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *args],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def _pass(*args: str, folder: Path) -> None:
    done = _run(*args, folder=folder)
    assert done.returncode == 0, f"{args}: {done.stdout[-3000:]}{done.stderr[-2000:]}"
