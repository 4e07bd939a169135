"""What `training.group_by_length` saves on docstrings, against runs without it.

Run it as `python tests/benchmarks/length_groups.py`. It prints the share of padding in
the batches, and medians of samples per second over the rounds.
"""

import logging
import random
import statistics
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

import torch
from streaming import timed
from torch import nn
from torch.nn import functional as F

from oumi_runtime.builders import (
    build_dataset_mixture,
    build_trainer,
    fit_preprocessing,
)
from oumi_runtime.builders.training.batches import build_train_batches
from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
    ModelParams,
    TrainingParams,
)
from oumi_runtime.models import MLPEncoder

VOCABULARY, BATCH_SIZE, NUM_CLASSES, ROUNDS = 2000, 32, 10, 5


class Transformer(nn.Module):
    """Two layers of width 128 with masked attention, and a mean over the tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 128)
        layer = nn.TransformerEncoderLayer(
            128, 4, 512, dropout=0.0, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(128, NUM_CLASSES)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: Any
    ) -> dict[str, torch.Tensor]:
        x = self.encoder(
            self.embedding(input_ids), src_key_padding_mask=attention_mask.eq(0)
        )  # (B, T, W)
        mask = attention_mask.unsqueeze(-1)
        logits = self.head((x * mask).sum(1) / mask.sum(1).clamp(min=1))
        return {"loss": F.cross_entropy(logits, labels), "logits": logits}


MODELS: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "MLPEncoder": (lambda: MLPEncoder(VOCABULARY, 128, NUM_CLASSES), 210),
    "transformer": (Transformer, 70),
}
"""What makes each, and how many steps of it are a round: three epochs, and one."""


def docstrings() -> Any:
    """The training split of `stdlib_docstrings`, tokenized."""
    split = DatasetSplitParams(
        datasets=[DatasetParams(dataset_name="stdlib_docstrings")]
    )
    texts = build_dataset_mixture(DataParams(train=split), DatasetSplit.TRAIN)
    params = ModelParams(model_name="MLPEncoder")
    return fit_preprocessing(texts, params, MODELS["MLPEncoder"][0]()).apply(texts)


def params_of(group_by_length: bool, **more: Any) -> TrainingParams:
    return TrainingParams(
        per_device_train_batch_size=BATCH_SIZE, group_by_length=group_by_length, **more
    )


def padding_share(dataset: Any, group_by_length: bool) -> float:
    params = params_of(group_by_length)
    batches = build_train_batches(dataset, params, torch.device("cpu"))
    masks = [m.columns["attention_mask"] for s in batches.epoch(0) for m in s]
    return 1 - sum(int(m.sum()) for m in masks) / sum(m.numel() for m in masks)


def speed(dataset: Any, name: str, group_by_length: bool) -> dict[str, float]:
    make, steps = MODELS[name]
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        params = params_of(
            group_by_length,
            output_dir=folder,
            max_steps=steps,
            save_steps=0,
            logging_steps=50,
        )
        trainer = build_trainer(params, model=make(), train_dataset=dataset)

        def work() -> int:
            trainer.train()
            return steps * BATCH_SIZE

        return timed(work)


def main() -> None:
    """Runs the benchmark."""
    logging.disable(logging.INFO)
    warnings.simplefilter("ignore")
    dataset = docstrings()
    shares = [padding_share(dataset, by_length) for by_length in (False, True)]
    print(f"padding: {shares[0]:.3f} by chance, {shares[1]:.3f} by length")
    for name in MODELS:
        found: dict[bool, list[dict[str, float]]] = {False: [], True: []}
        for number in range(ROUNDS + 1):
            for by_length in random.sample([False, True], 2):
                measured = speed(dataset, name, by_length)
                if number > 0:  # The first round warms up.
                    found[by_length].append(measured)
        pairs = list(zip(found[True], found[False], strict=True))
        for key in ("rows_per_s", "rows_per_cpu_s"):
            ratio = statistics.median(one[key] / other[key] for one, other in pairs)
            print(f"{name}: {key} by length / by chance {ratio:.2f}")


if __name__ == "__main__":
    main()
