"""Makes of a training one that is over in seconds."""

import dataclasses

from oumi_runtime.core.configs import TrainingParams

NUM_STEPS = 2
"""Steps of such a training, and batches of its evaluation."""


def shortened(params: TrainingParams) -> TrainingParams:
    """Leaves a training two steps, each with a log line and an evaluation.

    Args:
        params: The training section of the config; it stays as it is.

    Returns:
        The section with other numbers of steps, and without checkpoints.
    """
    return dataclasses.replace(
        params,
        max_steps=NUM_STEPS,
        logging_strategy="steps",
        logging_steps=1,
        eval_strategy="no" if params.eval_strategy == "no" else "steps",
        eval_steps=1,
        save_steps=0,
        save_epoch=False,
        save_minutes=None,
    )
