"""Rules that join the fields of a section: what is taken, and what is not."""

import pytest

from oumi_runtime.core.configs import (
    DatasetSplitParams,
    FSDPParams,
    ModelParams,
    TrainerType,
    TrainingParams,
)
from oumi_runtime.exceptions import ConfigError


def broken(section):
    with pytest.raises(ConfigError) as caught:
        section.finalize_and_validate()
    return [(mistake.key, mistake.sentence) for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("fields", "key", "sentence"),
    [
        ({"warmup_ratio": 0.1, "warmup_steps": 1}, "warmup_steps", "keep one"),
        (
            {"optimizer_kwargs": {"lr": 0.1}},
            "optimizer_kwargs.lr",
            "write learning_rate",
        ),
        ({"trainer_type": "hf", "ema_decay": 0.9}, "ema_decay", "native trainer"),
        ({"early_stopping_patience": 2}, "early_stopping_patience", "eval_strategy"),
        ({"trainer_type": "hf", "overfit_batches": 1}, "overfit_batches", "native"),
        ({"trainer_type": "hf", "cuda_graphs": "on"}, "cuda_graphs", "native trainer"),
        (
            {"compile": True, "compile_kwargs": {"modes": "default"}},
            "compile_kwargs.modes",
            "did you mean 'mode'",
        ),
        (
            {"split_on_out_of_memory": True, "cuda_graphs": "on"},
            "split_on_out_of_memory",
            "not possible",
        ),
        (
            {"parameter_groups": [{"learning_rate": 0.1}]},
            "parameter_groups[0].parameters",
            "names nothing",
        ),
        (
            {"parameter_groups": [{"parameters": ["x"]}]},
            "parameter_groups[0].learning_rate",
            "set at least one",
        ),
        ({"trainer_kwargs": {"bf16": True}}, "trainer_kwargs", "write trainer_type"),
        (
            {"trainer_type": "hf", "trainer_kwargs": {"bf61": True}},
            "trainer_kwargs.bf61",
            "TrainingArguments takes no 'bf61' (did you mean 'bf16'?)",
        ),
        (
            {"trainer_type": "hf", "include_performance_metrics": True},
            "include_performance_metrics",
            "needs the native trainer; write trainer_type: oumi",
        ),
        (
            {"lr_scheduler_kwargs": {"num_cycles": 2}},
            "lr_scheduler_kwargs.num_cycles",
            "linear takes no 'num_cycles'; it takes nothing",
        ),
        (
            {"lr_scheduler_type": "cosine", "lr_scheduler_kwargs": {"num_cycels": 2}},
            "lr_scheduler_kwargs.num_cycels",
            "cosine takes no 'num_cycels' (did you mean 'num_cycles'?)",
        ),
        ({"dataloader_prefetch_factor": 2}, "dataloader_prefetch_factor", "workers"),
        (
            {"dataloader_persistent_workers": True},
            "dataloader_persistent_workers",
            "workers",
        ),
    ],
)
def test_training_fields_that_do_not_go_together_are_named(fields, key, sentence):
    ((found, why),) = broken(TrainingParams(**fields))

    assert found == key
    assert sentence in why


@pytest.mark.parametrize(
    ("kwargs", "key", "sentence"),
    [
        ({"module": ["x"]}, "module", "did you mean 'modules'"),
        ({"modules": "x"}, "modules", "not a list of names"),
        ({"use_reentrant": "no"}, "use_reentrant", "not true or false"),
    ],
)
def test_how_activations_are_checkpointed_is_checked(kwargs, key, sentence):
    ((found, why),) = broken(
        TrainingParams(
            enable_gradient_checkpointing=True, gradient_checkpointing_kwargs=kwargs
        )
    )

    assert found == f"gradient_checkpointing_kwargs.{key}"
    assert sentence in why


def test_training_fields_that_go_together_are_taken():
    TrainingParams(
        trainer_type=TrainerType.HF, trainer_kwargs={"bf16": True}
    ).finalize_and_validate()
    TrainingParams(
        lr_scheduler_type="MyOwn", lr_scheduler_kwargs={"anything": "goes"}
    ).finalize_and_validate()
    TrainingParams(
        dataloader_num_workers="auto",
        dataloader_prefetch_factor=2,
        dataloader_persistent_workers=True,
    ).finalize_and_validate()


def test_an_adapter_to_train_needs_a_folder():
    ((key, _),) = broken(ModelParams(model_name="x", adapter_trainable=True))

    assert key == "adapter_trainable"


def test_layer_classes_need_the_policy_that_uses_them():
    ((key, _),) = broken(FSDPParams(transformer_layer_cls="Layer"))

    assert key == "transformer_layer_cls"
    FSDPParams(
        transformer_layer_cls="Layer", auto_wrap_policy="TRANSFORMER_BASED_WRAP"
    ).finalize_and_validate()


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        ([0.5, None], "datasets[1].mixture_proportion"),
        ([0.5, 0.6], "datasets[1].mixture_proportion"),
        ([0.5], "datasets[0].mixture_proportion"),
    ],
)
def test_the_parts_of_a_mixture_make_a_whole(parts, key):
    def mixture(parts):
        named = [{"dataset_name": "x", "mixture_proportion": p} for p in parts]
        return DatasetSplitParams(datasets=named)

    assert [found for found, _ in broken(mixture(parts))] == [key]
    mixture([0.1, 0.2, 0.7]).finalize_and_validate()
    mixture([None, None]).finalize_and_validate()


@pytest.mark.parametrize(
    ("fields", "key", "sentence"),
    [
        ({"train": 0.9}, "split_shares", "add up to 0.9; they must sum to 1"),
        ({"test": 1.0}, "split_shares", "gives no share to 'train'"),
        ({"train": 2.0}, "split_shares.train", "must be at most 1.0"),
    ],
)
def test_the_shares_of_splits_make_a_whole(fields, key, sentence):
    dataset = {"dataset_name": "digits", "split_shares": fields}
    with pytest.raises(ConfigError) as caught:
        DatasetSplitParams(datasets=[dataset]).finalize_and_validate()
    assert str(caught.value).startswith(f"datasets[0].{key}: ")
    assert sentence in str(caught.value)


def test_a_stream_has_no_shares() -> None:
    shared = {"dataset_name": "tabular", "split_shares": {"train": 1.0}}
    with pytest.raises(ConfigError, match="stream: true is not possible with split_sh"):
        DatasetSplitParams(datasets=[shared], stream=True).finalize_and_validate()
