"""scikit-learn, LightGBM's Python package and MLflow on what a run wrote. Reads a request as JSON from standard input, answers with one line of JSON, the last that it prints."""
import json
import sys

import numpy as np
import pandas as pd


def rows_of(request, part):
    return slice(request["split"][part]["start"], request["split"][part]["end"])


def raw_frame(request):
    """The raw columns as a user has them who reads the Parquet file. MLflow takes no whole numbers for a column of type double: they are widened, as docs/mlflow.md says."""
    frame = pd.read_parquet(request["parquet"])
    return frame.astype({name: "float64" for name in frame.columns if frame[name].dtype == "int64"})


def class_scores(labels, probability):
    from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

    return {"roc_auc": roc_auc_score(labels, probability), "log_loss": log_loss(labels, probability), "brier": brier_score_loss(labels, probability)}


def value_scores(labels, values):
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    return {"rmse": root_mean_squared_error(labels, values), "mae": mean_absolute_error(labels, values), "r2": r2_score(labels, values)}


def estimator_of(request):
    given = request["hyperparameters"]
    if request["estimator"] == "RandomForestClassifier":
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(**given, n_jobs=2, random_state=1)
    if request["estimator"] == "LogisticRegression":
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=given["C"], max_iter=1000)
    from lightgbm import LGBMRegressor

    return LGBMRegressor(**given, n_jobs=2, verbose=-1)


def encoders(request):
    """The recipe's preprocessing by scikit-learn's own classes."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    steps = ([SimpleImputer(strategy="median")] if request["impute"] else []) + ([StandardScaler()] if request["standardize"] else [])
    numbers = make_pipeline(*steps) if steps else "passthrough"
    return ColumnTransformer([("numbers", numbers, request["numbers"]), ("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), request["texts"])])


def side_by_side(request):
    """Scores on the test rows: ours, the peer's on our matrix, the peer's from raw columns through scikit-learn's encoders."""
    matrix, labels = np.load(request["matrix"]), np.load(request["labels"])
    train, test = rows_of(request, "training"), rows_of(request, "test")
    classes = request["estimator"] != "LGBMRegressor"
    scores = class_scores if classes else value_scores
    predict = (lambda model, x: model.predict_proba(x)[:, 1]) if classes else (lambda model, x: model.predict(x))
    answer = {"ours": scores(labels[test], np.fromfile(request["predictions"], request["dtype"])[test])}
    answer["same matrix"] = scores(labels[test], predict(estimator_of(request).fit(matrix[train], labels[train]), matrix[test]))
    frame = raw_frame(request)
    frame = frame[request["numbers"]].astype(np.float32).join(frame[request["texts"]])
    encoder = encoders(request).fit(frame[train])
    encoded = encoder.transform(frame).astype(np.float32)
    answer["raw columns"] = scores(labels[test], predict(estimator_of(request).fit(encoded[train], labels[train]), encoded[test]))
    answer["encoded alike"] = np.array_equal(encoded, matrix, equal_nan=True)
    answer["cells"] = int(encoded.size)
    if classes:
        answer["single columns"] = single_columns(matrix[test], labels[test])
    return answer


def single_columns(matrix, labels):
    """The greatest AUC that one column has by itself, up or down: a column that knew the answer would stand out."""
    from sklearn.metrics import roc_auc_score

    return max(abs(roc_auc_score(labels, column) - 0.5) + 0.5 for column in matrix.T)


def expected_matrix(preparation, frame):
    """The preprocessing once more, in NumPy: float32 throughout, each operation rounded once."""
    columns = {i["name"]: frame[i["name"]].to_numpy(np.float64, na_value=np.nan).astype(np.float32) if i["type"] == "number" else frame[i["name"]].fillna("").to_numpy(object) for i in preparation["inputs"]}
    encoded = {}
    for step in preparation["steps"]:
        for name, value in step.get("values", {}).items():
            columns[name] = np.where(np.isnan(columns[name]), np.float32(value), columns[name])
        for name, mean in step.get("mean", {}).items():
            columns[name] = (columns[name] - np.float32(mean)) / np.float32(step["scale"][name])
        for name, categories in step.get("categories", {}).items():
            encoded.update({f"{name}={category}": (columns[name] == category).astype(np.float32) for category in categories})
    return np.column_stack([encoded[name] if name in encoded else columns[name] for name in preparation["outputColumns"]])


def library_predictions(request, matrix):
    """What the library's own file says of the matrix: the probability of class 1, or the value."""
    if request["library"].endswith(".json"):
        with open(request["library"], encoding="utf-8") as file:
            model = json.load(file)
        return 1 / (1 + np.exp(-(matrix.astype(np.float64) @ np.array(model["coefficients"][0]) + model["intercepts"][0])))
    import lightgbm

    predicted = lightgbm.Booster(model_file=request["library"]).predict(matrix.astype(np.float64), num_threads=2)
    return np.clip(predicted, 0, 1) if request["classes"] else predicted


def pyfunc_predictions(request, frame):
    import mlflow

    mlflow.set_tracking_uri(request["tracking_uri"])
    answer = mlflow.pyfunc.load_model(request["model_uri"]).predict(frame[[i["name"] for i in request["preparation"]["inputs"]]])
    if not request["classes"]:
        return answer["prediction"].to_numpy(), np.zeros(len(frame), dtype=np.int64)
    return answer["probability_1"].to_numpy(), answer["class"].astype(int).to_numpy()


def equality(request):
    """The greatest differences of the predictions given from the library's and from mlflow.pyfunc's over all rows of the file; and of the matrix from the same in NumPy."""
    matrix, frame = np.load(request["matrix"]), raw_frame(request)
    given = np.fromfile(request["predictions"], request["dtype"])
    library = library_predictions(request, matrix)
    python, python_label = pyfunc_predictions(request, frame)
    given_label = np.fromfile(request["label_file"], np.int8)
    expected = expected_matrix(request["preparation"], frame)
    same_bits = (expected.view(np.uint32) == matrix.view(np.uint32)) | (np.isnan(expected) & np.isnan(matrix))
    scale = 1 if request["classes"] else np.maximum(1, np.abs(library))
    return {
        "rows": len(frame),
        "rows with a missing value": int(frame[[i["name"] for i in request["preparation"]["inputs"]]].isna().any(axis=1).sum()),
        "distinct": len(np.unique(given)),
        "cells": int(same_bits.size),
        "cells that differ": int((~same_bits).sum()),
        "from the library": float(np.max(np.abs(given - library) / scale)),
        "from pyfunc": float(np.max(np.abs(given.astype(np.float64) - python) / scale)),
        "labels of pyfunc that differ": int((given_label != python_label).sum()) if request["classes"] else 0,
        "labels of the library that differ": int((given_label != (library > 0.5)).sum()) if request["classes"] else 0,
    }


request = json.load(sys.stdin)
print(json.dumps({"side_by_side": side_by_side, "equality": equality}[request["command"]](request)))
