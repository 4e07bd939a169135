"""A user's own dataset in a plain PyTorch loop."""

from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from oumi_runtime.builders import build_dataset, build_model
from oumi_runtime.core.configs import (
    ModelParams,
)
from oumi_runtime.core.datasets import (
    BaseMapDataset,
)
from oumi_runtime.core.registry import REGISTRY, RegistryType, register_dataset


@register_dataset("numpy_images_of_the_notebook")
class NumpyImages(BaseMapDataset):
    """As in Oumi's notebook on training a CNN."""

    def __init__(
        self,
        *,
        dataset_name: str | None = None,
        dataset_path: str | None = None,
        split: str | None = None,
        npz_split_col: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            dataset_name=dataset_name, dataset_path=dataset_path, split=split, **kwargs
        )
        self._npz_split_col = npz_split_col or "split"
        self._data = self._load_data()

    def _load_data(self) -> Any:
        with np.load(str(self.dataset_path)) as archive:
            kept = archive[self._npz_split_col] == self.split
            images, labels = archive["images"][kept], archive["labels"][kept]
        pairs = zip(images, labels, strict=True)
        return [{"image": image, "label": label} for image, label in pairs]

    def transform(self, sample: Any) -> dict[str, Any]:
        return {
            "images": torch.tensor(sample["image"]).unsqueeze(0),
            "labels": torch.tensor(sample["label"]),
        }


def test_a_users_own_dataset_trains_a_model_in_a_plain_loop(tmp_path):
    REGISTRY.register("own", RegistryType.DATASET, NumpyImages)
    random = np.random.RandomState(0)
    labels = random.randint(0, 2, 40)
    images = random.rand(40, 10, 10).astype(np.float32) * 0.2
    images[labels == 1, 2:8, 2:8] += 0.8
    parts = np.array(["train"] * 32 + ["test"] * 8)
    np.savez(tmp_path / "images.npz", images=images, labels=labels, part=parts)
    dataset = build_dataset(
        "own",
        dataset_path=str(tmp_path / "images.npz"),
        split="train",
        npz_split_col="part",
    )
    assert len(dataset) == 32
    size = {"image_width": 10, "image_height": 10, "in_channels": 1, "output_dim": 2}
    torch.manual_seed(0)
    model = build_model(
        ModelParams(
            model_name="CnnClassifier",
            model_kwargs={**size, "kernel_size": 2},
            device_map="cpu",
        )
    )
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    losses = []
    for _ in range(15):
        for batch in DataLoader(dataset, batch_size=8, shuffle=True):
            optimizer.zero_grad()
            loss = model(**batch)["loss"]
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert sum(losses[-4:]) < 0.5 * sum(losses[:4])
