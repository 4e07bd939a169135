"""The code in the card of an export, from what a user has to what `predict` says."""

from dataclasses import dataclass

from oumi_runtime.builders.tokenizing.special_ids import ids_around
from oumi_runtime.core.models.logit_meanings import LogitMeaning
from oumi_runtime.datasets.inputs.texts import TextKind
from oumi_runtime.export.card import writing as card_writing
from oumi_runtime.export.card.imports import with_imports
from oumi_runtime.export.description import TensorSpec
from oumi_runtime.export.inputs.preparation import Preparation
from oumi_runtime.export.opening import TrainedRun
from oumi_runtime.export.results import ExportFormat, ExportResult

_TEXT_INPUTS = {"input_ids", "attention_mask", "decoder_input_ids"}
_TEXTS = 'texts = ["A text.", "Another, longer one."]'
_TOKENS = 'texts = [["some", "tokens"], ["and", "some", "more"]]'


def example_code(result: ExportResult, run: TrainedRun, prepared: Preparation) -> str:
    """Returns code that loads an export, and makes predictions with it.

    Args:
        result: The export.
        run: What it was exported from.
        prepared: How pictures and rows of tables become inputs.
    """
    case = _Case(result, run, prepared)
    if case.is_writing:
        make = card_writing.folder_code if case.is_folder else card_writing.loop_code
        body = [*case.loading(), *make(result, run, _TEXTS)]
    else:
        body = [*case.loading(), *case.inputs(), *case.calling(), *case.showing()]
    code = "\n".join(body)
    return with_imports(in_numpy(code) if case.is_onnx else code, result.auto_class)


def in_numpy(code: str) -> str:
    """Returns code that makes tensors of torch, and calls a model, for onnxruntime."""
    for old, new in (
        ("torch.tensor", "np.array"),
        ("torch.", "np."),
        ("dtype=np.bool)", "dtype=bool)"),
    ):
        code = code.replace(old, new)
    return code


@dataclass(frozen=True)
class _Case:
    result: ExportResult
    run: TrainedRun
    prepared: Preparation

    @property
    def is_onnx(self) -> bool:
        return self.result.format is ExportFormat.ONNX

    @property
    def is_folder(self) -> bool:
        return self.result.format is ExportFormat.HUGGINGFACE

    @property
    def kind(self) -> TextKind | None:
        """The kind of texts that all inputs are made of by a tokenizer, or None."""
        names = {spec.name for spec in self.result.inputs}
        if not names <= _TEXT_INPUTS or self.run.has_own_collator:
            return None
        return self.run.reader.kind

    @property
    def is_writing(self) -> bool:
        """Whether texts are written token by token."""
        if self.kind is TextKind.PROMPT:
            return True
        writes = any(s.name == "decoder_input_ids" for s in self.result.inputs)
        return writes and self.kind is TextKind.SOURCE

    def loading(self) -> list[str]:
        """Returns the lines that load the model, and what prepares its inputs."""
        reads_text = self.kind is not None
        if not self.is_folder:
            lines = ['model = torch.export.load("model.pt2").module()']
            if self.is_onnx:
                lines = ['session = onnxruntime.InferenceSession("model.onnx")']
            if reads_text:
                lines.append('tokenizer = Tokenizer.from_file("tokenizer.json")')
            return lines
        auto = str(self.result.auto_class)
        trust = ", trust_remote_code=True" if auto.startswith("Auto") else ""
        lines = [f'model = {auto}.from_pretrained("."{trust}).eval()']
        for name, is_needed in (
            ("tokenizer = AutoTokenizer", reads_text),
            ("processor = AutoImageProcessor", self.prepared.images),
            ("extractor = AutoFeatureExtractor", self.prepared.features),
        ):
            if is_needed:
                lines.append(f'{name}.from_pretrained("."{trust})')
        return lines

    def inputs(self) -> list[str]:
        """Returns the lines that make `inputs`."""
        images, features = self.prepared.images, self.prepared.features
        if self.kind is not None:
            return self._text_inputs(self.kind is TextKind.TOKENS)
        if self.is_folder and images is not None:
            return ['inputs = processor("picture.png", return_tensors="pt")']
        if self.is_folder and features is not None:
            return ['inputs = extractor("rows.csv", return_tensors="pt")']
        if images is not None:
            options = f"image_size={images.image_size}, channels={images.channels}"
            return [
                f'picture = read_image("picture.png", {options})',
                'inputs = {"images": torch.tensor(picture[None])}',
            ]
        if features is not None:
            return [
                'features = json.loads(Path("features.json").read_text("utf-8"))',
                'rows = encode_csv("rows.csv", features)',
                'inputs = {"features": torch.tensor(rows, dtype=torch.float32)}',
            ]
        given = [f'    "{s.name}": {_example(s)},' for s in self.result.inputs]
        return ["inputs = {", *given, "}"]

    def _text_inputs(self, are_tokens: bool) -> list[str]:
        most = self.run.preprocessing.max_length
        lines = [_TOKENS if are_tokens else _TEXTS]
        if self.is_folder:
            given = ', padding=True, return_tensors="pt"'
            given += ", is_split_into_words=True" if are_tokens else ""
            if not self._has_ends:
                return [*lines, f"inputs = tokenizer(texts, truncation=True{given})"]
            # `truncation` would keep the tokens that end a text, unlike training.
            return [
                *lines,
                f"encoded = tokenizer(texts{given})",
                f"inputs = {{k: ids[:, :{most}] for k, ids in encoded.items()}}",
            ]
        split = ", is_pretokenized=True" if are_tokens else ""
        lines += [f"rows = tokenizer.encode_batch(texts{split})", "inputs = {"]
        for spec in self.result.inputs:
            ids = "ids" if spec.name == "input_ids" else "attention_mask"
            made = f"torch.tensor([row.{ids}[:{most}] for row in rows])"
            lines.append(f'    "{spec.name}": {made},')
        return [*lines, "}"]

    @property
    def _has_ends(self) -> bool:
        """Whether the tokenizer adds tokens before or after a text."""
        tokenizer = self.run.preprocessing.tokenizer
        return tokenizer is not None and any(ids_around(tokenizer))

    @property
    def _output(self) -> TensorSpec:
        """The output that predictions are made of, or else the first."""
        found = [s for s in self.result.outputs if s.name in ("logits", "embeddings")]
        return [*found, *self.result.outputs][0]

    def calling(self) -> list[str]:
        """Returns the lines that call the model."""
        name = self._output.name
        if self.is_onnx:
            return [f'({name},) = session.run(["{name}"], inputs)']
        return [
            "with torch.inference_mode():",
            f'    {name} = model(**inputs)["{name}"]',
        ]

    def showing(self) -> list[str]:
        """Returns the lines that print what the outputs mean."""
        name, shape = self._output.name, self._output.shape
        names = self.run.preprocessing.label_names
        params = self.run.config.training
        is_single = len(shape) == 1 or shape[1:] == [1]
        has_classes = names is not None or params.metrics_function == "classification"
        if name != "logits":
            return [f"print({name}.tolist())"]
        if self.kind is TextKind.TOKENS and len(shape) == 3:
            return [*self._labels, *self._tags()]
        if is_single and not has_classes:
            return ["print(logits.flatten().tolist())"]
        if self.result.meaning is LogitMeaning.VALUES:
            return ["print(logits.tolist())"]
        if len(shape) > 2:
            return ["print(logits.shape)"]
        label = "labels[{}]" if names is not None else "{}"
        if is_single:
            second = "logits.flatten().sigmoid()"
            second = "1 / (1 + np.exp(-logits.flatten()))" if self.is_onnx else second
            chosen = label.format("int(probability > 0.5)")
            return [
                *self._labels,
                "# Of the second of the two classes.",
                f"for probability in {second}:",
                f"    print({chosen}, float(probability))",
            ]
        if self.result.meaning is LogitMeaning.LABELS:
            return self._several_labels(label)
        softmax = ["probabilities = logits.softmax(-1)"]
        if self.is_onnx:
            softmax = [
                "powers = np.exp(logits - logits.max(-1, keepdims=True))",
                "probabilities = powers / powers.sum(-1, keepdims=True)",
            ]
        return [
            *self._labels,
            *softmax,
            "for row in probabilities:",
            f"    print({label.format('int(row.argmax())')}, row.tolist())",
        ]

    def _several_labels(self, label: str) -> list[str]:
        """Returns the lines that print which labels apply to a row."""
        sigmoid = "1 / (1 + np.exp(-logits))" if self.is_onnx else "logits.sigmoid()"
        found = f"[{label.format('n')} for n, p in enumerate(row) if p > 0.5]"
        return [
            *self._labels,
            "# Each label applies or does not, whatever the others do.",
            f"for row in ({sigmoid}).tolist():",
            f"    print({found}, row)",
        ]

    @property
    def _labels(self) -> list[str]:
        if self.run.preprocessing.label_names is None:
            return []
        if self.is_folder:
            return ["labels = model.config.id2label"]
        return ['labels = json.loads(Path("labels.json").read_text("utf-8"))']

    def _tags(self) -> list[str]:
        """Returns the lines that print the label of each token: of its first piece."""
        words = "inputs.word_ids(number)" if self.is_folder else "rows[number].word_ids"
        if self.is_folder and self._has_ends:
            words = "encoded.word_ids(number)"
        label = "int(each.argmax())"
        if self.run.preprocessing.label_names is not None:
            label = f"labels[{label}]"
        return [
            "for number, found in enumerate(logits):",
            f"    words = {words}[: len(found)]",
            "    # A token has the label of its first piece.",
            "    firsts = {word: found[n] for n, word in [*enumerate(words)][::-1]}",
            "    own = [firsts.get(word) for word in range(len(texts[number]))]",
            f"    print([None if each is None else {label} for each in own])",
        ]


def _example(spec: TensorSpec) -> str:
    sizes = ", ".join(
        "2" if size == "batch" else "8" if isinstance(size, str) else str(size)
        for size in spec.shape
    )
    sizes = f"({sizes},)" if len(spec.shape) == 1 else f"({sizes})"
    return f"torch.ones({sizes}, dtype=torch.{spec.dtype})"
