"""What transformers does with an export, and with exports of its own models."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from exported_runs import python
from saved_examples import saved, text_row, write_rows

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.export import export
from oumi_runtime.train import train

USING = """
import os
import transformers
auto = transformers.AutoModelForSequenceClassification
trust = {"trust_remote_code": True}
model = auto.from_pretrained(".", **trust)
tokenizer = transformers.AutoTokenizer.from_pretrained(".", **trust)
rows = [{**tokenizer(f"the {n} fox"), "labels": n % 3} for n in range(16)]
arguments = transformers.TrainingArguments(
    "../trainer", max_steps=3, report_to=[], use_cpu=True, save_strategy="no"
)
trainer = transformers.Trainer(
    model=model, args=arguments, train_dataset=rows, processing_class=tokenizer
)
before = model.model.classifier.weight.clone()
trainer.train()
assert not torch.equal(before, model.model.classifier.weight)
trainer.save_model("../tuned")
again = auto.from_pretrained("../tuned", **trust).eval()
batch = tokenizer(["the", "quick fox"], padding=True, return_tensors="pt")
assert torch.equal(again(**batch).logits, model.eval()(**batch).logits)
of_task = {"task": "text-classification", "tokenizer": tokenizer}
classify = transformers.pipeline(model=again, **of_task)
assert classify("the lazy dog")[0]["label"] in ("circle", "line", "square")
"""


@pytest.mark.slow
def test_it_is_tuned_on_saved_again_and_used_in_a_pipeline(tmp_path: Path):
    config = saved("text_classification", tmp_path)
    config.to_yaml(tmp_path / "out" / "config.yaml")
    export(tmp_path / "out", "huggingface", tmp_path / "dest")
    python(USING, tmp_path / "dest")


def trained_on(model_dir: Path, folder: Path, **sections: Any) -> Path:
    write_rows(folder / "data.jsonl", [text_row(number) for number in range(40)])
    data = {"dataset_name": "text_lm", "dataset_path": str(folder / "data.jsonl")}
    tree: dict[str, Any] = {
        "model": {"model_name": str(model_dir), "tokenizer_name": "bytes"},
        "data": {"train": {"datasets": [data]}},
        "training": {"output_dir": str(folder / "out"), "max_steps": 2},
    }
    tree["training"] |= {"log_level": "error", **sections.pop("training", {})}
    train(TrainingConfig.from_str(json.dumps({**tree, **sections})))
    return folder / "out"


def test_code_that_the_user_has_not_trusted_is_not_run(tmp_path: Path):
    import transformers

    sizes = {"vocab_size": 300, "n_embd": 32, "n_layer": 1, "n_head": 2}
    ends = {"bos_token_id": 0, "eos_token_id": 0}
    code = {"AutoModelForCausalLM": "evil.Evil", "AutoConfig": "evil.EvilConfig"}
    made = transformers.GPT2Config(**sizes, **ends, auto_map=code)
    transformers.GPT2LMHeadModel(made).save_pretrained(tmp_path / "gpt")
    proof = tmp_path / "it_ran"
    evil = f"open({str(proof)!r}, 'w')\n"
    (tmp_path / "gpt" / "evil.py").write_text(evil)
    source = trained_on(tmp_path / "gpt", tmp_path)
    (source / "evil.py").write_text(evil)
    result = export(source, "huggingface", tmp_path / "dest")
    assert "evil" in (source / "config.json").read_text()
    assert result.auto_class == "GPT2LMHeadModel"
    assert not proof.exists()


@pytest.mark.slow
@pytest.mark.parametrize("with_lora", [False, True])
def test_a_model_of_transformers_is_saved_as_such(with_lora: bool, tmp_path: Path):
    import transformers

    sizes = {"vocab_size": 300, "n_embd": 32, "n_layer": 1, "n_head": 2}
    ends = {"bos_token_id": 0, "eos_token_id": 0}
    made = transformers.GPT2Config(**sizes, **ends)
    transformers.GPT2LMHeadModel(made).save_pretrained(tmp_path / "gpt")
    sections: dict[str, Any] = {}
    if with_lora:
        sections = {
            "training": {"use_peft": True, "learning_rate": 0.1},
            "peft": {"lora_target_modules": ["c_attn"]},
        }
    source = trained_on(tmp_path / "gpt", tmp_path, **sections)
    for form in ("torch", "huggingface"):
        result = export(source, form, tmp_path / form)
    assert result.auto_class == "GPT2LMHeadModel"
    assert not [*(tmp_path / "huggingface").glob("*.py")]
    ids = torch.tensor([[5, 9, 11, 2]])
    before = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "gpt").eval()
    after = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "huggingface")
    program = torch.export.load(tmp_path / "torch" / "model.pt2").module()
    found = program(input_ids=ids, attention_mask=torch.ones_like(ids))["logits"]
    torch.testing.assert_close(after.eval()(ids).logits, found, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(before(ids).logits, found)
