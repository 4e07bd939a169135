"""Batches like those of a task's data, to try a module with."""

import torch

SAMPLES = 3
LENGTHS = (7, 12, 4)
"""Tokens of the padded texts."""
TARGET_LENGTH = 6
"""Tokens of the texts that a decoder is given."""


def inputs_of(
    task: str, sizes: dict[str, int], *, length: int | None = None
) -> torch.Tensor:
    """Returns random values for the first input of a task's models.

    Args:
        task: The task.
        sizes: The sizes of the data.
        length: Tokens in each text; None for as many as the longest have.
    """
    if task == "image-classification":
        side = sizes["image_size"]
        return torch.rand(SAMPLES, sizes["in_channels"], side, side)
    if task.startswith("tabular"):
        return torch.randn(SAMPLES, sizes["num_features"])
    return torch.randint(
        1, sizes["vocab_size"], (SAMPLES, length or sizes["max_length"])
    )


def targets_of(sizes: dict[str, int]) -> torch.Tensor:
    """Returns random texts as a decoder takes them: they begin with 0."""
    ids = torch.randint(1, sizes["vocab_size"], (SAMPLES, TARGET_LENGTH))
    return ids.index_fill(1, torch.tensor([0]), 0)


def padded(sizes: dict[str, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns texts of several lengths, padded with 0, and their mask of 1 and 0."""
    lengths = torch.tensor(LENGTHS).unsqueeze(1)
    mask = (torch.arange(max(LENGTHS)) < lengths).long()
    ids = torch.randint(1, sizes["vocab_size"], mask.shape)
    return ids * mask, mask


def output_shape(task: str, sizes: dict[str, int], length: int) -> tuple[int, ...]:
    """Returns the shape of the logits that a task's loss takes."""
    if task == "tabular-regression":
        return (SAMPLES,)
    if task == "causal-lm":
        return (SAMPLES, length, sizes["vocab_size"])
    if task == "seq2seq":
        return (SAMPLES, TARGET_LENGTH, sizes["vocab_size"])
    if task == "token-classification":
        return (SAMPLES, length, sizes["num_classes"])
    return (SAMPLES, sizes["num_classes"])
