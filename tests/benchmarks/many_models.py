"""What 10, 100 and 1,000 generated models in one project cost.

Run it as `make bench`, or `python tests/benchmarks/many_models.py`. For each number, a
process lists the models, and another builds one of them. It prints CPU seconds without
the import of libraries, the peak of the memory, and the growth a model.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from oumi_scaffold.rendering.render import render
from oumi_scaffold.request.spec import model_spec
from oumi_scaffold.template.folder import load_template
from oumi_templates.catalog import template_dir

MEASURE = """
import json, resource, sys, time
{imports}
before = time.process_time()
{work}
seconds = time.process_time() - before
status = open("/proc/self/status").read()
users = sum(name.startswith("_oumi_user") for name in sys.modules)
peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps([seconds, peak, users]))
"""
LIST = MEASURE.format(
    imports="from contextlib import redirect_stdout\nfrom io import StringIO\n"
    "from oumi_scaffold.cli import main",
    work="with redirect_stdout(StringIO()):\n    main(['list', 'models'])",
)
BUILD = MEASURE.format(
    imports="from oumi_runtime.builders import build_model\n"
    "from oumi_runtime.core.configs import ModelParams",
    work="build_model(ModelParams(model_name='Net5'))",
)


def write_models(project: Path, number: int) -> None:
    """Writes a project of generated models, without the time of `new-model` itself."""
    template = load_template(template_dir("text-classification"), "text-classification")
    listed = []
    for position in range(number):
        spec = model_spec(f"Net{position}")
        (file,) = [
            each
            for each in render(template, spec.answers)
            if each.path == spec.model_file
        ]
        path = project / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text)
        listed.append(file.path)
    (project / "oumi_requirements.txt").write_text("\n".join(listed) + "\n")


def measure(code: str, project: Path) -> tuple[float, float, int]:
    """Returns the CPU seconds of the work, the peak in MB, and the files imported."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, peak, users = json.loads(done.stdout)
    return seconds, peak, users


def main(rounds: int) -> None:
    """Measures and prints the table."""
    print(
        "models  list: CPU s  peak MB  files imported  build one: CPU s  peak MB  files"
    )
    rows: dict[int, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        for number in (10, 100, 1000):
            project = Path(name, str(number))
            write_models(project, number)
            found = [
                [*measure(LIST, project), *measure(BUILD, project)]
                for _ in range(rounds)
            ]
            row = [statistics.median(column) for column in zip(*found, strict=True)]
            rows[number] = row
            print(
                f"{number:6}  {row[0]:11.3f}  {row[1]:7.0f}  {row[2]:14.0f}"
                f"  {row[3]:16.3f}  {row[4]:7.0f}  {row[5]:5.0f}"
            )
    for label, at in (("list", 0), ("build", 3)):
        first = (rows[100][at] - rows[10][at]) / 90
        second = (rows[1000][at] - rows[100][at]) / 900
        print(
            f"{label}: {first * 1e3:.3f} ms a model from 10 to 100, "
            f"{second * 1e3:.3f} ms from 100 to 1,000"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    main(parser.parse_args().rounds)
