"""`oumi-scaffold evaluate`: measure a trained model on held-out data."""

from contextlib import nullcontext

import click

from oumi_scaffold.cli import output


@click.command("evaluate", context_settings={"ignore_unknown_options": True})
@click.option(
    "-c",
    "--config",
    required=True,
    metavar="FILE",
    help="The config it was trained by.",
)
@output.interpolate_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.argument("overrides", nargs=-1, type=click.UNPROCESSED, metavar="[OVERRIDES]...")
def command(
    config: str, interpolate: bool, as_json: bool, overrides: tuple[str, ...]
) -> None:
    """Measure the model that a config has trained, on held-out data.

    OVERRIDES replace values of the config: --training.output_dir runs/second.
    """
    # The config is checked to the end before torch is imported.
    from oumi_runtime.core.configs import TrainingConfig

    loaded = TrainingConfig.from_yaml_and_arg_list(
        config, list(overrides), ignore_interpolation=not interpolate
    )
    loaded.finalize_and_validate()
    from oumi_runtime.evaluate import evaluate

    with output.only_json() if as_json else nullcontext():
        result = evaluate(loaded)
    if as_json:
        output.emit_json(
            {
                "metrics": output.json_numbers(result.metrics),
                "split": str(result.split),
                "num_samples": result.num_samples,
                "model_dir": str(result.model_dir),
            }
        )
        return
    output.heading(
        f"{result.model_dir} on {result.num_samples} samples of {result.split}"
    )
    output.metrics(result.metrics)
