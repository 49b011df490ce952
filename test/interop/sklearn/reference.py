"""Trains and scores with scikit-learn and LightGBM's Python package. Reads a request as JSON from standard input, writes the answer as JSON."""
import json
import sys

import numpy as np


def scores(labels, probability):
    from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

    return {"roc_auc": roc_auc_score(labels, probability), "log_loss": log_loss(labels, probability), "brier": brier_score_loss(labels, probability)}


def forest(request, train, test):
    import lightgbm
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(**request["hyperparameters"], n_jobs=2, random_state=1).fit(*train)
    ours = lightgbm.Booster(model_file=request["model_file"]).predict(test[0])
    return {"theirs": scores(test[1], model.predict_proba(test[0])[:, 1]), "ours": scores(test[1], ours), "predictions": ours.tolist()}


def forest_classes(request, train, test):
    import lightgbm
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import log_loss, roc_auc_score

    model = RandomForestClassifier(**request["hyperparameters"], n_jobs=2, random_state=1).fit(*train)
    shares = np.clip(np.column_stack([lightgbm.Booster(model_file=file).predict(test[0]) for file in request["model_files"]]), 0, 1)
    ours = shares / shares.sum(axis=1, keepdims=True)
    score = lambda p: {"roc_auc": roc_auc_score(test[1], p, multi_class="ovr"), "log_loss": log_loss(test[1], p)}
    return {"theirs": score(model.predict_proba(test[0])), "ours": score(ours)}


def forest_regressor(request, train, test):
    import lightgbm
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(**request["hyperparameters"], n_jobs=2, random_state=1).fit(*train)
    rmse = lambda found: float(np.sqrt(np.mean((found - test[1]) ** 2)))
    return {"theirs": rmse(model.predict(test[0])), "ours": rmse(lightgbm.Booster(model_file=request["model_file"]).predict(test[0]))}


def predict(request, train, test):
    import lightgbm

    booster = lightgbm.Booster(model_file=request["model_file"])
    return {"predictions": booster.predict(test[0]).tolist(), "names": booster.feature_name()}


def linear(request, train, test):
    from sklearn import linear_model

    given = {name: np.inf if value == "inf" else value for name, value in request["hyperparameters"].items()}
    model = getattr(linear_model, request["estimator"])(**given).fit(train[0].astype(np.float64), train[1].astype(np.float64))
    return {"coefficients": np.atleast_2d(model.coef_).tolist(), "intercepts": np.atleast_1d(model.intercept_).tolist()}


request = json.load(sys.stdin)
matrix, labels = np.load(request["matrix"]), np.load(request["labels"])
part = lambda key: (matrix[slice(*request[key])], labels[slice(*request[key])])
commands = {"forest": forest, "forest_classes": forest_classes, "forest_regressor": forest_regressor, "predict": predict, "linear": linear}
json.dump(commands[request["command"]](request, part("train"), part("test")), sys.stdout)
