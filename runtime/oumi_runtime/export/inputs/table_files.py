"""What turns table rows into features for an export, compared with the run's way."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

import torch

from oumi_runtime.datasets.inputs.features import FeatureFile
from oumi_runtime.exceptions import ExportError
from oumi_runtime.export.opening import TrainedRun

EXTRACTOR_FILENAME = "preprocessor_config.json"
FEATURES = "features"
_NUMBERS = (1.5, -7.25, 1e6 / 3, 0.1)


def encoded_features_of(run: TrainedRun) -> list[dict[str, Any]] | None:
    """Returns what `features.json` holds; None if the run has none."""
    table = run.preprocessing.table
    if table is None or run.has_own_collator:
        return None
    features: list[dict[str, Any]] = json.loads(table.to_json())
    return features


def feature_extractor_files(
    features: Sequence[Mapping[str, Any]], class_name: str, module: str
) -> dict[str, str]:
    """Returns what AutoFeatureExtractor loads, and the code of it, by file name.

    Args:
        features: How columns become features.
        class_name: The name of the model's class.
        module: The name of its module.
    """
    extractor, file = f"{class_name}FeatureExtractor", f"feature_extraction_{module}"
    config = {
        "auto_map": {"AutoFeatureExtractor": f"{file}.{extractor}"},
        "feature_extractor_type": extractor,
        "features": features,
    }
    return {
        f"{file}.py": _EXTRACTOR.substitute(class_name=class_name, extractor=extractor),
        EXTRACTOR_FILENAME: json.dumps(config, indent=2, ensure_ascii=False) + "\n",
    }


def telling_table(features: Sequence[Mapping[str, Any]], folder: Path) -> Path:
    """Writes a csv file with all categories, numbers, and what may be missing."""
    values: dict[str, list[str]] = {}
    for feature in features:
        known = values.setdefault(feature["column"], [])
        if feature["kind"] == "is category":
            known.append(feature["category"])
        elif feature["kind"] == "number":
            known += map(repr, _NUMBERS)
        if feature["kind"] != "number":
            known.append("NA")
    for name, known in values.items():
        is_text = any(
            f["kind"] == "is category" and f["column"] == name for f in features
        )
        known += ["another, unknown"] if is_text else []
    path = folder / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(values)
        for number in range(max(map(len, values.values()))):
            writer.writerow([known[number % len(known)] for known in values.values()])
    return path


def require_same_features(
    run: TrainedRun, format: str, path: Path, found: torch.Tensor
) -> None:
    """Compares the features that an export makes of a file with those of the run.

    Raises:
        ExportError: They differ.
    """
    table, columns = run.preprocessing.table, run.reader.feature_columns
    assert table is not None
    blocks = FeatureFile(path, columns).read_blocks()
    parts = [table.apply(block).columns[FEATURES] for block in blocks]
    ours = torch.cat([part for part in parts if isinstance(part, torch.Tensor)])
    if not torch.equal(ours, found):
        cause = "the export makes other features of rows of a table than training did"
        raise ExportError(run.name, format, cause)


_EXTRACTOR = Template('''"""The feature extractor of $class_name for transformers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from transformers import BatchFeature, FeatureExtractionMixin

from .table_features import encode_csv, encode_rows


class $extractor(FeatureExtractionMixin):
    """Turns rows of a table into features as those $class_name was trained on."""

    model_input_names = ["features"]

    def __init__(
        self, features: Sequence[Mapping[str, Any]] = (), **kwargs: Any
    ) -> None:
        """Takes the features, each with the column that it is made from."""
        super().__init__(**kwargs)
        self.features = list(features)

    def __call__(
        self, rows: Any, return_tensors: str | None = None, **kwargs: Any
    ) -> BatchFeature:
        """Returns `features` of a csv file, of a row, or of a list of rows.

        A row is a mapping of column names to values; a missing value is None.
        """
        if isinstance(rows, Mapping):
            rows = [rows]
        encode = encode_csv if isinstance(rows, str) else encode_rows
        encoded = np.array(encode(rows, self.features), dtype=np.float32)
        return BatchFeature({"features": encoded}, tensor_type=return_tensors)
''')
