"""Trains LightGBM models of every kind that the graphs must hold and predicts hard rows with them.

lightgbm_models.py FOLDER ROWS: for each model writes NAME.txt (the model), NAME.x (rows, float32) and NAME.y (raw predictions, float64).
Hard rows: NaN everywhere, zeros and values beside them, unseen categories, values on a threshold and one float32 to either side.
"""
import sys

import lightgbm
import numpy as np

folder, rows = sys.argv[1], int(sys.argv[2])
random = np.random.default_rng(0)
FIELDS = 6


def columns(count):
    return np.column_stack([
        random.gamma(2, 10, count) / random.integers(1, 300, count),
        random.normal(size=count),
        random.integers(0, 60, count),
        random.integers(0, 60, count) / 7.0,
        random.integers(1_700_000_000, 1_800_000_000, count),
        np.where(random.random(count) < 0.3, 0, random.normal(size=count)),
    ]).astype(np.float32)


def with_missing(values):
    return np.where(random.random(values.shape) < 0.1, np.float32(np.nan), values)


def thresholds(booster):
    found = []

    def walk(node):
        if "threshold" not in node:
            return
        if node["decision_type"] == "<=" and abs(node["threshold"]) < 1e30:
            found.append((node["split_feature"], node["threshold"]))
        walk(node["left_child"])
        walk(node["right_child"])

    for tree in booster.dump_model()["tree_info"]:
        walk(tree["tree_structure"])
    return found


def hard_rows(booster):
    values = with_missing(columns(rows))
    near = thresholds(booster)
    picks = random.integers(len(near), size=rows // 2)
    for row, pick in enumerate(picks):
        feature, threshold = near[pick]
        on = np.float32(threshold)
        values[row, feature] = [on, np.nextafter(on, np.float32(np.inf)), np.nextafter(on, np.float32(-np.inf))][row % 3]
    values[-4000:, 5] = np.tile(np.array([0.0, -0.0, 1e-36, -1e-35], dtype=np.float32), 1000)
    values[-5000:-4000, 2] = np.tile(np.array([999, -1], dtype=np.float32), 500)
    return values


training = columns(40_000)
target = training[:, 1] + 0.1 * training[:, 0] + np.sin(training[:, 2]) + training[:, 5] + random.normal(size=len(training)) > 1.8
missing = with_missing(training)
gradient = {"num_leaves": 63}
forest = {"boosting": "rf", "num_leaves": 4096, "max_depth": 12, "bagging_freq": 1, "bagging_fraction": 0.632, "feature_fraction_bynode": 0.5, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0}
for name, data, categorical, parameters in [
    ("no_missing", training, [], gradient),
    ("nan_missing", missing, [], gradient),
    ("zero_missing", missing, [], {**gradient, "zero_as_missing": True}),
    ("categories", missing, [2], {**gradient, "max_cat_to_onehot": 1, "min_data_per_group": 20}),
    ("forest", missing, [], forest),
]:
    settings = {"objective": "regression", "verbose": -1, "num_threads": 1, "seed": 1, "deterministic": True, **parameters}
    booster = lightgbm.train(settings, lightgbm.Dataset(data, target, categorical_feature=categorical), 30)
    booster.save_model(f"{folder}/{name}.txt")
    values = hard_rows(booster)
    values.tofile(f"{folder}/{name}.x")
    raw = booster.predict(values.astype(np.float64), raw_score=True)
    (raw / 30 if name == "forest" else raw).tofile(f"{folder}/{name}.y")
