"""Sound models written from scratch, each in another style than the generated ones."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import torch

from oumi_runtime.testing import ModelCase

VOCAB, CLASSES = 100, 5
Batch = dict[str, torch.Tensor]


def texts(batch_size: int) -> Batch:
    lengths = torch.randint(4, 13, (batch_size, 1))
    mask = (torch.arange(12) < lengths).long()
    ids = torch.randint(1, VOCAB, (batch_size, 12)) * mask
    return {"input_ids": ids, "attention_mask": mask}


def classified_texts(batch_size: int) -> Batch:
    return {**texts(batch_size), "labels": torch.randint(CLASSES, (batch_size,))}


def rated_texts(batch_size: int) -> Batch:
    return {**classified_texts(batch_size), "stars": 10 + torch.rand(batch_size)}


def labelled_texts(batch_size: int) -> Batch:
    return {
        **texts(batch_size),
        "labels": torch.randint(2, (batch_size, 6)).float(),
    }


def tagged_texts(batch_size: int) -> Batch:
    batch = texts(batch_size)
    tags = torch.randint(CLASSES, (batch_size, 12))
    return {**batch, "labels": tags.masked_fill(batch["attention_mask"] == 0, -100)}


def texts_to_continue(batch_size: int) -> Batch:
    batch = texts(batch_size)
    ids = batch["input_ids"]
    return {**batch, "labels": ids.masked_fill(batch["attention_mask"] == 0, -100)}


def targets(batch_size: int) -> torch.Tensor:
    is_padding = torch.arange(6) >= torch.randint(3, 7, (batch_size, 1))
    return torch.randint(1, VOCAB, (batch_size, 6)).masked_fill(is_padding, -100)


def translations(batch_size: int) -> Batch:
    return {**texts(batch_size), "labels": targets(batch_size)}


def images(batch_size: int, channels: int = 1) -> Batch:
    return {"images": torch.rand(batch_size, channels, 8, 8)}


def classified_images(batch_size: int) -> Batch:
    return {
        **images(batch_size, 3),
        "labels": torch.randint(CLASSES, (batch_size,)),
    }


def segmented_images(batch_size: int) -> Batch:
    return {**images(batch_size), "labels": torch.randint(4, (batch_size, 8, 8))}


def masked_images(batch_size: int) -> Batch:
    found = images(batch_size)
    return {**found, "labels": (found["images"][:, 0] > 0.5).long()}


def texts_with_spans(batch_size: int) -> Batch:
    first = torch.randint(3, (batch_size,))
    ends = {"start_positions": first, "end_positions": first + 1}
    return {**texts(batch_size), **ends}


def captioned_images(batch_size: int) -> Batch:
    return {**images(batch_size), "labels": targets(batch_size)}


def images_with_captions(batch_size: int) -> Batch:
    return {
        **texts(batch_size),
        **images(batch_size, 3),
        "area": torch.rand(batch_size),
    }


def images_to_clean(batch_size: int) -> Batch:
    clean = images(batch_size)["images"]
    return {"images": clean + 0.1 * torch.randn_like(clean), "labels": clean}


def grey_images(batch_size: int) -> Batch:
    return {**images(batch_size), "labels": torch.randint(CLASSES, (batch_size,))}


def texts_of_two_parts(batch_size: int) -> Batch:
    parts = (torch.arange(12) > 5).long().expand(batch_size, 12).contiguous()
    return {**classified_texts(batch_size), "token_type_ids": parts}


def series(batch_size: int) -> Batch:
    return {
        "series": torch.randn(batch_size, 10, 3),
        "labels": torch.randn(batch_size),
    }


def rows_with_three_targets(batch_size: int) -> Batch:
    return {
        "features": torch.randn(batch_size, 12),
        "labels": torch.randn(batch_size, 3),
    }


def classified_rows(batch_size: int) -> Batch:
    return {
        "features": torch.randn(batch_size, 10),
        "labels": torch.randint(CLASSES, (batch_size,)),
    }


def rows_of_two_classes(batch_size: int) -> Batch:
    return {
        "features": torch.randn(batch_size, 10),
        "labels": torch.randint(2, (batch_size,)),
    }


def measured_rows(batch_size: int) -> Batch:
    return {"features": torch.randn(batch_size, 8), "labels": torch.randn(batch_size)}


def noisy_images(batch_size: int) -> Batch:
    return {
        **images(batch_size),
        "timesteps": torch.randint(1000, (batch_size,)),
        "labels": torch.randn(batch_size, 1, 8, 8),
    }


def images_to_draw(batch_size: int) -> Batch:
    drawn = images(batch_size)["images"]
    return {"images": drawn, "labels": drawn.clone()}


def clicked_rows(batch_size: int) -> Batch:
    categories = [torch.randint(size, (batch_size,)) for size in (20, 11, 7, 5)]
    return {
        "categories": torch.stack(categories, dim=1),
        "numbers": torch.randn(batch_size, 3),
        "labels": torch.randint(2, (batch_size,)).float(),
    }


def sounds(batch_size: int) -> Batch:
    return {
        "waveform": torch.rand(batch_size, 128) * 2 - 1,
        "labels": torch.randint(CLASSES, (batch_size,)),
    }


@dataclass(frozen=True)
class Style:
    """A model's class in the module of the style's name, and what it is given."""

    class_name: str
    make_batch: Callable[[int], Batch]
    arguments: dict[str, int] = field(default_factory=dict)

    def case(self, module: ModuleType) -> ModelCase:
        model_class = getattr(module, self.class_name)
        return ModelCase(lambda: model_class(**self.arguments), self.make_batch)


STYLES = {
    "alibi_classifier": Style(
        "AlibiClassifier",
        classified_texts,
        {"vocab_size": VOCAB, "num_classes": CLASSES},
    ),
    "bag_multilabel": Style("BagMultiLabel", labelled_texts, {"vocab_size": VOCAB}),
    "bert_like": Style("BertLike", texts_of_two_parts, {"vocab_size": VOCAB}),
    "caption_matcher": Style(
        "CaptionMatcher", images_with_captions, {"vocab_size": VOCAB}
    ),
    "convnext": Style("ConvNext", classified_images),
    "crf_tagger": Style("CrfTagger", tagged_texts, {"vocab_size": VOCAB}),
    "deberta_like": Style("DebertaLike", tagged_texts, {"vocab_size": VOCAB}),
    "deep_fm": Style("DeepFm", clicked_rows),
    "denoiser": Style("Denoiser", images_to_clean),
    "diffusion": Style("Diffusion", noisy_images),
    "ft_transformer": Style(
        "FtTransformer", measured_rows, {"num_features": 8, "d_token": 16}
    ),
    "gpt2_like": Style("Gpt2Like", texts_to_continue, {"vocab_size": VOCAB}),
    "grn_table": Style("GrnTable", rows_with_three_targets),
    "gru_seq2seq": Style(
        "GruSeq2Seq", translations, {"vocab_size": VOCAB, "hidden_dim": 32}
    ),
    "hidden_patches": Style("HiddenPatches", grey_images),
    "image_vae": Style("ImageVae", images_to_draw),
    "linear_attention_lm": Style("LinearLm", texts_to_continue, {"vocab_size": VOCAB}),
    "llama_like": Style(
        "LlamaLike", texts_to_continue, {"vocab_size": VOCAB, "dim": 32}
    ),
    "long_conv_lm": Style("LongConvLm", texts_to_continue, {"vocab_size": VOCAB}),
    "lstm_lm": Style("LstmLm", texts_to_continue, {"vocab_size": VOCAB, "hidden": 32}),
    "lstm_tagger": Style(
        "LstmTagger",
        tagged_texts,
        {"vocab_size": VOCAB, "embed_dim": 16, "hidden_size": 32, "num_tags": CLASSES},
    ),
    "masked_lm": Style("MaskedLm", texts_to_continue, {"vocab_size": VOCAB}),
    "mask_net": Style("MaskNet", masked_images),
    "mini_clip": Style("MiniClip", captioned_images, {"vocab_size": VOCAB}),
    "mixup_resnet": Style(
        "MixupResNet",
        classified_images,
        {"in_channels": 3, "width": 8, "num_classes": CLASSES},
    ),
    "mlp_mixer": Style("MlpMixer", classified_images),
    "moe_mlp": Style("MoeMlp", classified_rows, {"num_features": 10}),
    "next_token_lm": Style("NextTokenLm", texts_to_continue, {"vocab_size": VOCAB}),
    "noise_predictor": Style("NoisePredictor", grey_images),
    "normed_vae": Style("NormedVae", grey_images),
    "one_logit": Style("OneLogit", rows_of_two_classes),
    "perceiver": Style(
        "Perceiver", classified_texts, {"vocab_size": VOCAB, "num_classes": CLASSES}
    ),
    "plain_vae": Style("PlainVae", grey_images),
    "pointer_seq2seq": Style("PointerSeq2Seq", translations, {"vocab_size": VOCAB}),
    "rwkv_lm": Style("RwkvLm", texts_to_continue, {"vocab_size": VOCAB}),
    "se_net": Style("SeNet", classified_images),
    "siamese_gru": Style("SiameseGru", translations, {"vocab_size": VOCAB}),
    "small_resnet": Style(
        "SmallResNet",
        classified_images,
        {"in_channels": 3, "width": 8, "num_classes": CLASSES},
    ),
    "span_finder": Style("SpanFinder", texts_with_spans, {"vocab_size": VOCAB}),
    "ssm_lm": Style("SsmLm", texts_to_continue, {"vocab_size": VOCAB, "dim": 32}),
    "staged_net": Style("StagedNet", grey_images),
    "switch_moe": Style("SwitchMoe", classified_texts, {"vocab_size": VOCAB}),
    "t5_tagger": Style("T5Tagger", tagged_texts, {"vocab_size": VOCAB}),
    "tcn_forecast": Style("TcnForecast", series),
    "tiny_unet": Style("TinyUNet", segmented_images),
    "torch_transformer": Style(
        "TorchTransformer", translations, {"vocab_size": VOCAB, "dim_feedforward": 48}
    ),
    "triplet_net": Style("TripletNet", classified_images),
    "two_tasks": Style("TwoTasks", rated_texts, {"vocab_size": VOCAB}),
    "two_tower": Style("TwoTower", translations, {"vocab_size": VOCAB}),
    "two_views": Style("TwoViews", grey_images),
    "vit_cls": Style("VitCls", grey_images),
    "wave_conv": Style("WaveConv", sounds),
}


def source_of(style: str) -> str:
    return Path(__file__).with_name(f"{style}.py").read_text(encoding="utf-8")


def sound_case(style: str) -> ModelCase:
    return STYLES[style].case(importlib.import_module(f"other_styles.{style}"))
