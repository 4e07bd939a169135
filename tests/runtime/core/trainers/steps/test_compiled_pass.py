"""A compiled pass hands out single numbers alone, and a training uses it."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_trainer
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.trainers.steps.compiled_pass import compiled_pass


class Net(nn.Module):
    def __init__(self, returned: str = "loss") -> None:
        super().__init__()
        self.head = nn.Linear(4, 3)
        self.returned = returned

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> Any:
        logits = self.head(x)
        loss = nn.functional.cross_entropy(logits, labels)
        return {"logits": logits, self.returned: loss, "gap": loss.detach() * 2}


@pytest.fixture
def batch() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {"x": torch.randn(8, 4), "labels": torch.randint(0, 3, (8,))}


class Traced:
    """A backend of torch.compile that notes what each graph returns."""

    def __init__(self) -> None:
        self.outputs: list[list[torch.Size]] = []

    def __call__(self, graph: torch.fx.GraphModule, _: Any) -> Any:
        (output,) = (node for node in graph.graph.nodes if node.op == "output")
        self.outputs.append([n.meta["example_value"].shape for n in output.args[0]])
        return graph.forward


def test_the_logits_do_not_leave_the_graph(batch) -> None:
    model, traced = Net(), Traced()
    model.compile(backend=traced)
    outputs = compiled_pass(model, {"backend": traced})(**batch)
    assert traced.outputs == [[torch.Size([]), torch.Size([])]]
    expected = Net.forward(model, **batch)
    assert set(outputs) == {"loss", "gap"}
    assert torch.equal(outputs["loss"], expected["loss"])


def test_without_a_loss_all_is_handed_out_to_be_named(batch) -> None:
    outputs = compiled_pass(Net(returned="error"), {"backend": "eager"})(**batch)
    assert set(outputs) == {"logits", "error", "gap"}


@pytest.mark.parametrize("is_compiled", [False, True])
def test_a_training_of_a_compiled_model_uses_it(
    tmp_path: Path, batch, is_compiled: bool
) -> None:
    model, traced = Net(), Traced()
    if is_compiled:
        model.compile(backend=traced)
    params = TrainingParams(
        output_dir=str(tmp_path),
        per_device_train_batch_size=8,
        max_steps=2,
        save_steps=0,
        compile_kwargs={"backend": traced},
    )
    trainer = build_trainer(params, model=model, train_dataset=ColumnDataset(batch))
    trainer.train()
    assert [len(each) for each in traced.outputs] == ([2] if is_compiled else [])
