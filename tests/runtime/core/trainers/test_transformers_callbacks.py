"""A callback of transformers hears of our trainings, and is listened to."""

import warnings

import pytest

with warnings.catch_warnings():
    # transformers warns of its own deprecations when it is imported.
    warnings.simplefilter("ignore")
    import transformers

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class Listener(transformers.TrainerCallback):
    def __init__(self, **asked: int) -> None:
        self.heard: list[tuple[str, int]] = []
        self.asked = asked

    def __getattribute__(self, name: str):
        if not name.startswith("on_"):
            return super().__getattribute__(name)

        def hear(args, state, control, model=None, logs=None, metrics=None, **kwargs):
            assert model is not None
            assert kwargs["optimizer"].param_groups
            assert state.max_steps == args.max_steps
            assert (logs is not None) is (name == "on_log")
            assert (metrics is not None) is (name == "on_evaluate")
            self.heard.append((name, state.global_step))
            for wish, step in self.asked.items():
                if name == "on_step_end" and state.global_step == step:
                    setattr(control, wish, True)
            return control

        return hear


@pytest.mark.parametrize("kind", ["OUMI", "HF"])
def test_it_hears_every_event(make_trainer, kind) -> None:
    listener = Listener()
    trainer, _ = make_trainer(
        trainer_type=kind,
        num_train_epochs=1,
        logging_steps=4,
        eval_strategy="steps",
        eval_steps=5,
        save_steps=6,
        more_callbacks=[listener],
    )
    trainer.train()
    heard = listener.heard
    assert [step for name, step in heard if name == "on_step_end"] == list(range(1, 8))
    assert ("on_log", 4) in heard
    assert ("on_evaluate", 5) in heard
    assert any(name == "on_save" for name, _ in heard)
    assert ("on_epoch_end", 7) in heard
    assert heard[0] == ("on_train_begin", 0)
    assert heard[-1] == ("on_train_end", 7)


def test_what_its_control_asks_for_is_done(make_trainer, tmp_path) -> None:
    listener = Listener(
        should_log=2, should_evaluate=3, should_save=4, should_training_stop=6
    )
    trainer, recorder = make_trainer(logging_steps=1000, more_callbacks=[listener])
    trainer.train()
    assert list(recorder.losses) == [2, 6]
    assert list(recorder.evaluations) == [3]
    assert (tmp_path / "output" / "checkpoint-4").exists()
    assert trainer.state.global_step == 6
    assert trainer.state.requests.stop == "Listener requested it"


def test_transformers_own_early_stopping_works(make_trainer) -> None:
    callback = transformers.EarlyStoppingCallback(early_stopping_patience=2)
    trainer, _ = make_trainer(
        dropout=0.0,
        eval_strategy="steps",
        eval_steps=2,
        learning_rate=0.0,
        more_callbacks=[callback],
    )
    with warnings.catch_warnings():
        # It would rather have the best model loaded at the end.
        warnings.simplefilter("ignore")
        trainer.train()
    assert trainer.state.global_step == 6
