"""Running an exported file says once, in an error, what is wrong with it."""

from pathlib import Path

import pytest
import torch

from oumi_runtime.export.programs.onnx_model import ONNX_FILENAME, run_onnx


def test_what_onnxruntime_cannot_run_is_not_logged_as_well(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    shape = helper.make_tensor("shape", TensorProto.INT64, [1], [7])
    graph = helper.make_graph(
        [helper.make_node("Reshape", ["x", "shape"], ["y"])],
        "fails",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [7])],
        [shape],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, tmp_path / ONNX_FILENAME)
    with pytest.raises(Exception, match="Reshape"):
        run_onnx(tmp_path, [{"x": torch.zeros(3)}], [])
    assert capfd.readouterr() == ("", "")
