"""The code around a wrapped module is formatted and clean, whatever it is called."""

import subprocess
import sys
from pathlib import Path

import pytest

from oumi_scaffold.rendering.render import render
from oumi_scaffold.template.folder import load_template
from oumi_scaffold.wrapping.arguments import Argument
from oumi_scaffold.wrapping.sizes import TASKS
from oumi_scaffold.wrapping.target import Target
from oumi_scaffold.wrapping.wrapped import Config, ModuleInterface, wrapping_answers
from oumi_templates.catalog import template_dir

READINGS = [
    ModuleInterface(),
    ModuleInterface(("key", "logits"), mask="attention_mask", mask_kind="ones"),
    ModuleInterface(
        ("attribute", "predictions"),
        is_squeezed=True,
        are_probabilities=True,
        mask="src_key_padding_mask",
        mask_kind="padding",
    ),
    ModuleInterface(
        mask="key_padding_mask", mask_kind="padding", are_probabilities=True
    ),
    ModuleInterface(mask_kind="ids"),
    ModuleInterface(is_single=True, mask="attention_mask", mask_kind="bool"),
    ModuleInterface(("key", "scores"), is_single=True, are_probabilities=True),
]
OF_TEXTS = [
    ModuleInterface(mask="attention_mask", mask_kind="heads", is_mask_positional=True),
    ModuleInterface(mask="text_lengths", mask_kind="lengths", unset=("other_mask",)),
]
OF_TASKS = {
    "embedding": [
        ModuleInterface(is_pooled=True, width=8),
        ModuleInterface(
            ("key", "embeddings"), mask_kind="ids", is_normalized=True, width=8
        ),
        ModuleInterface(is_pooled=True, mask="mask", mask_kind="queries", width=8),
    ],
    "seq2seq": [
        ModuleInterface(is_transposed=True, target="tgt", target_mask="m" * 20),
        *(
            ModuleInterface(
                mask="src_padding_mask",
                mask_kind="padding",
                more_masks=("memory_key_padding_mask",),
                unset=("src_mask", "tgt_padding_mask"),
                target_mask="tgt_mask",
                target_mask_kind=kind,
            )
            for kind in ("hidden", "visible", "batched", "added")
        ),
    ],
}
TARGETS = [("nets", True), ("a.long.path.to.the.module", False), ("zoo", False)]
LENGTHS = (1, 12, 20, 30, 31, 45, 58)


def arguments(number: int) -> list[Argument]:
    plain = [Argument("a" * (3 * i + 1), "float | None", 0.5) for i in range(number)]
    if number == 1:
        return [Argument("a" * 45, "float | None", 0.5)]
    items = (1,) * (7 * number)
    named = [
        *plain,
        *([Argument("items", "Sequence[int]", items, "", "list")] if items else []),
        *([Argument("outs", "int", 1, "outputs")] if number == 3 else []),
    ]
    if number != 4:
        return named
    more = Argument("more", "Sequence[int]", items, passing="items")
    return [*(each._replace(passing="position") for each in named), more]


@pytest.mark.parametrize("task", TASKS)
def test_it_is_formatted_and_clean(tmp_path: Path, task: str):
    template = load_template(template_dir(task), task)
    for length in LENGTHS:
        name = ("Net" + "x" * length)[:length]
        interfaces = [*READINGS, *OF_TASKS.get(task, [])]
        if "vocab_size" in template.variables:
            interfaces += OF_TEXTS
        for number, interface in enumerate(interfaces):
            is_sequence_first = number % 3 == 2 and "vocab_size" in template.variables
            interface = interface._replace(
                is_lazy=number % 2 == 1, is_sequence_first=is_sequence_first
            )
            module, is_own = TARGETS[number % 3]
            target = Target(module, name, is_own)
            given = arguments(min(number, 6))
            config = None
            if number == 2 or number > 7:
                where = module if number % 2 else f"{module}.configs"
                config = Config("args", where, f"{name}Config"[-60:], number == 2)
                given = [each._replace(passing="config") for each in given[1:]]
            about = wrapping_answers(target, f"{name}Model", given, interface, config)
            names = {"model_name": f"{name}Model", "module_name": "model"}
            for file in render(template, names | about):
                if file.path.endswith(".py"):
                    place = f"{length}_{number}_{Path(file.path).name}"
                    (tmp_path / place).write_text(file.text)
    for command in (["format", "--diff"], ["check", "--select", "E,F,B,UP,RUF"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
