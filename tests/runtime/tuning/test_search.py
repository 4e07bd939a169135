"""A search finds the best values, and goes on where it was interrupted."""

import json
import sys
from statistics import median

import pytest

from oumi_runtime.core.trainers.run.output_lock import OutputLock
from oumi_runtime.exceptions import (
    ChangedSearchError,
    ConfigError,
    MissingExtraError,
    OutputInUseError,
    SearchRangeError,
    TrainingMetricError,
)
from oumi_runtime.tuning import search as search_module
from oumi_runtime.tuning import searched_key, tune

HEIGHT = searched_key("model.model_kwargs.height=0.0..9.0")


def test_the_best_values_are_found(build, slope):
    found = tune(build, [HEIGHT], num_trials=12)
    heights = [float(each.values[HEIGHT.key]) for each in found.trials]
    assert [each.metric for each in found.trials] == pytest.approx(heights)
    assert [each.number for each in found.trials] == list(range(12))
    assert found.best.metric == pytest.approx(min(heights))
    assert found.best == found.ranked[0]
    # The estimator does better than chance after its first ten draws.
    assert min(heights[10:]) < 3.0
    assert len(set(heights)) == 12


def test_a_metric_that_should_be_great_is_maximized(build):
    def maximizing(values):
        config = build(values)
        config.training.greater_is_better = True
        return config

    found = tune(maximizing, [HEIGHT], num_trials=6, prunes=False)
    metrics = [each.metric for each in found.trials]
    assert found.best.metric == max(metrics)
    assert [each.metric for each in found.ranked] == sorted(metrics, reverse=True)


def test_choices_and_several_keys_are_searched_together(build, slope):
    keys = [HEIGHT, searched_key("training.per_device_train_batch_size=4,8")]
    found = tune(build, keys, num_trials=4)
    sizes = {each.values[keys[1].key] for each in found.trials}
    assert sizes <= {"4", "8"}
    for trial in found.trials:
        record = json.loads((trial.folder / "run.json").read_text())
        training = record["config"]["training"]
        assert str(training["per_device_train_batch_size"]) == trial.values[keys[1].key]
        assert (trial.folder / "metrics.jsonl").exists()
        assert list(trial.folder.rglob("*.safetensors")) == []


@pytest.mark.slow
def test_a_bad_trial_is_ended_early_and_a_good_one_is_not(build):
    found = tune(build, [HEIGHT], num_trials=10)
    pruned = [each for each in found.trials if each.outcome == "pruned"]
    assert pruned
    for trial in pruned:
        before = [e.metric for e in found.trials[: trial.number]]
        assert trial.number >= 5
        assert trial.metric > median(before)
        lines = (trial.folder / "metrics.jsonl").read_text().splitlines()
        assert len([line for line in lines if "eval_loss" in line]) == 1
    # None is ranked before one that was trained to the end.
    assert found.ranked[-len(pruned) :] == sorted(pruned, key=lambda t: t.metric)
    again = tune(build, [HEIGHT], num_trials=13, prunes=False)
    assert {each.outcome for each in again.trials[10:]} == {"finished"}


def test_a_search_goes_on_with_other_values(build, folder):
    first = tune(build, [HEIGHT], num_trials=3)
    told: list[int] = []
    both = tune(build, [HEIGHT], num_trials=5, on_trial=lambda t: told.append(t.number))
    assert both.trials[:3] == first.trials
    assert told == [3, 4]
    assert len({each.values[HEIGHT.key] for each in both.trials}) == 5
    assert len(list(folder.glob("tune/trial-*"))) == 5


def test_the_same_search_draws_the_same_values(build, folder, tmp_path):
    first = tune(build, [HEIGHT], num_trials=3)
    folder.rename(tmp_path / "moved")
    again = tune(build, [HEIGHT], num_trials=3)
    assert [e.values for e in again.trials] == [e.values for e in first.trials]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError, RuntimeError])
def test_an_interrupted_trial_is_made_again(build, monkeypatch, kind):
    train, asked = search_module.train, []

    def interrupted(config, callbacks):
        asked.append(config.model.model_kwargs["height"])
        if len(asked) == 2:
            raise kind("interrupted")
        return train(config, callbacks=callbacks)

    monkeypatch.setattr(search_module, "train", interrupted)
    with pytest.raises(kind):
        tune(build, [HEIGHT], num_trials=3)
    found = tune(build, [HEIGHT], num_trials=3)
    assert asked[2] == asked[1]
    assert len(asked) == 4
    assert [each.number for each in found.trials] == [0, 2, 3]


def test_a_search_without_an_evaluation_ends_with_its_first_trial(build, slope):
    def rarely_evaluated(values):
        config = build(values)
        config.training.eval_steps = 5
        return config

    with pytest.raises(SearchRangeError, match=r"its 4 steps.*eval_steps"):
        tune(rarely_evaluated, [HEIGHT], num_trials=3)
    assert len(slope.calls) == 2  # Once to see whether it fits.


def test_a_trial_fails_for_its_values_alone(build):
    found = tune(build, [searched_key("model.model_kwargs.width=3,4")], num_trials=6)
    failed = [each for each in found.trials if each.outcome == "failed"]
    assert {each.values["model.model_kwargs.width"] for each in failed} == {"3"}
    assert all("the width 3 is odd" in each.reason for each in failed)
    assert found.best.values["model.model_kwargs.width"] == "4"
    assert found.ranked[-len(failed) :] == failed


def test_numbers_gone_wrong_are_a_failure(build):
    found = tune(
        build, [searched_key("model.model_kwargs.height=.inf,1.0")], num_trials=6
    )
    reasons = {each.reason for each in found.trials if each.outcome == "failed"}
    assert any("not finite" in reason for reason in reasons)
    assert found.best.metric == 1.0


def test_a_value_that_the_config_does_not_take_ends_the_search_at_once(build, slope):
    with pytest.raises(ConfigError, match=r"training\.learning_rate"):
        tune(build, [searched_key("training.learning_rate=1e-3,fast")], num_trials=3)
    assert slope.calls == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"keys": []}, "at least one"),
        ({"keys": [HEIGHT, HEIGHT]}, "each key to search once"),
        ({"num_trials": 0}, "the number of trials cannot be 0"),
    ],
)
def test_there_has_to_be_something_to_do(build, changes, sentence: str):
    arguments = {"keys": [HEIGHT], "num_trials": 1, **changes}
    with pytest.raises(SearchRangeError, match=sentence):
        tune(build, **arguments)


def test_there_has_to_be_an_evaluation(build):
    def without(values):
        return build({**values, "training.eval_strategy": "no"})

    with pytest.raises(SearchRangeError, match=r"set training\.eval_strategy to"):
        tune(without, [HEIGHT], num_trials=1)


def test_a_metric_that_is_not_measured_is_named(build):
    def other(values):
        return build({**values, "training.metric_for_best_model": "eval_luss"})

    with pytest.raises(TrainingMetricError, match="did you mean 'eval_loss'"):
        tune(other, [HEIGHT], num_trials=1)


def test_another_search_is_not_mixed_with_the_first(build, folder):
    tune(build, [HEIGHT], num_trials=1)
    drop = searched_key("model.model_kwargs.drop=0.0..1.0")
    with pytest.raises(ChangedSearchError, match="a search of other keys or values"):
        tune(build, [HEIGHT, drop], num_trials=2)

    def maximizing(values):
        return build({**values, "training.greater_is_better": "true"})

    with pytest.raises(ChangedSearchError, match="or in the other direction"):
        tune(maximizing, [HEIGHT], num_trials=2)
    (folder / "tune" / "journal.jsonl").unlink()
    with pytest.raises(ChangedSearchError, match=r"it has trials, but no journal"):
        tune(build, [HEIGHT], num_trials=1)


def test_a_journal_that_was_cut_off_goes_on_from_its_last_whole_line(
    build, folder, caplog
):
    tune(build, [HEIGHT], num_trials=2)
    journal = folder / "tune" / "journal.jsonl"
    whole = journal.read_bytes()
    for cut in (b'{"op_code": 3, "wor', b"{}"):
        journal.write_bytes(whole + cut)
        found = tune(build, [HEIGHT], num_trials=2)
        assert len(found.trials) == 2
        assert journal.read_bytes().startswith(whole + b'{"op_code":')
        assert "the last line of" in caplog.text
    assert len(tune(build, [HEIGHT], num_trials=3).trials) == 3


@pytest.mark.parametrize("line", [b"garbage{", b"[]", b"{}", b"\xff"])
def test_a_damaged_line_of_the_journal_is_named(build, folder, line):
    tune(build, [HEIGHT], num_trials=1)
    journal = folder / "tune" / "journal.jsonl"
    first, *others = journal.read_bytes().splitlines(keepends=True)
    damaged = b"".join([first, line + b"\n", *others])
    journal.write_bytes(damaged)
    with pytest.raises(ChangedSearchError, match=r"line 2 of journal\.jsonl is damage"):
        tune(build, [HEIGHT], num_trials=2)
    assert journal.read_bytes() == damaged


def test_two_searches_in_one_folder_are_refused(build, folder):
    with (
        OutputLock(folder / "tune"),
        pytest.raises(OutputInUseError),
    ):
        tune(build, [HEIGHT], num_trials=1)


def test_optuna_is_asked_for(build, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'oumi-scaffold\[tune\]'"):
        tune(build, [HEIGHT], num_trials=1)
