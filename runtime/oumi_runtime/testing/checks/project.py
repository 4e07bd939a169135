"""Checks of a model's registered name, its config, and its recorded state dict."""

import contextlib
import json
import os
import tempfile
from pathlib import Path

from oumi_runtime.builders import build_model
from oumi_runtime.builders.arguments import argument_mistake
from oumi_runtime.builders.models.size import count_on_meta
from oumi_runtime.core.configs import ModelParams, TrainerType, TrainingConfig
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import ConfigError, OumiRuntimeError
from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.needs import base_model
from oumi_runtime.testing.projects import config_file, project_folder, registered_name
from oumi_runtime.testing.quiet import quiet
from oumi_runtime.train import train

UPDATE_GOLDEN = "OUMI_CONFORMANCE_UPDATE_GOLDEN"
_STEPS = 2
_LARGEST_DATA_BYTES = 20 * 2**20
_MOST_PARAMETERS = 20_000_000


@check(needs=[base_model])
def check_registered_name_builds_the_model(case: ModelCase) -> None:
    """Catches a model that configs cannot refer to.

    For example a missing registration, or one under the name of another model.

    If it fails, look at `@registry.register(...)` above the class.
    """
    name = registered_name(case)
    if name is None:
        raise NotApplicableError("the class is not registered")
    model = case.model()
    kwargs = getattr(model, "init_kwargs", {})
    built = build_model(ModelParams(model_name=name, model_kwargs=dict(kwargs)))
    if type(built) is not type(model):
        raise CheckFailedError(
            f"the name {name!r} builds a {type(built).__name__}, not a "
            f"{type(model).__name__}"
        )
    shapes = {n: v.shape for n, v in model.state_dict().items()}
    if shapes != {n: v.shape for n, v in built.state_dict().items()}:
        raise CheckFailedError(
            f"build_model with {kwargs} creates other layers than the constructor: "
            "does the constructor change its arguments, or accept others?"
        )


@check()
def check_config_fits_the_model(case: ModelCase) -> None:
    """Catches a config that does not fit the model.

    For example `model_kwargs` with an argument that the constructor no longer has, or a
    misspelt training field.

    If it fails, correct the config; `oumi-scaffold validate` lists every mistake.
    """
    path = config_file(case)
    try:
        config = TrainingConfig.from_yaml(path)
        config.finalize_and_validate()
    except (ConfigError, OSError) as error:
        raise CheckFailedError(" ".join(str(error).split())) from error
    found = REGISTRY.get(config.model.model_name, RegistryType.MODEL)
    own = case.make_model_class
    if found is None or found.__qualname__ != own.__qualname__:
        raise CheckFailedError(
            f"{path.name} names {config.model.model_name!r}, which is not the name of "
            f"{own.__name__}"
        )
    mistake = argument_mistake(found, config.model.model_kwargs)
    if mistake:
        raise CheckFailedError(f"{path.name}: model_kwargs: {own.__name__} {mistake}")


@check()
def check_config_trains(case: ModelCase) -> None:
    """Catches a config whose model and data are incompatible.

    For example `num_classes: 9` for ten classes, or a vocabulary that is too small. The
    check runs two training steps on the config's own data, if that is built in or
    small, and discards the result.

    If it fails, train with the config by hand: `oumi-scaffold train -c FILE
    --training.max_steps 2`.
    """
    path = config_file(case)
    try:
        config = TrainingConfig.from_yaml(path)
        folder = project_folder(case) or path.parent
        with (
            contextlib.chdir(folder),
            tempfile.TemporaryDirectory() as output,
            quiet(),
        ):
            _require_small_data(config)
            _require_small_model(case, config)
            _make_short(config, output)
            result = train(config)
    except (OumiRuntimeError, OSError, RuntimeError, IndexError) as error:
        raise CheckFailedError(
            f"{path.name}: {' '.join(str(error).split())}"
        ) from error
    wrong = [n for n, p in result.model.named_parameters() if not p.isfinite().all()]
    if result.global_step != _STEPS or wrong:
        raise CheckFailedError(
            f"{path.name}: {_STEPS} steps leave {', '.join(wrong) or 'too few steps'}"
        )


@check()
def check_state_dict_is_as_recorded(case: ModelCase) -> None:
    """Catches renamed or reshaped weights, which make saved models unusable.

    For example `self.fc` that has become `self.classifier`. It applies once the names
    and shapes have been recorded, with `pytest --update-conformance-golden`.

    If it fails, undo the renaming; or, if it is intended, record them again, and
    convert the saved models.
    """
    if case.golden_folder is None:
        raise NotApplicableError("there is no folder for a record")
    path = case.golden_folder / f"{case.make_model_class.__name__}.state_dict.json"
    found = {
        name: f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}"
        for name, value in case.model().state_dict().items()
    }
    if os.environ.get(UPDATE_GOLDEN):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    if not path.is_file():
        raise NotApplicableError(
            "no keys are recorded; pytest --update-conformance-golden records them"
        )
    recorded: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    changes = [f"{name} is new" for name in found.keys() - recorded.keys()]
    changes += [f"{name} is gone" for name in recorded.keys() - found.keys()]
    changes += [
        f"{name} was {recorded[name]} and is {found[name]}"
        for name in found.keys() & recorded.keys()
        if found[name] != recorded[name]
    ]
    if changes:
        raise CheckFailedError(
            f"the state dict is not as recorded in {path.name}: "
            f"{'; '.join(sorted(changes))}"
        )


def _make_short(config: TrainingConfig, folder: str) -> None:
    """Limits a config to two steps that write nothing to disk."""
    training = config.training
    training.max_steps, training.output_dir = _STEPS, folder
    training.trainer_type = TrainerType.OUMI
    training.eval_strategy, training.save_steps, training.save_epoch = "no", 0, False
    training.save_final_model, training.compile = False, False
    training.log_level = training.dep_log_level = "error"
    training.enable_tensorboard = training.enable_wandb = training.enable_mlflow = False


def _require_small_data(config: TrainingConfig) -> None:
    """Skips a config whose data would take long to read, or to download."""
    for each in config.data.train.datasets:
        place = Path(each.dataset_path or each.dataset_name)
        if place.exists():
            files = [place] if place.is_file() else list(place.rglob("*"))
            size = sum(file.stat().st_size for file in files if file.is_file())
            if size > _LARGEST_DATA_BYTES:
                raise NotApplicableError(f"{place} is larger than 20 MB")
        elif not REGISTRY.contains(each.dataset_name, RegistryType.DATASET):
            raise NotApplicableError(f"{each.dataset_name} would have to be fetched")


def _require_small_model(case: ModelCase, config: TrainingConfig) -> None:
    kwargs = config.model.model_kwargs
    numbers = sum(count_on_meta(lambda: case.make_model_class(**kwargs)).values())
    if numbers > _MOST_PARAMETERS:
        raise NotApplicableError(f"the config's model has {numbers:,} parameters")
