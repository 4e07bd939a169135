"""The config fields of Oumi 0.9 with their defaults, and where ours differ."""

SURFACE = """
TrainingConfig
    data = DataParams
    model = ModelParams
    training = TrainingParams
    peft = PeftParams
    fsdp = FSDPParams
    deepspeed = DeepSpeedParams
ModelParams
    model_name = MISSING
    adapter_model = None
    adapter_trainable = False
    tokenizer_name = None
    tokenizer_pad_token = None
    tokenizer_kwargs = dict
    processor_kwargs = dict
    model_max_length = None
    load_pretrained_weights = True
    trust_remote_code = False
    torch_dtype_str = 'auto'
    compile = False
    chat_template = None
    chat_template_kwargs = None
    attn_implementation = None
    device_map = 'auto'
    model_kwargs = dict
    enable_liger_kernel = False
    shard_for_eval = False
    freeze_layers = list
    text_only = False
    model_revision = None
    tool_call_parser = None
DatasetParams
    dataset_name = MISSING
    dataset_path = None
    subset = None
    split = 'train'
    dataset_kwargs = dict
    sample_count = None
    mixture_proportion = None
    shuffle = False
    seed = None
    shuffle_buffer_size = 1000
    trust_remote_code = False
    transform_num_workers = None
DatasetSplitParams
    datasets = list
    collator_name = None
    collator_kwargs = dict
    train_target = None
    pack = False
    stream = False
    target_col = None
    mixture_strategy = 'first_exhausted'
    seed = None
    use_torchdata = None
DataParams
    train = DatasetSplitParams
    test = DatasetSplitParams
    validation = DatasetSplitParams
TrainingParams
    use_peft = False
    trainer_type = TrainerType.HF
    enable_gradient_checkpointing = False
    gradient_checkpointing_kwargs = dict
    output_dir = 'output'
    per_device_train_batch_size = 8
    per_device_eval_batch_size = 8
    gradient_accumulation_steps = 1
    max_steps = -1
    num_train_epochs = 3
    save_epoch = False
    save_steps = 500
    save_final_model = True
    seed = 42
    data_seed = 42
    use_deterministic = False
    full_determinism = False
    run_name = None
    metrics_function = None
    reward_functions = None
    reward_function_kwargs = dict
    grpo = GrpoParams
    gkd = GkdParams
    gold = GoldParams
    log_level = 'info'
    dep_log_level = 'warning'
    log_examples = False
    enable_wandb = False
    enable_mlflow = False
    enable_tensorboard = True
    logging_strategy = 'steps'
    logging_dir = None
    logging_steps = 50
    logging_first_step = False
    eval_strategy = 'no'
    eval_steps = 500
    learning_rate = 5e-05
    lr_scheduler_type = 'linear'
    lr_scheduler_kwargs = dict
    warmup_ratio = None
    warmup_steps = None
    optimizer = 'adamw_torch'
    weight_decay = 0.0
    adam_beta1 = 0.9
    adam_beta2 = 0.999
    adam_epsilon = 1e-08
    sgd_momentum = 0.0
    mixed_precision_dtype = MixedPrecisionDtype.NONE
    compile = False
    include_performance_metrics = False
    include_alternative_mfu_metrics = False
    log_model_summary = False
    resume_from_checkpoint = None
    try_resume_from_last_checkpoint = False
    dataloader_num_workers = 0
    dataloader_persistent_workers = False
    dataloader_prefetch_factor = None
    dataloader_main_process_only = None
    ddp_find_unused_parameters = None
    max_grad_norm = 1.0
    trainer_kwargs = dict
    verl_config_overrides = dict
    profiler = ProfilerParams
    telemetry = TelemetryParams
    empty_device_cache_steps = None
    nccl_default_timeout_minutes = None
    label_ignore_index = None
FSDPParams
    enable_fsdp = False
    sharding_strategy = ShardingStrategy.FULL_SHARD
    cpu_offload = False
    mixed_precision = None
    backward_prefetch = BackwardPrefetch.BACKWARD_PRE
    forward_prefetch = False
    use_orig_params = None
    state_dict_type = StateDictType.FULL_STATE_DICT
    auto_wrap_policy = AutoWrapPolicy.NO_WRAP
    min_num_params = 100000
    transformer_layer_cls = None
    sync_module_states = True
PeftParams
    lora_r = 8
    lora_alpha = 8
    lora_dropout = 0.0
    lora_target_modules = None
    lora_exclude_modules = None
    lora_target_parameters = None
    lora_modules_to_save = None
    lora_bias = 'none'
    lora_init_weights = LoraWeightInitialization.DEFAULT
    lora_task_type = TaskType.CAUSAL_LM
    q_lora = False
    q_lora_bits = 4
    bnb_4bit_quant_type = 'fp4'
    llm_int8_skip_modules = None
    use_bnb_nested_quant = False
    bnb_4bit_quant_storage = 'uint8'
    bnb_4bit_compute_dtype = 'float32'
    peft_save_mode = PeftSaveMode.ADAPTER_ONLY
ProfilerScheduleParams
    enable_schedule = False
    wait = 0
    warmup = 1
    active = 3
    repeat = 1
    skip_first = 1
ProfilerParams
    save_dir = None
    enable_cpu_profiling = False
    enable_cuda_profiling = False
    record_shapes = False
    profile_memory = False
    with_stack = False
    with_flops = False
    with_modules = False
    row_limit = 50
    schedule = ProfilerScheduleParams
TelemetryParams
    telemetry_dir = 'telemetry'
    collect_telemetry_for_all_ranks = False
    track_gpu_temperature = False
"""

DIFFERENCES = {
    "ModelParams.load_pretrained_weights": (
        "None",
        "decides by the name, because Oumi's default makes a registered name fail",
    ),
    "TrainingParams.trainer_type": (
        "TrainerType.OUMI",
        "the native trainer, which Oumi recommends for custom models",
    ),
    "TrainingParams.enable_tensorboard": (
        "False",
        "`metrics.jsonl` is always written, and importing TensorBoard costs seconds",
    ),
}
"""By section and field: our default, and why it is not Oumi's."""


ADDITIONS = {
    "DataParams.on_bad_sample": "skips samples that cannot be used",
    "DataParams.max_bad_samples": "limits their number",
    "DatasetParams.split_shares": "divides the rows of one file among the splits",
    "TrainingParams.callbacks": (
        "names registered callbacks; Oumi has none that a user can register"
    ),
    "TrainingParams.force_resume": "resumes although the config has changed",
    "TrainingParams.greater_is_better": "says which checkpoint is best",
    "TrainingParams.max_bad_steps": "skips steps that are not finite",
    "TrainingParams.max_minutes": "stops in time for a job scheduler",
    "TrainingParams.metric_for_best_model": "says which checkpoint is best",
    "TrainingParams.save_best": "keeps the best checkpoints",
    "TrainingParams.save_minutes": "saves by the clock",
    "TrainingParams.save_total_limit": "keeps the newest checkpoints",
    "TrainingParams.channels_last": "uses a faster memory format for convolutions",
    "TrainingParams.compile_kwargs": "gives torch.compile its mode",
    "TrainingParams.cuda_graphs": "launches a step as one CUDA graph",
    "TrainingParams.data_on_device": "keeps a small dataset on the GPU",
    "TrainingParams.group_by_length": "reduces padding",
    "TrainingParams.split_on_out_of_memory": "retries with smaller micro-batches",
    "TrainingParams.keep_freed_memory": "avoids returning memory to the system on CPUs",
    "TrainingParams.tf32": "allows TF32 matrix products",
    "TrainingParams.early_stopping_patience": "stops a run that no longer improves",
    "TrainingParams.early_stopping_threshold": "sets the minimum improvement",
    "TrainingParams.fast_dev_run": "tries a config in seconds",
    "TrainingParams.overfit_batches": "checks whether a model can learn at all",
    "TrainingParams.ema_decay": "averages the weights",
    "TrainingParams.optimizer_kwargs": "passes other arguments to the optimizer",
    "TrainingParams.parameter_groups": "sets learning rates for parts of a model",
    "TrainingParams.weight_decay_on_norms_and_biases": "exempts them from weight decay",
}
"""Fields that Oumi does not have, and what they do."""


def surface() -> dict[str, dict[str, str]]:
    """Returns Oumi's fields and the text of their defaults, by section."""
    sections: dict[str, dict[str, str]] = {}
    for line in SURFACE.split("\n"):
        name, equals, default = line.strip().partition(" = ")
        if equals:
            sections[list(sections)[-1]][name] = default
        elif name:
            sections[name] = {}
    return sections
