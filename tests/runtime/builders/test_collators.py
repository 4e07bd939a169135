"""data.*.collator_name and collator_kwargs: who makes the batches."""

from pathlib import Path

import pytest
import torch

from oumi_runtime.builders import build_data_collator
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.registry import REGISTRY, RegistryType, register
from oumi_runtime.exceptions import ConfigError, DataError
from oumi_runtime.train import train

CONFIG = """
model: {{model_name: MLPEncoder, model_kwargs: {{input_dim: 300, hidden_dim: 8}}}}
data:
  train:
    datasets: [{{dataset_name: stdlib_docstrings, sample_count: 16}}]
    collator_name: {name}
    collator_kwargs: {kwargs}
training:
  output_dir: {folder}
  trainer_type: {trainer}
  per_device_train_batch_size: 8
  num_train_epochs: 1
  save_steps: 0
  logging_steps: 1
"""


def run(folder: Path, name: str, kwargs: str = "{}", trainer: str = "OUMI"):
    text = CONFIG.format(
        name=name, kwargs=kwargs, folder=folder / "output", trainer=trainer
    )
    return train(TrainingConfig.from_str(text))


@pytest.mark.parametrize("trainer", ["OUMI", "HF"])
def test_a_registered_collator_makes_every_batch(tmp_path, trainer):
    seen: list[tuple[int, ...]] = []

    @register("short", RegistryType.COLLATOR)
    class Short:
        def __init__(self, tokenizer, pad_token_id, length=3):
            assert tokenizer.get_vocab_size() <= 300
            assert pad_token_id == 0
            self.length = length

        def __call__(self, samples):
            ids = [sample["input_ids"][: self.length] for sample in samples]
            ids = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)
            seen.append(tuple(ids.shape))
            labels = torch.stack([sample["labels"] for sample in samples])
            return {"input_ids": ids, "labels": labels}

    run(tmp_path, "Short", "{length: 2}", trainer)
    assert seen == [(8, 2), (8, 2)]


def test_a_function_may_make_the_batch_itself_as_in_torch(tmp_path):
    seen: list[tuple[int, ...]] = []

    @register("collate_fn", RegistryType.COLLATOR)
    def collate(samples, length=3):
        ids = [sample["input_ids"][:length] for sample in samples]
        ids = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True)
        seen.append(tuple(ids.shape))
        labels = torch.stack([sample["labels"] for sample in samples])
        return {"input_ids": ids, "labels": labels}

    run(tmp_path, "collate_fn", "{length: 2}")
    assert seen == [(8, 2), (8, 2)]


def test_arguments_of_a_function_are_told_where_it_needs_more():
    @register("needs_two", RegistryType.COLLATOR)
    def needs_two(samples, size): ...

    with pytest.raises(DataError, match="also needs samples, size"):
        build_data_collator("needs_two")
    assert callable(build_data_collator("needs_two", size=3))


def test_the_built_in_collator_trains_as_gathered_columns_do(tmp_path):
    losses = []
    for name in ("null", "text_with_padding"):
        result = run(tmp_path, name)
        losses.append((result.output_dir / "metrics.jsonl").read_text())
    first, second = (
        [line.split('"learning_rate"')[0] for line in text.splitlines()]
        for text in losses
    )
    assert first == second


def test_arguments_of_a_collator_reach_it():
    collate = build_data_collator("text_with_padding", max_length=2, pad_token_id=5)
    batch = collate([{"input_ids": [1, 2, 3]}, {"input_ids": [1]}])
    assert batch["input_ids"].tolist() == [[1, 2], [1, 5]]


def test_mistakes_in_naming_a_collator_are_told(tmp_path):
    with REGISTRY.isolated():
        REGISTRY.register("nothing", RegistryType.COLLATOR, lambda: None)
        with pytest.raises(
            DataError, match="returns a NoneType, which cannot be called"
        ):
            build_data_collator("nothing")
        with pytest.raises(DataError, match=r"takes no 'max_lenght' \(did you mean"):
            build_data_collator("text_with_padding", max_lenght=3)
    with pytest.raises(ConfigError, match=r"did you mean 'text_with_padding'"):
        run(tmp_path, "text_with_pading")
    with pytest.raises(ConfigError, match="has no effect without collator_name"):
        run(tmp_path, "null", "{a: 1}")
