"""Creates the data that the config of {{ cookiecutter.model_name | identifier }} trains on.

It holds the handwritten digits of scikit-learn; replace them with your own images. Each
split is saved as a Hugging Face dataset, which Oumi loads by its path.
"""

from pathlib import Path

import numpy as np
from datasets import Dataset
from sklearn.datasets import load_digits

FOLDER = Path(__file__).parent / {{ cookiecutter.module_name | literal }}


def main() -> None:
    """Saves 1,797 greyscale images of 8x8 pixels, of which one in ten is for testing."""
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[:, None]  # (N, 1, 8, 8) in 0..1
    shuffled = np.random.default_rng(0).permutation(len(images))
    test, train = np.split(shuffled, [len(images) // 10])
    for split, rows in (("train", train), ("test", test)):
        columns = {"images": images[rows], "labels": digits.target[rows]}
        data = Dataset.from_dict(columns).with_format("torch")
        data.save_to_disk(FOLDER / split)


if __name__ == "__main__":
    main()
