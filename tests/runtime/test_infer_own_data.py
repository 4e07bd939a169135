"""Files are predicted from by the dataset class of the user, as in training."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from own_projects import AS_THEY_ARE, ROWS, method, trained

from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.exceptions import DataError
from oumi_runtime.infer import Predictor, infer

ARTICLE = """
def row(n):
    body = " ".join(WORDS[(n + i) % 9] for i in range(4))
    return {"title": WORDS[n % 5].upper(), "body": body, "kind": ["no", "yes"][n % 2]}


"""
JOINED = ROWS + method(
    """
    def transform(self, sample):
        text = f"{sample['title']} {sample['body']}".lower()
        return {"text": text, "label": ["no", "yes"].index(sample["kind"])}
    """
)
TABLE = """
def row(n):
    return {"width": n / 7, "height": -n % 5 / 2, "price": n / 3, "kind": n % 2}


"""
SCALED = ROWS + method(
    """
    def transform(self, sample):
        features = torch.tensor([sample["width"], sample["height"]]) / 3
        return {"features": features, "labels": torch.tensor(sample["kind"])}
    """
)
FRAME = ROWS.replace(
    "[row(n) for n in range(40)]", "pandas.DataFrame([row(n) for n in range(40)])"
) + method(
    """
    def transform(self, sample):
        features = torch.tensor([sample.width, sample["height"]], dtype=torch.float32)
        return {"features": features, "labels": torch.tensor(int(sample.kind))}
    """
)
CAPTIONED = """
def row(n):
    return {"caption": WORDS[n % 9], "shade": n / 40, "kind": n % 2}


"""
TWO_TOWERS = ROWS + method(
    """
    def transform(self, sample):
        images = torch.full((1, 4, 4), float(sample["shade"]))
        return {"text": sample["caption"].upper(), "images": images}
    """
)
FILE = """
@register_dataset("own_rows")
class OwnRows(BaseMapDataset):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        with open(self.dataset_path) as file:
            self._data = [json.loads(line) for line in file]
        self.label_names = sorted({each["kind"] for each in self._data})

    def transform(self, sample):
        text = f"{sample['title']} {sample['body']}".lower()
        return {"text": text, "label": self.label_names.index(sample["kind"])}


"""
STREAM = """
@register_dataset("own_rows")
class OwnRows(BaseIterableDataset):
    label_names = ["no", "yes"]

    def iter_raw(self):
        yield from (row(n) for n in range(40))

    def transform(self, sample):
        text = f"{sample['title']} {sample['body']}".lower()
        return {"text": text, "label": self.label_names.index(sample["kind"])}


"""
PLAIN = """
@register_dataset("own_rows")
class OwnRows(torch.utils.data.Dataset):
    label_names = ["no", "yes"]

    def __len__(self):
        return 40

    def __getitem__(self, index):
        return {"text": row(index)["body"], "label": index % 2}


"""
NET = """
@register("OwnNet", RegistryType.MODEL)
class OwnNet(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.layer = nn.Embedding(400, 8), nn.Linear(8, 2)
        self.table, self.pixels = nn.Linear(2, 2), nn.Linear(16, 8)
"""
OF_TEXTS = NET + method(
    """
    def forward(self, input_ids, attention_mask=None, labels=None):
        logits = self.layer(self.embedding(input_ids).mean(1))
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": F.cross_entropy(logits, labels)}
    """
)
OF_FEATURES = NET + method(
    """
    def forward(self, features, labels=None):
        logits = self.table(features)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": F.cross_entropy(logits, labels)}
    """
)
OF_TWO_TOWERS = NET + method(
    """
    def forward(self, input_ids, images, attention_mask=None):
        embeddings = self.embedding(input_ids).mean(1)
        others = self.pixels(images.flatten(1))
        loss = F.cross_entropy(embeddings @ others.T, torch.arange(len(images)))
        both = torch.cat([embeddings, others], 1)
        return {"embeddings": both, "target_embeddings": others, "loss": loss}
    """
)


@pytest.fixture(autouse=True)
def _own_registry() -> Iterator[None]:
    with REGISTRY.isolated():
        yield


def rows_of(folder: Path, left_out: Sequence[str] = ("kind", "price")) -> Path:
    """Writes the rows of the project as a file, without some columns."""
    space: dict[str, Any] = {}
    exec((folder / "own.py").read_text().split("@register_dataset")[0], space)
    rows = [space["row"](number) for number in range(40)]
    kept = [{k: v for k, v in row.items() if k not in left_out} for row in rows]
    path = folder / "in.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in kept))
    return path


def message_of(config: Any, inputs: Any) -> str:
    with pytest.raises(DataError) as caught:
        list(infer(config, inputs))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "parts",
    [
        (ARTICLE, JOINED, OF_TEXTS),
        (ARTICLE, STREAM, OF_TEXTS),
        (TABLE, SCALED, OF_FEATURES),
        ("import pandas\n" + TABLE, FRAME, OF_FEATURES),
        (CAPTIONED, TWO_TOWERS, OF_TWO_TOWERS),
    ],
    ids=["texts", "stream", "features", "pandas", "two_towers"],
)
def test_rows_of_a_file_are_transformed_as_in_training(
    parts: Sequence[str], tmp_path: Path
):
    config = trained(tmp_path, *parts, training={"max_steps": 2})
    path = rows_of(tmp_path)
    found = list(infer(config, path))
    assert found == list(infer(config))
    assert len({str(each) for each in found}) > 2


def test_workers_leave_the_predictions_of_a_file_as_they_are(tmp_path: Path):
    config = trained(tmp_path, TABLE, SCALED, OF_FEATURES)
    path = rows_of(tmp_path)
    usual = list(infer(config, path))
    config.training.dataloader_num_workers = 2
    assert list(infer(config, path)) == usual


@pytest.mark.parametrize("left_out", [(), ("kind",)], ids=["labelled", "bare"])
def test_a_class_that_reads_files_reads_that_file(
    left_out: Sequence[str], tmp_path: Path
):
    data = {"dataset_name": "own_rows", "dataset_path": str(tmp_path / "train.jsonl")}
    (tmp_path / "own.py").write_text("WORDS = 'a b c d e f g h i'.split()\n" + ARTICLE)
    rows_of(tmp_path, ()).rename(tmp_path / "train.jsonl")
    splits = {split: {"datasets": [data]} for split in ("train", "test")}
    config = trained(tmp_path, ARTICLE, FILE, OF_TEXTS, data=splits)
    path = rows_of(tmp_path, left_out)
    lines = path.read_text().splitlines()[:7]
    path.write_text("\n".join(lines))
    found = list(infer(config, path))
    assert len(found) == 7
    assert {*found[0]["probabilities"]} == {"no", "yes"}


def test_a_file_of_texts_is_read_for_a_class_without_transform(tmp_path: Path):
    config = trained(tmp_path, ARTICLE, PLAIN, OF_TEXTS)
    usual = list(infer(config))
    path = tmp_path / "in.csv"
    bodies = ["the quick brown fox", "quick brown fox"]
    path.write_text("text,other\n" + "".join(f"{body},1\n" for body in bodies))
    found = list(infer(config, path))
    assert found == list(infer(config, bodies))
    assert found[0]["label"] == usual[0]["label"]


def test_all_inputs_of_a_mapping_are_given_to_the_model(tmp_path: Path):
    config = trained(tmp_path, CAPTIONED, TWO_TOWERS, OF_TWO_TOWERS)
    predictor = Predictor.load(config)
    usual = list(predictor.predict())[:3]
    captions, shades = ("THE", "QUICK", "BROWN"), (0, 1 / 40, 2 / 40)
    given: list[Mapping[str, Any]] = [
        {"text": text, "images": np.full((1, 4, 4), shade, np.float32), "id": "x"}
        for text, shade in zip(captions, shades, strict=True)
    ]
    assert list(predictor.predict(given)) == usual
    given[1] = {**given[1], "images": torch.zeros(1, 2, 2)}
    message = message_of(config, given)
    assert message.startswith("input 2: 'images' is tensor(")
    assert message.endswith("of shape (1, 2, 2), but (1, 4, 4) in the first row")
    given[1] = {"text": "QUICK"}
    assert message_of(config, given) == "input 2 has no 'images', which others have"


def test_what_the_model_does_not_take_of_a_mapping_is_ignored(tmp_path: Path):
    config = trained(tmp_path, TABLE, SCALED, OF_FEATURES)
    (found,) = infer(config, [{"features": [0.5, 1.0], "id": "row 1", "labels": None}])
    assert [found] == list(infer(config, [{"features": [0.5, 1.0]}]))


def test_a_model_that_takes_any_argument_is_given_all(tmp_path: Path):
    net = OF_FEATURES.replace("self, features, labels=None", "self, **given")
    net = net.replace("features)", 'given["features"])')
    net = net.replace("labels", 'given.get("labels")')
    config = trained(tmp_path, TABLE, SCALED, net)
    (found,) = infer(config, [{"features": [0.5, 1.0]}])
    assert found["label"] in ("even", "odd")


@pytest.mark.parametrize(
    "parts", [(TABLE, SCALED, OF_FEATURES), (ARTICLE, JOINED, OF_TEXTS)]
)
def test_inputs_that_are_no_list_of_inputs_are_refused(
    parts: Sequence[str], tmp_path: Path
):
    config = trained(tmp_path, *parts)
    given = {"text": "the fox", "features": [0.5, 1.0]}
    assert message_of(config, given).startswith("the inputs are one mapping; give a")
    assert message_of(config, []) == "there are no inputs: the list of them is empty"


def test_a_column_that_the_input_is_made_of_is_missed(tmp_path: Path):
    config = trained(tmp_path, ARTICLE, JOINED, OF_TEXTS)
    message = message_of(config, rows_of(tmp_path, ("kind", "body")))
    assert message.endswith("in.jsonl: row 1 has no 'body', which 'text' is made of")


def test_a_file_that_a_class_cannot_read_is_told_in_one_line(tmp_path: Path):
    config = trained(tmp_path, TABLE, SCALED, OF_FEATURES)
    (tmp_path / "in.h5").write_bytes(b"HDF")
    message = message_of(config, tmp_path / "in.h5")
    assert "in.h5, since its class does not use dataset_path; use it there" in message


PAIRS = """
def row(n):
    return {"text": WORDS[n % 9], "target": WORDS[(n + 1) % 9]}


"""
LINES = """
def row(n):
    return {"text": " ".join(WORDS[n % 9 :])}


"""
TAGGED = """
def row(n):
    words = WORDS[n % 7 :]
    return {"tokens": words, "labels": [len(word) % 2 for word in words]}


"""
OF_TOKENS = """
@register("OwnNet", RegistryType.MODEL)
class OwnNet(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.layer = nn.Embedding(400, 8), nn.Linear(8, 400)

    def forward(
        self, input_ids, attention_mask=None, decoder_input_ids=None, labels=None
    ):
        x = input_ids if decoder_input_ids is None else decoder_input_ids
        if labels is not None:
            x = labels.clamp(min=0)
        logits = self.layer(self.embedding(x))
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": F.cross_entropy(logits.mT, labels)}
"""
CAUSAL = OF_TOKENS.replace(", decoder_input_ids=None", "").replace(
    "x = input_ids if decoder_input_ids is None else decoder_input_ids", "x = input_ids"
)


@pytest.mark.parametrize(
    ("row", "net", "key"),
    [
        (PAIRS, OF_TOKENS, "text"),
        (LINES, CAUSAL, "continuation"),
        (TAGGED, CAUSAL, "labels"),
    ],
    ids=["pairs", "lines", "tagged"],
)
def test_texts_of_every_kind_are_predicted_from(
    row: str, net: str, key: str, tmp_path: Path
):
    config = trained(tmp_path, row, AS_THEY_ARE, net)
    given = {"tokens": ["the", "fox"]} if key == "labels" else {"text": "the fox"}
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps(given) + "\n")
    (of_file,) = infer(config, path, max_new_tokens=3)
    assert [*of_file] == [key]
    assert [of_file] == list(infer(config, [given], max_new_tokens=3))
    (of_text,) = infer(config, ["the fox"], max_new_tokens=3)
    assert of_text == of_file
    usual = list(infer(config, max_new_tokens=3))
    assert {name for each in usual for name in each} == {key}
