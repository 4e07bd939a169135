"""A registered model in a plain PyTorch loop: no trainer, no config file.

    python examples/plain_pytorch_loop.py

Any model that `oumi-scaffold new-model` writes is used in the same way.
"""

import torch
from oumi_runtime.builders import build_dataset, build_model
from oumi_runtime.core.configs import ModelParams
from torch.utils.data import DataLoader

NUM_EPOCHS = 2


def main() -> float:
    """Trains on handwritten digits.

    Returns:
        The share of test images that are classified correctly.
    """
    torch.manual_seed(0)
    model = build_model(
        ModelParams(
            model_name="CnnClassifier",
            model_kwargs={"image_width": 28, "image_height": 28, "in_channels": 1},
            device_map="cpu",
        )
    )
    train = build_dataset("digits", split="train", image_size=28)
    test = build_dataset("digits", split="test", image_size=28)
    optimizer = torch.optim.Adam(model.parameters())

    model.train()
    for epoch in range(1, NUM_EPOCHS + 1):
        for batch in DataLoader(train, batch_size=32, shuffle=True):
            optimizer.zero_grad()
            outputs = model(**batch)
            outputs["loss"].backward()
            optimizer.step()
        print(f"epoch {epoch}: the last batch's loss is {outputs['loss'].item():.4f}")

    model.eval()
    with torch.no_grad():
        batch = next(iter(DataLoader(test, batch_size=180)))  # all of them
        predicted = model(images=batch["images"])["logits"].argmax(dim=1)
    return float((predicted == batch["labels"]).float().mean())


if __name__ == "__main__":
    print(f"accuracy on the test images: {main():.3f}")
