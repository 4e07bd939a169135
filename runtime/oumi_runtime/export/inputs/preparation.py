"""How raw data become the inputs of an export, where no tokenizer makes them.

Pictures and rows of tables are read by code that is carried along. It is compared with
the reading of the run before it is written.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.builders import ImageOptions
from oumi_runtime.export.carried.table_features import encode_csv
from oumi_runtime.export.inputs.image_files import (
    image_options_of,
    image_processor_files,
    require_same_images,
    telling_images,
)
from oumi_runtime.export.inputs.table_files import (
    encoded_features_of,
    feature_extractor_files,
    require_same_features,
    telling_table,
)
from oumi_runtime.export.opening import TrainedRun
from oumi_runtime.export.source.carrying import text_of

READING, ENCODING = "image_reading", "table_features"
_IMAGES, _FEATURES = "images", "features"


@dataclass(frozen=True)
class Preparation:
    """How pictures or rows of tables become inputs; None where the model takes none."""

    images: ImageOptions | None
    features: list[dict[str, Any]] | None
    """What `features.json` holds."""

    def files(self) -> dict[str, str]:
        """Returns the files that prepare inputs for any format, by name."""
        names = {READING: self.images, ENCODING: self.features}
        return {f"{n}.py": text_of(n) for n, is_needed in names.items() if is_needed}

    def transformers_files(self, class_name: str, module: str) -> dict[str, str]:
        """Returns these, and what transformers loads them by.

        Args:
            class_name: The name of the model's class.
            module: The name of its module.
        """
        files = self.files()
        if self.images is not None:
            files |= image_processor_files(self.images, class_name, module)
        if self.features is not None:
            files |= feature_extractor_files(self.features, class_name, module)
        return files

    def telling_files(self, folder: Path) -> dict[str, list[str]]:
        """Writes `images` and `features` to be read by an export and by the run."""
        images = [] if self.images is None else telling_images(self.images, folder)
        tables = [] if self.features is None else [telling_table(self.features, folder)]
        return {_IMAGES: [*map(str, images)], _FEATURES: [*map(str, tables)]}


def preparation_of(run: TrainedRun, inputs: set[str]) -> Preparation:
    """Returns how the inputs of a run are prepared.

    Args:
        run: The model, its data and what was fitted to it.
        inputs: The names of the inputs of the export.
    """
    images = image_options_of(run) if inputs == {_IMAGES} else None
    features = encoded_features_of(run) if inputs == {_FEATURES} else None
    return Preparation(images, features)


def require_same_preparation(
    run: TrainedRun, format: str, preparation: Preparation
) -> None:
    """Compares the code that is carried along with the run's own.

    Raises:
        ExportError: It reads something else.
    """
    with tempfile.TemporaryDirectory(prefix="oumi-export-") as work:
        told = preparation.telling_files(Path(work))
        read: dict[str, torch.Tensor] = {}
        if (options := preparation.images) is not None:
            from oumi_runtime.export.carried.image_reading import read_image

            for number, path in enumerate(told[_IMAGES]):
                pixels = read_image(path, options.image_size, options.channels)
                read[f"{_IMAGES}/{number}"] = torch.from_numpy(pixels)[None]
        if (features := preparation.features) is not None:
            for number, path in enumerate(told[_FEATURES]):
                encoded = torch.tensor(encode_csv(path, features))
                read[f"{_FEATURES}/{number}"] = encoded
        require_same_inputs(run, format, preparation, told, read)


def require_same_inputs(
    run: TrainedRun,
    format: str,
    preparation: Preparation,
    told: dict[str, list[str]],
    read: dict[str, torch.Tensor],
) -> None:
    """Compares what an export has read with what the run reads.

    Args:
        run: The run.
        format: The format of the export, for errors.
        preparation: How inputs are prepared.
        told: The files, as of `telling_files`.
        read: The inputs made of each, such as `images/0`.

    Raises:
        ExportError: They differ.
    """
    if preparation.images is not None:
        found = [read[f"{_IMAGES}/{n}"][0] for n in range(len(told[_IMAGES]))]
        paths = [*map(Path, told[_IMAGES])]
        require_same_images(run, format, preparation.images, paths, found)
    for number, path in enumerate(told[_FEATURES]):
        made = read[f"{_FEATURES}/{number}"]
        require_same_features(run, format, Path(path), made)
