"""Exports a trained model to be served without this package.

`export` writes a folder that plain transformers loads, a program of torch.export, or
ONNX. Each is loaded again and compared with the model before it is put in place.
"""

from oumi_runtime.export.exporting import export
from oumi_runtime.export.results import ExportFormat, ExportResult

__all__ = ["ExportFormat", "ExportResult", "export"]
