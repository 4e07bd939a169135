"""What reads pictures for an export as the run did, and the comparison of both."""

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from string import Template

import numpy as np
import torch

from oumi_runtime.builders import ImageOptions
from oumi_runtime.datasets.readers.images import read_image
from oumi_runtime.exceptions import ExportError
from oumi_runtime.export.opening import TrainedRun

PROCESSOR_FILENAME = "preprocessor_config.json"
_ORIENTATION = 0x0112  # In the EXIF data of a photo.


def image_options_of(run: TrainedRun) -> ImageOptions | None:
    """Returns how a run reads pictures; None if it reads none, or in a way of its own.

    Without Pillow, which would be needed to compare the reading, it is None too.
    """
    if run.has_own_collator or importlib.util.find_spec("PIL") is None:
        return None
    return run.reader.image_options


def image_processor_files(
    options: ImageOptions, class_name: str, module: str
) -> dict[str, str]:
    """Returns what AutoImageProcessor loads, and the code of it, by file name.

    Args:
        options: How pictures are read.
        class_name: The name of the model's class.
        module: The name of its module.
    """
    processor, file = f"{class_name}ImageProcessor", f"image_processing_{module}"
    config = {
        "auto_map": {"AutoImageProcessor": f"{file}.{processor}"},
        "image_processor_type": processor,
        **asdict(options),
    }
    return {
        f"{file}.py": _PROCESSOR.substitute(class_name=class_name, processor=processor),
        PROCESSOR_FILENAME: json.dumps(config, indent=2) + "\n",
    }


def telling_images(options: ImageOptions, folder: Path) -> list[Path]:
    """Writes pictures of several sizes and kinds, which tell readings apart."""
    from PIL import Image

    own = options.image_size or 8
    noise = np.random.default_rng(0).integers(0, 256, (3 * own + 5, 2 * own + 3, 4))
    pixels = noise.astype(np.uint8)
    pictures = {"exact": Image.fromarray(pixels[:own, :own, :3])}
    picture = Image.fromarray(pixels)
    for mode in ("1", "L", "LA", "RGB", "RGBA"):
        pictures[mode] = picture.convert(mode)
    pictures["P"] = picture.convert("RGB").convert("P")
    pictures["16 bits"] = Image.fromarray(noise[..., 0].astype(np.uint16) * 257)
    turned = Image.Exif()
    turned[_ORIENTATION] = 6
    paths = [folder / f"{name}.png" for name in pictures]
    for path, each in zip(paths, pictures.values(), strict=True):
        each.save(path, exif=turned if path.stem == "RGB" else None)
    return paths


def require_same_images(
    run: TrainedRun,
    format: str,
    options: ImageOptions,
    paths: Sequence[Path],
    found: Sequence[torch.Tensor],
) -> None:
    """Compares pictures that an export has read with the run's reading of them.

    Raises:
        ExportError: They differ.
    """
    for path, theirs in zip(paths, found, strict=True):
        ours = read_image(path, options.image_size, options.channels)
        if not torch.equal(ours, theirs):
            cause = f"the export reads a picture ({path.stem}) unlike training did"
            raise ExportError(run.name, format, cause)


_PROCESSOR = Template('''"""The image processor of $class_name for transformers."""

from typing import Any

from transformers.image_processing_utils import BaseImageProcessor, BatchFeature

from .image_reading import read_image


class $processor(BaseImageProcessor):
    """Reads pictures as those that $class_name was trained on."""

    model_input_names = ["images"]

    def __init__(
        self, image_size: int | None = None, channels: int = 3, **kwargs: Any
    ) -> None:
        """See `read_image`."""
        super().__init__(**kwargs)
        self.image_size = image_size
        self.channels = channels

    def preprocess(
        self, images: Any, return_tensors: str | None = None, **kwargs: Any
    ) -> BatchFeature:
        """Returns `images` of one picture, or of a list of them."""
        several = images if isinstance(images, list | tuple) else [images]
        read = [read_image(each, self.image_size, self.channels) for each in several]
        return BatchFeature({"images": read}, tensor_type=return_tensors)
''')
