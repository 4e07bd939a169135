"""The learning-rate test runs the config's own steps, and leaves no trace of them."""

import json
import math
import sys
from pathlib import Path

import pytest
import torch

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.exceptions import SearchRangeError
from oumi_runtime.finding import find_learning_rate, save_curve
from oumi_runtime.train import train

LIMIT = 0.2  # 2 / steepness of the bowl
DIGITS = """
model:
  model_name: CnnClassifier
  model_kwargs: {image_width: 8, image_height: 8, in_channels: 1, kernel_size: 2}
data:
  train:
    datasets: [{dataset_name: digits, split: train, sample_count: 64}]
training: {per_device_train_batch_size: 16, gradient_accumulation_steps: 2}
"""


def test_the_suggested_rate_is_below_the_one_that_diverges(bowl, make_config) -> None:
    curve = find_learning_rate(make_config())
    assert curve.has_diverged
    assert LIMIT < curve.tried[-1].learning_rate < 3 * LIMIT
    assert LIMIT / 50 < curve.suggestion < LIMIT
    assert curve.suggestion < curve.lowest.learning_rate < 2 * LIMIT


def test_the_rates_rise_by_the_same_factor_from_the_first_to_the_last(
    bowl, make_config
) -> None:
    curve = find_learning_rate(make_config(), lowest=1e-5, highest=0.1, num_steps=41)
    rates = [each.learning_rate for each in curve.tried]
    assert (rates[0], rates[-1]) == pytest.approx((1e-5, 0.1))
    assert rates[10] == pytest.approx(1e-4)
    assert not curve.has_diverged
    # What a step lost is what the rates before it have made of the bowl.
    position = math.prod(1 - 10 * rate for rate in rates[:-1])
    assert curve.tried[-1].loss == pytest.approx(5 * position**2, rel=1e-4)


def test_steps_are_clipped_as_in_the_training(bowl, make_config) -> None:
    curve = find_learning_rate(make_config(max_grad_norm=1e-3))
    assert curve.tried[-1].learning_rate == pytest.approx(10.0)


def test_steps_accumulate_as_in_the_training(bowl, make_config) -> None:
    config = make_config(gradient_accumulation_steps=3)
    find_learning_rate(config, highest=1e-5, num_steps=20)
    made = bowl.made[-1]
    assert made.num_samples[:3] == [32, 32, 32]
    # 1,437 samples: after 14 steps of 96 comes one of what is left, and a new epoch.
    assert sum(made.num_samples) == 1437 + 5 * 96


def test_groups_of_parameters_keep_their_ratio(bowl, make_config) -> None:
    rates = []

    class Spy(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    register("Spy", RegistryType.OPTIMIZER)(
        lambda groups, params: Spy([{"params": groups, "lr": 0.3}], lr=1.0)
    )
    curve = find_learning_rate(make_config(optimizer="Spy"), num_steps=20)
    tried = [each.learning_rate for each in curve.tried]
    assert rates[: len(tried)] == pytest.approx([3 * rate for rate in tried])


def test_the_schedule_and_a_rate_of_zero_have_no_say(bowl, make_config) -> None:
    expected = find_learning_rate(make_config())
    for options in ({"warmup_steps": 50}, {"learning_rate": 0.0}):
        tried = find_learning_rate(make_config(**options)).tried
        losses = [each.loss for each in tried]
        assert losses == pytest.approx([each.loss for each in expected.tried])


def test_the_same_seed_gives_the_same_curve(make_config) -> None:
    config = make_config(DIGITS)
    first = find_learning_rate(config, num_steps=30)
    torch.rand(7)
    assert find_learning_rate(config, num_steps=30) == first
    config.training.seed = 7
    assert find_learning_rate(config, num_steps=30) != first


@pytest.mark.parametrize("optimizer", ["sgd", "adamw_torch", "lion"])
def test_the_suggested_rate_learns_where_others_do_not(
    bowl, make_config, optimizer: str
) -> None:
    def make(learning_rate: float = 1.0) -> TrainingConfig:
        config = make_config(optimizer=optimizer, learning_rate=learning_rate)
        config.model.model_name = "Softmax"
        config.training.max_steps = config.training.logging_steps = 40
        return config

    suggestion = find_learning_rate(make()).suggestion
    losses = {}
    for factor in (0.01, 1.0, 100.0):
        output = train(make(factor * suggestion)).output_dir
        losses[factor] = json.loads((output / "metrics.jsonl").read_text())["loss"]
    assert losses[1.0] < 0.6 * min(losses[0.01], losses[100.0])


def test_a_stream_is_read_as_often_as_it_takes(make_config, streamed) -> None:
    # A step has eight of the forty samples.
    curve = find_learning_rate(make_config(streamed), highest=0.1, num_steps=30)
    assert len(curve.tried) == 30


def test_a_trial_calls_and_writes_nothing(bowl, make_config, tmp_path) -> None:
    class Called(TrainingCallback):
        def __init__(self, config) -> None:
            raise AssertionError("no callback takes part")

    register("Called", RegistryType.CALLBACK)(Called)
    config = make_config(
        callbacks=["Called"], enable_wandb=True, save_steps=1, trainer_type="hf"
    )
    find_learning_rate(config, num_steps=20)
    assert list(tmp_path.iterdir()) == []
    assert config.training.save_steps == 1
    assert "wandb" not in sys.modules


def test_a_loss_that_is_no_number_ends_the_test(bowl, make_config, tmp_path) -> None:
    def prepare(made) -> None:
        def damage(num_samples: int) -> None:
            if len(made.num_samples) == 31:
                made.floor = math.nan

        made.before_forward = damage

    bowl.prepare = staticmethod(prepare)
    curve = find_learning_rate(make_config())
    assert len(curve.tried) == 30
    assert curve.has_diverged
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_a_finite_loss_is_refused(bowl, make_config) -> None:
    bowl.prepare = staticmethod(lambda made: setattr(made, "floor", math.nan))
    with pytest.raises(SearchRangeError, match="not finite before the first step"):
        find_learning_rate(make_config())


def test_a_negative_loss_diverges_only_when_it_rises(bowl, make_config) -> None:
    config = make_config()
    config.model.model_kwargs = {"floor": -20.0}
    curve = find_learning_rate(config)
    assert curve.has_diverged
    assert LIMIT < curve.tried[-1].learning_rate < 10 * LIMIT
    assert LIMIT / 50 < curve.suggestion < LIMIT


def test_rates_at_which_nothing_happens_suggest_none(bowl, make_config) -> None:
    curve = find_learning_rate(make_config(max_grad_norm=1e-9))
    assert curve.suggestion is None


@pytest.mark.parametrize(
    "options",
    [
        {"lowest": 0.0},
        {"lowest": -1.0},
        {"lowest": 1.0, "highest": 0.1},
        {"lowest": 1.0, "highest": 1.0},
        {"highest": math.inf},
        {"highest": math.nan},
        {"num_steps": 19},
    ],
)
def test_what_is_no_range_is_refused(make_config, options) -> None:
    with pytest.raises(SearchRangeError, match=r"lowest must be|at least 20"):
        find_learning_rate(make_config(), **options)


def test_the_numbers_and_a_picture_are_kept(bowl, make_config, tmp_path) -> None:
    kept = tmp_path / "checkpoint-3" / "model.safetensors"
    kept.parent.mkdir()
    kept.write_bytes(b"weights")
    curve = find_learning_rate(make_config())
    files = save_curve(curve, tmp_path)
    assert [path.name for path in files] == ["lr_finder.json", "lr_finder.png"]
    numbers = json.loads(files[0].read_text())
    assert numbers["suggestion"] == curve.suggestion
    assert numbers["tried"][0] == {
        "learning_rate": 1e-7,
        "loss": 5.0,
        "smoothed_loss": pytest.approx(5.0, rel=1e-3),
    }
    assert files[1].read_bytes().startswith(b"\x89PNG")
    assert kept.read_bytes() == b"weights"


def test_without_matplotlib_there_is_no_picture(
    bowl, make_config, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    curve = find_learning_rate(make_config(), num_steps=20)
    assert save_curve(curve, tmp_path / "new") == [tmp_path / "new" / "lr_finder.json"]


def test_a_picture_leaves_out_what_diverges(bowl, make_config) -> None:
    curve = find_learning_rate(make_config())
    low, high = curve.shown_losses
    assert low < curve.lowest.smoothed_loss
    assert 5.0 < high < 7.0
