"""Recurrent layers on packed sequences, computed on padded ones while they are traced.

The sizes of a packed sequence go by the values of the lengths, which a traced program
cannot. A recurrent layer computes the same on padded rows if what comes after the end
of a row is kept out of its states and outputs.
"""

import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import torch
from torch import nn
from torch.nn.utils import rnn

# Added to a gate before the sigmoid, it is open (or shut) exactly, whatever else.
_OPEN = 1e4


@dataclass(frozen=True)
class PaddedRows:
    """What takes the place of a `PackedSequence`."""

    rows: torch.Tensor
    """(batch, sequence, features)"""
    lengths: torch.Tensor
    """(batch,) int64"""

    @property
    def is_row(self) -> torch.Tensor:
        """Which places are not padding, (batch, sequence, 1) bool."""
        places = torch.arange(self.rows.shape[1], device=self.rows.device)
        return (places < self.lengths[:, None]).unsqueeze(-1)

    def reversed(self) -> "PaddedRows":
        """Returns each row from its end to its beginning; padding stays in place."""
        places = torch.arange(self.rows.shape[1], device=self.rows.device)
        ends = self.lengths[:, None] - 1
        index = torch.where(places <= ends, ends - places, places).unsqueeze(-1)
        index = index.expand(-1, -1, self.rows.shape[2])
        return PaddedRows(self.rows.gather(1, index), self.lengths)

    def last(self) -> torch.Tensor:
        """Returns what is at the end of each row, (batch, features)."""
        index = (self.lengths - 1).clamp(min=0)[:, None, None]
        return self.rows.gather(1, index.expand(-1, 1, self.rows.shape[2])).squeeze(1)


@contextmanager
def on_padded_rows(model: nn.Module) -> Generator[None]:
    """Lets a model compute on padded rows where it packs them.

    Args:
        model: The model; names in the files of its classes are replaced meanwhile.
    """
    replaced = {
        rnn.pack_padded_sequence: _pack,
        rnn.pad_packed_sequence: _pad,
    }
    files = {rnn.__name__, *(type(each).__module__ for each in model.modules())}
    with ExitStack() as stack:
        for file in files & sys.modules.keys():
            for name, value in [*vars(sys.modules[file]).items()]:
                if callable(value) and (new := _same(value, replaced)) is not None:
                    stack.enter_context(patch.object(sys.modules[file], name, new))
        for layer in (nn.LSTM, nn.GRU, nn.RNN):
            stack.enter_context(patch.object(layer, "forward", _forward_of(layer)))
        yield


def _same(value: Any, replaced: dict[Any, Any]) -> Any:
    return next((new for old, new in replaced.items() if value is old), None)


def _pack(
    input: torch.Tensor,
    lengths: Any,
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PaddedRows:
    rows = input if batch_first else input.transpose(0, 1)
    counts = torch.as_tensor(lengths, dtype=torch.int64, device=rows.device)
    return PaddedRows(rows, counts)


def _pad(
    sequence: PaddedRows,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    rows = torch.where(sequence.is_row, sequence.rows, padding_value)
    return rows if batch_first else rows.transpose(0, 1), sequence.lengths


def _forward_of(layer: type[nn.RNNBase]) -> Any:
    """Returns a forward that takes padded rows too."""
    usual = layer.forward

    def forward(self: nn.RNNBase, input: Any, hx: Any = None) -> Any:
        if isinstance(input, PaddedRows):
            return _run(self, input, hx)
        return usual(self, input, hx)

    return forward


def _run(
    layer: nn.RNNBase, given: PaddedRows, hx: Any
) -> tuple[PaddedRows, torch.Tensor | tuple[torch.Tensor, torch.Tensor]]:
    """Computes one layer and direction after the other."""
    ways = 2 if layer.bidirectional else 1
    is_lstm = isinstance(layer, nn.LSTM)
    states = [hx] if isinstance(hx, torch.Tensor) else hx
    rows = given
    hidden: list[torch.Tensor] = []
    cells: list[torch.Tensor] = []
    for number in range(layer.num_layers):
        found: list[torch.Tensor] = []
        for way in range(ways):
            place = number * ways + way
            suffix = f"_l{number}{'_reverse' * way}"
            started = states and [each[place : place + 1] for each in states]
            source = rows.reversed() if way else rows
            outputs, cell = _one_way(layer, source, suffix, started)
            hidden.append(outputs.last())
            cells += [cell] if is_lstm else []
            found.append((outputs.reversed() if way else outputs).rows)
        rows = PaddedRows(torch.cat(found, dim=-1), given.lengths)
    if is_lstm:
        return rows, (torch.stack(hidden), torch.stack(cells))
    return rows, torch.stack(hidden)


def _one_way(
    layer: nn.RNNBase,
    source: PaddedRows,
    suffix: str,
    started: list[torch.Tensor] | None,
) -> tuple[PaddedRows, torch.Tensor]:
    """Computes one direction of one layer.

    Returns:
        The outputs, and the last state that the operation itself returns, (batch,
        features): for an LSTM the cells at the end of each row.
    """
    names = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] * layer.bias)]
    names += ["weight_hr"] * (layer.proj_size > 0)
    weights = [getattr(layer, name + suffix) for name in names]
    rows, size = source.rows, layer.hidden_size
    sizes = [layer.proj_size or size, size] if isinstance(layer, nn.LSTM) else [size]
    start = started or [rows.new_zeros(1, rows.shape[0], each) for each in sizes]
    options = (bool(layer.bias), 1, 0.0, False, False, True)
    if isinstance(layer, nn.LSTM):
        # One more feature, which is 1 in padding, shuts the input gate and opens the
        # forget gate, so that the cells stay as they are at the end of a row.
        shut, zero = rows.new_full((size, 1), -_OPEN), rows.new_zeros(2 * size, 1)
        weights[0] = torch.cat([weights[0], torch.cat([shut, -shut, zero])], dim=1)
        padding = (~source.is_row).to(rows.dtype)
        rows = torch.cat([rows, padding], dim=-1)
        outputs, _, cells = torch.lstm(rows, start, weights, *options)
        return PaddedRows(outputs, source.lengths), cells[0]
    kinds = {"GRU": torch.gru, "RNN_TANH": torch.rnn_tanh, "RNN_RELU": torch.rnn_relu}
    outputs, last = kinds[layer.mode](rows, start[0], weights, *options)
    return PaddedRows(outputs, source.lengths), last[0]
