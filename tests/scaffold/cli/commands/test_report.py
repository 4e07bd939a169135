"""`report` writes one page about runs that needs nothing else."""

import json
import re
import sys
from base64 import b64decode
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from trees import snapshot

INLINE = "data:image/svg+xml;base64,"
VOID = {"meta", "img", "link", "br"}


class Page(HTMLParser):
    """The text and the pictures of a page whose tags are closed as they should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.pictures: dict[str, bytes] = {}
        self.sources: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        values = dict(attrs)
        self.sources += [v for k, v in attrs if k in ("src", "href")]
        if tag == "img":
            content = values["src"].removeprefix(INLINE)
            self.pictures[values["alt"]] = b64decode(content, validate=True)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th", "h2", "p", "pre"):
            self.cells.append(data)


@pytest.fixture
def make_run(project: Path) -> Callable[..., None]:
    """Leaves what a run would."""

    def make(folder: str, *losses: float, **training: object) -> None:
        path = project / folder
        path.mkdir(parents=True)
        session = {"started": "2026-01-01T01:02:03+01:00", "exit_reason": "<done>"}
        session["command"] = [
            "/opt/env/bin/oumi-scaffold",
            "train",
            "-c",
            "my net.yaml",
        ]
        config = {"model": {"model_name": "MyNet"}, "training": training}
        record = {"config": config, "sessions": [session], "versions": {"torch": "2"}}
        (path / "run.json").write_text(json.dumps(record))
        rows = [{"step": n, "loss": v, "eval_loss": v} for n, v in enumerate(losses)]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (path / "metrics.jsonl").write_text(lines)

    return make


def test_a_run_has_its_curves_metrics_and_config(
    project: Path, run: Callable, make_run: Callable
):
    make_run("outputs/a", 3.0, 1.0, 2.0, seed=42)
    done = run("report", "outputs/a")
    assert (done.exit_code, done.err) == (0, "")
    assert done.out == "create     outputs/a/report.html\n"
    text = (project / "outputs/a/report.html").read_text()
    page = Page(text)
    assert list(page.pictures) == ["loss by step"]
    assert ElementTree.fromstring(page.pictures["loss by step"]).tag.endswith("svg")
    at = page.cells.index("eval_loss")
    assert page.cells[at : at + 4] == [
        *("eval_loss", "2 (step 2)", "1 (step 1)", "3 (step 0)")
    ]
    at = page.cells.index("training.seed")
    assert page.cells[at + 1] == "42"
    assert "2026-01-01 00:02:03 UTC" in page.cells
    assert "oumi-scaffold train -c 'my net.yaml'" in page.cells
    assert "Differences between the configs" not in page.cells
    # Nothing is loaded from anywhere, and what a file says is not taken for HTML.
    assert all(
        source.startswith("data:image/svg+xml;base64,") for source in page.sources
    )
    assert not re.search(r"<script|url\(|@import", text)
    assert "<done>" not in text
    assert "&lt;done&gt;" in text


def test_runs_are_compared(project: Path, run: Callable, make_run: Callable):
    make_run("a", 3.0, 1.0, seed=42, learning_rate=0.1, output_dir="a")
    make_run("b", 2.0, 1.5, seed=42, learning_rate=0.2, output_dir="b")
    done = run("report", "a", "b", "a", "-o", "page.html", "--json")
    assert done.document == {"path": "page.html", "status": "create"}
    page = Page((project / "page.html").read_text())
    at = page.cells.index("Differences between the configs")
    assert page.cells[at + 1 : at + 8] == [
        *("key", "a", "b"),
        *("training.learning_rate", "0.1", "0.2"),
        "a",
    ]
    (picture,) = page.pictures.values()
    assert picture.count(b"<!-- a eval_loss -->") == 1
    assert picture.count(b"<!-- b loss -->") == 1


def test_the_runs_of_a_folder_are_compared(
    project: Path, run: Callable, make_run: Callable
):
    for name in ("runs/b", "runs/a", "other"):
        make_run(name)
    done = run("report", "runs", "other", "runs/a", "-o", "page.html")
    assert done.exit_code == 0, done.err
    page = (project / "page.html").read_text()
    assert page.index("runs/a") < page.index("runs/b") < page.index("other")


def test_equal_configs_are_said_to_be_equal(
    project: Path, run: Callable, make_run: Callable
):
    make_run("a", 1.0)
    make_run("b", 1.0)
    run("report", "a", "b", "-o", "page.html")
    assert "None." in Page((project / "page.html").read_text()).cells


def test_the_same_runs_give_the_same_page(
    project: Path, run: Callable, make_run: Callable
):
    make_run("a", 3.0, 1.0)
    assert run("report", "a").out == "create     a/report.html\n"
    assert run("report", "a").out == "identical  a/report.html\n"
    make_run("b", 3.0, 2.0)
    assert run("report", "b", "-o", "a/report.html").out == "update     a/report.html\n"


def test_no_other_file_is_replaced(project: Path, run: Callable, make_run: Callable):
    make_run("a", 1.0)
    (project / "page.html").write_text("<p>mine</p>")
    before = snapshot(project)
    done = run("report", "a", "-o", "page.html")
    assert done.exit_code == 3
    assert done.err == (
        "error: page.html exists already; nothing was written. It is no report: choose "
        "another file with --output\n"
    )
    assert snapshot(project) == before


def test_a_run_that_has_logged_nothing_has_a_page(
    project: Path, run: Callable, make_run: Callable
):
    make_run("a")
    assert run("report", "a").exit_code == 0
    page = Page((project / "a/report.html").read_text())
    assert "MyNet" in page.cells
    assert page.pictures == {}


def test_a_folder_that_is_no_run_is_refused(project: Path, run: Callable):
    done = run("report", "outputs/a")
    assert done.exit_code == 2
    assert done.err == (
        "error: 'outputs/a' is not a training run: it has no run.json; give the output "
        "folder of a training\n"
    )


def test_matplotlib_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, project: Path, run: Callable, make_run: Callable
):
    make_run("a", 1.0)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    before = snapshot(project)
    done = run("report", "a")
    assert (done.exit_code, snapshot(project)) == (2, before)
    assert (
        done.err == "error: curves need matplotlib: pip install 'oumi-scaffold[plot]'\n"
    )
