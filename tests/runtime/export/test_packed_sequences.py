"""Recurrent layers are exported for any length, with packed sequences too."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from saved_examples import saved
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from oumi_runtime.builders import build_model
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.core.registry.discovery import LIST_FILENAME
from oumi_runtime.exceptions import ExportError
from oumi_runtime.export import export
from oumi_runtime.export.inference import outputs_for
from oumi_runtime.export.inputs.sampling import sample_batches
from oumi_runtime.export.opening import open_run
from oumi_runtime.export.programs.packed_sequences import on_padded_rows

LENGTHS = torch.tensor([3, 7, 1, 5])
ROWS = torch.randn(4, 7, 5, generator=torch.Generator().manual_seed(0))


class Packing(nn.Module):
    """A recurrent layer on packed rows."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, rows: torch.Tensor, hx: Any = None) -> list[torch.Tensor]:
        first = self.layer.batch_first
        rows = rows if first else rows.transpose(0, 1)
        packed = pack_padded_sequence(
            rows, LENGTHS, batch_first=first, enforce_sorted=False
        )
        outputs, states = self.layer(packed, hx)
        padded, lengths = pad_packed_sequence(
            outputs, batch_first=first, padding_value=-1.0
        )
        return [padded, lengths, *(states if isinstance(states, tuple) else [states])]


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN", "projected", "relu"])
def test_padded_rows_give_what_packed_ones_do(kind: str):
    given: dict[str, dict[str, Any]] = {
        "projected": {"proj_size": 3},
        "relu": {"nonlinearity": "relu"},
    }
    layer = {"projected": nn.LSTM, "relu": nn.RNN}.get(kind) or getattr(nn, kind)
    torch.manual_seed(0)
    for number, both, first, bias, starts in itertools.product([1, 2], *[[0, 1]] * 4):
        options = {"bidirectional": bool(both), "batch_first": bool(first)}
        options |= {"bias": bool(bias), **given.get(kind, {})}
        model = Packing(layer(5, 6, number, **options)).eval()
        size = 3 if kind == "projected" else 6
        hx: Any = torch.randn(number * (both + 1), 4, size) if starts else None
        if starts and layer is nn.LSTM:
            hx = (hx, torch.randn(number * (both + 1), 4, 6))
        with torch.inference_mode():
            expected = model(ROWS, hx)
            with on_padded_rows(model):
                found = model(ROWS, hx)
        torch.testing.assert_close(found, expected)
    assert pack_padded_sequence is nn.utils.rnn.pack_padded_sequence


NET = """
import torch
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import RegistryType, register
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


@register("Net", RegistryType.MODEL)
class Net(BaseModel):
    def __init__(self, vocab_size: int = 300, num_classes: int = 3):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 8)
        self.layer = nn.LAYER(8, 6, batch_first=True, bidirectional=True)
        self.classifier = nn.Linear(24, num_classes)

    def forward(self, input_ids, attention_mask, labels=None):
        x = self.embedding(input_ids)
        lengths = attention_mask.sum(1).clamp(min=1)
        FORWARD
        last = state[-1] if isinstance(state, torch.Tensor) else state[1][-1]
        pooled = outputs.sum(1) / lengths[:, None]
        ends = torch.cat([last, last], 1)
        return {"logits": self.classifier(torch.cat([pooled, ends], 1))}

    @property
    def criterion(self):
        return nn.functional.cross_entropy
"""
PACKED = """x = pack_padded_sequence(x, lengths.cpu(), True, enforce_sorted=False)
        outputs, state = self.layer(x)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True)"""
PLAIN = "outputs, state = self.layer(x * attention_mask[:, :, None])"
OWN = PACKED.replace("(x)\n", "(x._replace(data=x.data * 2))\n")


def net_run(folder: Path, layer: str, forward: str) -> Path:
    config = saved("text_classification", folder)
    source = NET.replace("LAYER", layer).replace("FORWARD", forward)
    (folder / "net.py").write_text(source)
    (folder / LIST_FILENAME).write_text("net.py\n")
    REGISTRY.add_search_root(folder)
    config.model.model_name, config.model.model_kwargs = "Net", {}
    torch.manual_seed(0)
    build_model(config.model).save_pretrained(folder / "out")  # type: ignore[operator]
    config.to_yaml(folder / "out" / "config.yaml")
    return folder / "out"


@pytest.mark.parametrize(
    ("layer", "forward", "form"),
    [
        ("LSTM", PACKED, "torch"),
        pytest.param("LSTM", PACKED, "onnx", marks=pytest.mark.slow),
        pytest.param("GRU", PACKED, "onnx", marks=pytest.mark.slow),
        pytest.param("LSTM", PLAIN, "onnx", marks=pytest.mark.slow),
        pytest.param("GRU", PLAIN, "torch", marks=pytest.mark.slow),
    ],
)
def test_a_recurrent_model_is_exported_for_any_length(
    layer: str, forward: str, form: str, tmp_path: Path
):
    source = net_run(tmp_path, layer, forward)
    result = export(source, form, tmp_path / "dest")
    assert {tuple(each.shape) for each in result.inputs} == {("batch", "sequence")}
    assert len({tuple(sizes["input_ids"]) for sizes in result.compared_on}) == 3
    if form == "torch":
        run = open_run(source)
        (whole, *_) = sample_batches(run).inputs
        batch = {name: column.repeat(2, 3) for name, column in whole.items()}
        program = torch.export.load(tmp_path / "dest" / "model.pt2").module()
        expected = outputs_for(run.model, batch)["logits"]
        torch.testing.assert_close(program(**batch)["logits"], expected)


def test_what_looks_into_a_packed_sequence_is_refused(tmp_path: Path):
    source = net_run(tmp_path, "LSTM", OWN)
    with pytest.raises(ExportError, match=r"cannot trace .*net\.py"):
        export(source, "torch", tmp_path / "dest")
    assert not (tmp_path / "dest").exists()


STYLES = Path(__file__).parents[1] / "testing" / "other_styles"


@pytest.mark.slow
@pytest.mark.parametrize("form", ["torch", "onnx"])
@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("LstmTagger", "token_classification"),
        ("CrfTagger", "token_classification"),
        ("SiameseGru", "embedding"),
        ("PointerSeq2Seq", "seq2seq"),
    ],
)
def test_models_in_styles_of_others_are_exported(
    name: str, task: str, form: str, tmp_path: Path
):
    (text,) = (
        text
        for text in map(Path.read_text, STYLES.glob("*.py"))
        if f"class {name}(" in text
    )
    head = "from oumi_runtime.core import registry\n"
    line = f'@registry.register("{name}", registry.RegistryType.MODEL)\n'
    (tmp_path / "net.py").write_text(
        head + text.replace(f"class {name}(", f"{line}class {name}(")
    )
    (tmp_path / LIST_FILENAME).write_text("net.py\n")
    config = saved(task, tmp_path)
    REGISTRY.add_search_root(tmp_path)
    config.model.model_name, config.model.model_kwargs = name, {}
    source = tmp_path / "out"
    build_model(config.model).save_pretrained(source)  # type: ignore[operator]
    config.to_yaml(source / "config.yaml")
    assert export(source, form, tmp_path / "dest").largest_difference < 1e-4
