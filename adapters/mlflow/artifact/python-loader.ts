/**
 * Name of the Python module in the artifact's `code` folder. It is global in the process that loads the model, where models of several versions may meet:
 * any change of the text below needs a new number.
 */
export const LOADER_MODULE = 'ml_pipeline_onnx_v1';

/**
 * Loads the model in Python for mlflow.pyfunc. MLflow's own loader for ONNX fails on the string columns of pandas 3, and onnxruntime's default of many threads
 * gives one row other bits than the same row in a batch.
 */
export const LOADER_SOURCE = `"""Runs a model that ml-pipeline trained, from raw columns. Needs onnxruntime, numpy and pandas."""

import json
import os

import numpy as np
import pandas as pd

# Rows that go through the graph at a time: memory does not grow with the frame.
CHUNK_ROWS = 65536


def _numbers(values):
    """Float32, rounded once from float64; what is missing is NaN."""
    kind = values.dtype.kind if isinstance(values.dtype, np.dtype) else None
    if kind in ("f", "i", "u", "b"):
        return values.to_numpy(dtype=np.float64).astype(np.float32)
    if pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan).astype(np.float32)
    # Objects: Decimal, bool or number beside None.
    return np.array([np.nan if pd.isna(value) else float(value) for value in values], dtype=np.float64).astype(np.float32)


def _strings(values):
    """Objects; what is missing is the empty string."""
    result = np.empty(len(values), dtype=object)
    result[:] = ["" if pd.isna(value) else str(value) for value in values]
    return result


def _column(frame, name, is_string):
    if name not in frame.columns:
        # Only columns that the signature calls optional get this far: features, which may be missing altogether.
        return np.full(len(frame), "", dtype=object) if is_string else np.full(len(frame), np.nan, dtype=np.float32)
    try:
        return _strings(frame[name]) if is_string else _numbers(frame[name])
    except (TypeError, ValueError) as error:
        raise ValueError(f"Column {name!r} has values that are no {'strings' if is_string else 'numbers'}: {error}") from error


class Model:
    def __init__(self, path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # With one thread a row gives the same bits alone and in a batch.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        with open(os.path.join(os.path.dirname(path), "wrapped_artifact.json"), encoding="utf-8") as file:
            self.classes = np.array(json.load(file)["classes"], dtype=object)

    def predict(self, data, params=None):
        frame = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
        names = [output.name for output in self.session.get_outputs()]
        parts = [self._run(frame.iloc[start : start + CHUNK_ROWS]) for start in range(0, max(len(frame), 1), CHUNK_ROWS)]
        columns = {name: np.concatenate([part[index].reshape(-1) for part in parts]) for index, name in enumerate(names)}
        if len(self.classes) > 0:
            columns["class"] = self.classes[columns["label"]]
        return pd.DataFrame(columns, index=frame.index)

    def _run(self, frame):
        inputs = self.session.get_inputs()
        return self.session.run(None, {i.name: _column(frame, i.name, i.type == "tensor(string)") for i in inputs})


def _load_pyfunc(path):
    return Model(path)
`;
