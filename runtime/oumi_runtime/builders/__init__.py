"""Functions that build objects from config sections. Importing registers built-ins."""

from oumi_runtime.core.garbage_collection import without_collecting_garbage

with without_collecting_garbage():
    from oumi_runtime.builders.callbacks import build_training_callbacks
    from oumi_runtime.builders.collators import build_data_collator, collated
    from oumi_runtime.builders.data.datasets import build_dataset, build_dataset_mixture
    from oumi_runtime.builders.data.files import files_of, fingerprints_of
    from oumi_runtime.builders.data.splits import prepare_split, read_split
    from oumi_runtime.builders.lr_schedules import build_lr_scheduler
    from oumi_runtime.builders.metrics import build_metrics_function
    from oumi_runtime.builders.models.building import build_model
    from oumi_runtime.builders.optimizers import build_optimizer
    from oumi_runtime.builders.predicting.input_readers import ImageOptions, InputReader
    from oumi_runtime.builders.predicting.inputs import build_input_reader
    from oumi_runtime.builders.preprocessing.fitting import fit_preprocessing
    from oumi_runtime.builders.preprocessing.preprocessing import Preprocessing
    from oumi_runtime.builders.tokenizing.tokenizers import build_tokenizer
    from oumi_runtime.builders.training.building import build_training
    from oumi_runtime.builders.training.trainers import build_trainer

__all__ = [
    "ImageOptions",
    "InputReader",
    "Preprocessing",
    "build_data_collator",
    "build_dataset",
    "build_dataset_mixture",
    "build_input_reader",
    "build_lr_scheduler",
    "build_metrics_function",
    "build_model",
    "build_optimizer",
    "build_tokenizer",
    "build_trainer",
    "build_training",
    "build_training_callbacks",
    "collated",
    "files_of",
    "fingerprints_of",
    "fit_preprocessing",
    "prepare_split",
    "read_split",
]
