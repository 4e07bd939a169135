"""What trainers keep of their callbacks."""

from typing import Any

from oumi_runtime.core.trainers.callbacks import TrainingCallback


class Keeper(TrainingCallback):
    """Keeps a note in the checkpoint."""

    def __init__(self, note: str) -> None:
        self.note = note

    def state_dict(self) -> dict[str, Any]:
        return {"note": self.note}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.note = state["note"]


def test_each_of_several_callbacks_of_one_class_has_a_state_of_its_own(make_trainer):
    trainer, _ = make_trainer(more_callbacks=[Keeper("a"), Keeper("b")])
    saved = trainer.callback_states()
    again = [Keeper("?"), Keeper("?"), Keeper("new")]
    other, _ = make_trainer(more_callbacks=again)
    other.load_callback_states(saved)
    assert [each.note for each in again] == ["a", "b", "new"]
    assert saved["Keeper"] == {"note": "a"}
