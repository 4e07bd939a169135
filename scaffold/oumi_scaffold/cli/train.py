"""`oumi-scaffold train`: train the model that a config names."""

from contextlib import nullcontext

import click

from oumi_scaffold.cli import output


@click.command("train", context_settings={"ignore_unknown_options": True})
@click.option(
    "-c", "--config", required=True, metavar="FILE", help="The training config."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.argument("overrides", nargs=-1, type=click.UNPROCESSED, metavar="[OVERRIDES]...")
def command(config: str, as_json: bool, overrides: tuple[str, ...]) -> None:
    """Train the model that a config names, on the data that it names.

    OVERRIDES replace values of the config: --training.max_steps 100.
    """
    # The config is checked to the end before torch is imported.
    from oumi_runtime.core.configs import TrainingConfig

    loaded = TrainingConfig.from_yaml_and_arg_list(config, list(overrides))
    loaded.finalize_and_validate()
    from oumi_runtime.train import train

    with output.only_json() if as_json else nullcontext():
        result = train(loaded)
    if as_json:
        output.emit_json(
            {
                "metrics": output.json_numbers(result.metrics),
                "global_step": result.global_step,
                "output_dir": str(result.output_dir),
            }
        )
        return
    output.say()
    output.heading(f"Trained for {result.global_step} steps")
    if result.metrics:
        output.metrics(result.metrics)
    output.say(f"The model is in {result.output_dir}")
    output.say()
    output.heading("What to type next:")
    output.say(f"  oumi-scaffold evaluate -c {config}")
