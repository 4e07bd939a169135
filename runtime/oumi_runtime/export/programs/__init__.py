"""Programs that need no source: those of torch.export and ONNX."""
