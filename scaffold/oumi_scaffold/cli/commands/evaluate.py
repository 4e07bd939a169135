"""`oumi-scaffold evaluate`: evaluate a trained model on held-out data."""

from oumi_scaffold.cli import output
from oumi_scaffold.cli.running.configs import (
    TRAINED_WITH,
    config_command,
    overridable,
    trained_config,
)


@config_command("evaluate", TRAINED_WITH)
@overridable
def command(
    config: str, interpolate: bool, as_json: bool, overrides: tuple[str, ...]
) -> None:
    """Evaluate the trained model of a config on held-out data.

    OVERRIDES replace values of the config, as in --training.output_dir runs/second.
    """
    loaded = trained_config(config, overrides, interpolate)
    from oumi_runtime.evaluate import evaluate

    with output.only_json(as_json):
        result = evaluate(loaded)
    if as_json:
        output.emit_json(
            {
                "metrics": output.json_numbers(result.metrics),
                "split": str(result.split),
                "num_samples": result.num_samples,
                "num_bad_samples": result.num_bad_samples,
                "model_dir": str(result.model_dir),
            }
        )
        return
    on = f"{result.model_dir} on {result.num_samples} samples of {result.split}"
    if bad := result.num_bad_samples:
        on += f"; {bad} row{'s' if bad > 1 else ''} of its data cannot be used"
    output.heading(on)
    output.metrics(result.metrics)
