"""Where a field's effect is shown by a test that stands elsewhere, or need not be."""

from typing import Any

_BUILDERS = "tests/runtime/builders"
_DATA = f"{_BUILDERS}/data"
_MODELS = f"{_BUILDERS}/models"
_ADAPTERS = f"{_MODELS}/test_adapters.py"
_TOKENIZING = f"{_BUILDERS}/tokenizing"
_TRAINING = f"{_BUILDERS}/training"
_FIELDS = "tests/runtime/test_training_fields.py"
_STREAMED = "tests/runtime/test_streamed_training.py"
_TRAINERS = "tests/runtime/core/trainers"
_TRAINER = "tests/runtime/core/trainers/test_oumi_trainer.py"
_TRAIN = "tests/runtime/test_train.py"
_PARTS = "tests/runtime/test_registered_training.py"

ELSEWHERE: dict[str, str] = {
    "TrainingParams.max_bad_steps": (
        "tests/runtime/core/trainers/steps/test_bad_steps.py::"
        "test_as_many_as_may_be_are_left_out"
    ),
    "DataParams.on_bad_sample": "tests/faults/test_bad_data.py::"
    "test_a_run_that_a_bad_row_ended_goes_on_without_it",
    "DataParams.max_bad_samples": "tests/faults/test_bad_data.py::"
    "test_too_many_end_the_run_and_keep_its_checkpoint",
    "ModelParams.model_name": f"{_MODELS}/test_build_model.py::"
    "test_the_model_of_the_page_is_built",
    "ModelParams.model_kwargs": f"{_MODELS}/test_build_model.py::"
    "test_the_model_of_the_page_is_built",
    "ModelParams.tokenizer_name": f"{_TOKENIZING}/test_tokenizers.py::"
    "test_a_folder_or_file_with_a_tokenizer_is_loaded",
    "ModelParams.tokenizer_pad_token": f"{_TOKENIZING}/test_tokenizers.py::"
    "test_tokenizer_pad_token_says_what_pads",
    "ModelParams.tokenizer_kwargs": f"{_TOKENIZING}/test_tokenizers.py::"
    "test_tokenizer_kwargs_change_the_tokenizer",
    "ModelParams.model_max_length": "tests/runtime/test_streamed_training.py::"
    "test_pack_joins_sequences_into_blocks_of_model_max_length",
    "ModelParams.load_pretrained_weights": f"{_MODELS}/test_huggingface.py::"
    "test_its_weights_are_loaded_unless_fresh_ones_are_asked_for",
    "ModelParams.trust_remote_code": f"{_MODELS}/test_huggingface.py::"
    "test_the_code_beside_a_model_is_not_run_unless_the_config_says_so",
    "ModelParams.torch_dtype_str": f"{_MODELS}/test_build_model.py::"
    "test_the_parameters_have_the_dtype_asked_for",
    "ModelParams.device_map": f"{_MODELS}/test_build_model.py::"
    "test_a_gpu_that_is_not_there_is_refused",
    "ModelParams.attn_implementation": f"{_MODELS}/test_huggingface.py::"
    "test_attention_is_computed_as_asked_for",
    "ModelParams.compile": f"{_MODELS}/test_huggingface.py::"
    "test_compiling_is_done_in_place",
    "ModelParams.freeze_layers": f"{_MODELS}/test_huggingface.py::"
    "test_layers_are_frozen_in_it",
    "DatasetParams.dataset_name": f"{_STREAMED}::test_texts_in_memory_are_streamed_too",
    "DatasetParams.dataset_path": f"{_DATA}/test_own_dataset_in_a_loop.py::"
    "test_a_users_own_dataset_trains_a_model_in_a_plain_loop",
    "DatasetParams.subset": f"{_DATA}/test_build_dataset.py::"
    "test_the_class_of_the_subset_goes_first",
    "DatasetParams.split": f"{_DATA}/test_build_dataset.py::"
    "test_columns_of_several_datasets_are_one_column_dataset",
    "DatasetParams.dataset_kwargs": f"{_DATA}/test_build_dataset.py::"
    "test_datasets_of_different_columns_are_refused",
    "DatasetParams.shuffle_buffer_size": "tests/runtime/core/datasets/streams/"
    "test_streaming.py::test_shuffling_keeps_every_row_and_differs_from_pass_to_pass",
    "DatasetParams.transform_num_workers": "tests/runtime/core/datasets/"
    "test_base_map_dataset.py::test_rows_are_transformed_once_by_the_workers_asked_for",
    "DatasetSplitParams.collator_name": f"{_BUILDERS}/test_collators.py::"
    "test_mistakes_in_naming_a_collator_are_told",
    "DatasetSplitParams.pack": "tests/runtime/test_streamed_training.py::"
    "test_pack_joins_sequences_into_blocks_of_model_max_length",
    "DatasetSplitParams.stream": "tests/runtime/test_streamed_training.py::"
    "test_texts_in_memory_are_streamed_too",
    "TrainingParams.trainer_type": f"{_FIELDS}::test_trainer_kwargs_reach_transformers",
    "TrainingParams.trainer_kwargs": f"{_FIELDS}::"
    "test_trainer_kwargs_reach_transformers",
    "TrainingParams.resume_from_checkpoint": f"{_STREAMED}::"
    "test_a_stopped_training_goes_on_at_its_place",
    "TrainingParams.ema_decay": f"{_TRAINERS}/optimizers/test_weight_average.py::"
    "test_the_average_is_measured_and_saved",
    "TrainingParams.parameter_groups": f"{_BUILDERS}/test_parameter_groups.py::"
    "test_the_first_group_that_names_a_parameter_holds_for_it",
    "TrainingParams.weight_decay_on_norms_and_biases": f"{_BUILDERS}/"
    "test_parameter_groups.py::test_norms_and_biases_can_be_left_without_decay",
    "ParameterGroupParams.parameters": f"{_BUILDERS}/test_parameter_groups.py::"
    "test_the_first_group_that_names_a_parameter_holds_for_it",
    "ParameterGroupParams.learning_rate": f"{_BUILDERS}/test_parameter_groups.py::"
    "test_the_first_group_that_names_a_parameter_holds_for_it",
    "ParameterGroupParams.weight_decay": f"{_BUILDERS}/test_parameter_groups.py::"
    "test_the_first_group_that_names_a_parameter_holds_for_it",
    "TrainingParams.callbacks": f"{_PARTS}::test_what_makes_something_else_is_named",
    "TrainingParams.output_dir": f"{_TRAIN}::test_a_run_leaves_a_complete_record",
    "TrainingParams.per_device_train_batch_size": f"{_TRAINER}::"
    "test_accumulation_equals_the_large_batch",
    "TrainingParams.per_device_eval_batch_size": f"{_TRAINER}::"
    "test_the_evaluation_loss_is_the_mean_over_all_samples",
    "TrainingParams.gradient_accumulation_steps": f"{_TRAINER}::"
    "test_epochs_count_steps_of_accumulated_batches",
    "TrainingParams.max_steps": f"{_TRAIN}::test_a_new_run_moves_the_earlier_one_aside",
    "TrainingParams.num_train_epochs": f"{_TRAINER}::"
    "test_epochs_count_steps_of_accumulated_batches",
    "TrainingParams.save_epoch": f"{_TRAINER}::"
    "test_going_on_at_the_end_of_an_epoch_is_exact",
    "TrainingParams.save_final_model": f"{_TRAIN}::"
    "test_evaluate_takes_the_newest_checkpoint_of_an_unfinished_run",
    "TrainingParams.seed": f"{_TRAIN}::test_another_seed_trains_another_model",
    "TrainingParams.use_deterministic": f"{_FIELDS}::"
    "test_use_deterministic_and_full_determinism",
    "TrainingParams.full_determinism": f"{_FIELDS}::"
    "test_use_deterministic_and_full_determinism",
    "TrainingParams.run_name": f"{_FIELDS}::test_wandb_gets_every_log_line",
    "TrainingParams.log_level": f"{_FIELDS}::test_log_level",
    "TrainingParams.dep_log_level": f"{_FIELDS}::test_dep_log_level",
    "TrainingParams.log_examples": f"{_FIELDS}::test_log_examples_shows_the_first_text",
    "TrainingParams.log_model_summary": f"{_FIELDS}::"
    "test_log_model_summary_shows_the_modules",
    "TrainingParams.enable_tensorboard": f"{_FIELDS}::"
    "test_tensorboard_writes_to_the_logging_dir",
    "TrainingParams.logging_dir": f"{_FIELDS}::"
    "test_tensorboard_writes_to_the_logging_dir",
    "TrainingParams.enable_wandb": f"{_FIELDS}::test_wandb_gets_every_log_line",
    "TrainingParams.enable_mlflow": f"{_FIELDS}::"
    "test_mlflow_gets_every_log_line_and_the_config",
    "TrainingParams.logging_strategy": f"{_FIELDS}::test_logging_strategy",
    "TrainingParams.logging_steps": f"{_FIELDS}::"
    "test_logging_steps_and_logging_first_step",
    "TrainingParams.logging_first_step": f"{_FIELDS}::"
    "test_logging_steps_and_logging_first_step",
    "TrainingParams.eval_strategy": f"{_TRAINER}::"
    "test_evaluation_comes_with_the_steps_or_epochs_asked_for",
    "TrainingParams.eval_steps": f"{_FIELDS}::"
    "test_eval_steps_can_be_a_share_of_all_steps",
    "TrainingParams.mixed_precision_dtype": f"{_TRAINER}::"
    "test_bf16_autocast_keeps_float32_weights_and_learns",
    "TrainingParams.compile": f"{_FIELDS}::"
    "test_compile_trains_the_same_and_saves_plain_names",
    "TrainingParams.compile_kwargs": f"{_FIELDS}::"
    "test_compile_kwargs_reach_the_compiler",
    "TrainingParams.tf32": f"{_FIELDS}::test_tf32_is_for_products_of_matrices",
    "TrainingParams.cuda_graphs": f"{_TRAINERS}/steps/test_captured_step.py::"
    "test_on_a_cpu_on_is_refused",
    "TrainingParams.keep_freed_memory": f"{_TRAINING}/test_host_memory.py::"
    "test_memory_that_is_kept_is_not_asked_for_again",
    "TrainingParams.channels_last": f"{_MODELS}/test_memory_format.py::"
    "test_the_saved_weights_are_the_same_but_for_dropout",
    "TrainingParams.data_on_device": f"{_TRAINERS}/batches/test_device_columns.py::"
    "test_a_training_places_its_data_as_the_config_says",
    "TrainingParams.group_by_length": "tests/runtime/test_streamed_training.py::"
    "test_texts_of_like_length_meet_in_a_step",
    "TrainingParams.split_on_out_of_memory": f"{_TRAINERS}/steps/"
    "test_splitting_step.py::test_it_keeps_to_the_size_that_fits",
    "TrainingParams.overfit_batches": f"{_FIELDS}::"
    "test_overfit_batches_learns_a_few_by_heart",
    "TrainingParams.fast_dev_run": f"{_FIELDS}::"
    "test_fast_dev_run_makes_two_steps_and_two_evaluations",
    "TrainingParams.early_stopping_patience": f"{_FIELDS}::"
    "test_early_stopping_ends_the_training_and_saves_the_model",
    "TrainingParams.early_stopping_threshold": f"{_FIELDS}::"
    "test_early_stopping_ends_the_training_and_saves_the_model",
    "TrainingParams.include_performance_metrics": f"{_FIELDS}::"
    "test_include_performance_metrics",
    "TrainingParams.include_alternative_mfu_metrics": f"{_FIELDS}::"
    "test_include_alternative_mfu_metrics",
    "TrainingParams.try_resume_from_last_checkpoint": f"{_TRAIN}::"
    "test_a_killed_training_goes_on_from_its_last_checkpoint",
    "TrainingParams.dataloader_num_workers": f"{_FIELDS}::test_dataloader_fields",
    "TrainingParams.dataloader_persistent_workers": f"{_FIELDS}::"
    "test_dataloader_fields",
    "TrainingParams.dataloader_prefetch_factor": f"{_FIELDS}::test_dataloader_fields",
    "TrainingParams.max_grad_norm": f"{_TRAINER}::"
    "test_losses_are_those_of_a_plain_loop",
    "TrainingParams.empty_device_cache_steps": f"{_FIELDS}::"
    "test_empty_device_cache_steps",
    "ModelParams.adapter_model": f"{_ADAPTERS}::"
    "test_adapter_model_is_added_to_the_weights",
    "ModelParams.adapter_trainable": f"{_ADAPTERS}::"
    "test_adapter_trainable_trains_the_adapter_further_and_nothing_else",
    "TrainingParams.use_peft": f"{_ADAPTERS}::"
    "test_use_peft_trains_the_adapter_alone_and_saves_it_alone",
    "PeftParams.lora_r": f"{_ADAPTERS}::"
    "test_lora_r_is_the_rank_of_the_matrices_of_every_linear_module",
    "PeftParams.lora_alpha": f"{_ADAPTERS}::"
    "test_lora_alpha_is_the_scale_of_what_they_add",
    "PeftParams.lora_dropout": f"{_ADAPTERS}::"
    "test_lora_dropout_drops_a_part_of_their_input",
    "PeftParams.lora_target_modules": f"{_ADAPTERS}::"
    "test_target_and_exclude_fields_choose_what_is_adapted",
    "PeftParams.lora_exclude_modules": f"{_ADAPTERS}::"
    "test_target_and_exclude_fields_choose_what_is_adapted",
    "PeftParams.lora_target_parameters": f"{_ADAPTERS}::"
    "test_target_and_exclude_fields_choose_what_is_adapted",
    "PeftParams.lora_modules_to_save": f"{_ADAPTERS}::"
    "test_lora_modules_to_save_are_trained_whole",
    "PeftParams.lora_bias": f"{_ADAPTERS}::"
    "test_lora_bias_says_which_biases_are_trained",
    "PeftParams.lora_init_weights": f"{_ADAPTERS}::"
    "test_lora_init_weights_says_how_the_matrices_begin",
    "PeftParams.lora_task_type": f"{_ADAPTERS}::"
    "test_lora_task_type_makes_the_adapter_of_a_model_of_transformers",
    "PeftParams.peft_save_mode": f"{_ADAPTERS}::"
    "test_merged_saves_a_model_that_needs_no_peft",
    "ProfilerParams.enable_cpu_profiling": f"{_FIELDS}::"
    "test_the_profiler_writes_a_table_and_a_trace",
    "ProfilerParams.row_limit": f"{_FIELDS}::"
    "test_the_profiler_writes_a_table_and_a_trace",
    "ProfilerScheduleParams.enable_schedule": f"{_FIELDS}::"
    "test_the_profiler_writes_a_table_and_a_trace",
    "TelemetryParams.telemetry_dir": f"{_FIELDS}::"
    "test_telemetry_can_be_switched_off_or_moved",
}
"""Fields whose effect a test shows that stands elsewhere, and the test."""

ONE_VALUE: dict[str, Any] = {
    "DatasetParams.trust_remote_code": True,
    "TrainingParams.dataloader_main_process_only": True,
    "FSDPParams.backward_prefetch": "NO_PREFETCH",
    "FSDPParams.state_dict_type": "SHARDED_STATE_DICT",
    "FSDPParams.use_orig_params": False,
}
"""Fields with one meaning here, and a value of Oumi's that is refused."""

ALIKE = {
    "DatasetSplitParams.use_torchdata": "it names Oumi's reader; here one serves both"
}
"""Fields that choose among ways that give the same here, and why."""
