"""Ten small models of transformers, with random weights, as a BaseModel of ours."""

from collections.abc import Callable
from typing import Any

import torch
import transformers
from sound_models import CLASSES, VOCAB
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel
from oumi_runtime.testing import ModelCase

LENGTH = 8
_TEXT = {
    "vocab_size": VOCAB,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "num_labels": CLASSES,
    "pad_token_id": 0,
}
_CAUSAL = {"bos_token_id": 1, "eos_token_id": 1, "pad_token_id": 0}

# Each name: its class, and the fields of its config.
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("BertForSequenceClassification", _TEXT),
    "roberta": ("RobertaForSequenceClassification", {**_TEXT, "pad_token_id": 0}),
    "electra": (
        "ElectraForSequenceClassification",
        {**_TEXT, "embedding_size": 16},
    ),
    "albert": ("AlbertForSequenceClassification", {**_TEXT, "embedding_size": 16}),
    "distilbert": (
        "DistilBertForTokenClassification",
        {
            "vocab_size": VOCAB,
            "dim": 16,
            "n_layers": 2,
            "n_heads": 2,
            "hidden_dim": 32,
            "max_position_embeddings": 40,
            "num_labels": CLASSES,
        },
    ),
    "gpt2": (
        "GPT2LMHeadModel",
        {
            "vocab_size": VOCAB,
            "n_embd": 16,
            "n_layer": 2,
            "n_head": 2,
            "n_positions": 40,
            **_CAUSAL,
        },
    ),
    "llama": (
        "LlamaForCausalLM",
        {**_TEXT, "num_key_value_heads": 1, **_CAUSAL},
    ),
    "opt": (
        "OPTForCausalLM",
        {
            **_TEXT,
            "ffn_dim": 32,
            "word_embed_proj_dim": 16,
            **_CAUSAL,
        },
    ),
    "t5": (
        "T5ForConditionalGeneration",
        {
            "vocab_size": VOCAB,
            "d_model": 16,
            "d_kv": 8,
            "d_ff": 32,
            "num_layers": 2,
            "num_heads": 2,
            "decoder_start_token_id": 0,
            "pad_token_id": 0,
        },
    ),
    "vit": (
        "ViTForImageClassification",
        {
            "hidden_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 32,
            "image_size": 8,
            "patch_size": 4,
            "num_channels": 3,
            "num_labels": CLASSES,
        },
    ),
}


class HuggingFaceModel(BaseModel):
    """A model of transformers, whose loss is computed by our criterion."""

    def __init__(self, name: str) -> None:
        super().__init__()
        class_name, fields = MODELS[name]
        model_class = getattr(transformers, class_name)
        self.inner = model_class(model_class.config_class(**fields))
        self.is_causal = class_name.endswith(("LMHeadModel", "CausalLM"))

    def forward(self, labels=None, **inputs):
        taken = {
            name: column
            for name, column in inputs.items()
            if name in ("input_ids", "attention_mask", "pixel_values")
        }
        if self.inner.config.is_encoder_decoder:
            taken["labels"] = labels
        logits = self.inner(**taken).logits
        if labels is None:
            return {"logits": logits}
        outputs = {"logits": logits}
        scores, targets = logits, labels
        if self.is_causal:
            scores, targets = logits[:, :-1], labels[:, 1:]
        total = self.criterion(
            scores.flatten(0, -2), targets.flatten(), reduction="sum"
        )
        return {**outputs, "loss": total / (targets != -100).sum().clamp(min=1)}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        return F.cross_entropy


def case_of(name: str) -> ModelCase:
    class_name, _ = MODELS[name]

    def make_batch(batch_size: int) -> dict[str, torch.Tensor]:
        if name == "vit":
            return {
                "pixel_values": torch.randn(batch_size, 3, 8, 8),
                "labels": torch.randint(CLASSES, (batch_size,)),
            }
        lengths = torch.randint(3, LENGTH + 1, (batch_size, 1))
        mask = (torch.arange(LENGTH) < lengths).long()
        ids = torch.randint(2, VOCAB, (batch_size, LENGTH)) * mask
        labels = torch.randint(CLASSES, (batch_size,))
        if "Token" in class_name:
            labels = torch.randint(CLASSES, (batch_size, LENGTH))
        elif name == "t5":
            labels = torch.randint(2, VOCAB, (batch_size, 5))
        elif "Sequence" not in class_name:
            labels = ids.masked_fill(mask == 0, -100)
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}

    return ModelCase(lambda: HuggingFaceModel(name), make_batch)
