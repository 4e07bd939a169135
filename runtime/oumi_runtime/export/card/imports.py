"""The imports of the code in the card of an export."""

_STANDARD = {"import json": "json.", "from pathlib import Path": "Path("}
_OTHERS = {
    "import numpy as np": "np.",
    "import onnxruntime": "onnxruntime.",
    "import torch": "torch.",
    "from tokenizers import Tokenizer": "Tokenizer.from_file",
}
_OWN = {
    "from image_reading import read_image": "read_image(",
    "from table_features import encode_csv": "encode_csv(",
}
_AUTO = ("AutoFeatureExtractor", "AutoImageProcessor", "AutoTokenizer")


def with_imports(code: str, auto_class: str | None) -> str:
    """Returns code after the imports that it needs.

    Args:
        code: The code.
        auto_class: The class of transformers in it, if any.
    """
    blocks = [
        [line for line, use in lines.items() if use in code]
        for lines in (_STANDARD, _OTHERS, _OWN)
    ]
    classes = [name for name in (*_AUTO, str(auto_class)) if f"{name}." in code]
    if classes:
        blocks[1].append(f"from transformers import {', '.join(sorted(classes))}")
    text = "\n\n".join("\n".join(lines) for lines in blocks if lines)
    return f"{text}\n\n{code}"
