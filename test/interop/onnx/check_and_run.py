"""Reads {"model": path, "columns": {name: values}} from standard input; checks the model with onnx and runs it with onnxruntime.

Text columns hold strings ('' is missing), number columns numbers (None is missing). Writes {output name: values} as JSON.
"""
import json
import sys

import numpy as np
import onnx
import onnxruntime

request = json.load(sys.stdin)
onnx.checker.check_model(request["model"], full_check=True)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(request["model"], options, providers=["CPUExecutionProvider"])
feeds = {}
for given in session.get_inputs():
    values = request["columns"][given.name]
    if given.type == "tensor(string)":
        feeds[given.name] = np.array(values, dtype=object)
    else:
        feeds[given.name] = np.array([np.nan if value is None else value for value in values], dtype=np.float32)
names = [output.name for output in session.get_outputs()]
outputs = dict(zip(names, session.run(names, feeds)))
for name, values in outputs.items():
    assert name == "~matrix" or values.ndim == 1, f"{name} has shape {values.shape}"
json.dump({name: [float(value) for value in values.ravel()] for name, values in outputs.items()}, sys.stdout)
