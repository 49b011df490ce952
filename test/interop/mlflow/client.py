"""MLflow's own client on a store: `client.py read|artifacts|predict|write <tracking uri> [argument]`. Answers with one line of JSON, the last that it prints."""

import decimal
import json
import pathlib
import sys

import mlflow
import pandas as pd
from mlflow import MlflowClient


def read(client, _argument):
    """Everything of the experiment `interop` that a user of the client would look at."""
    experiment = client.get_experiment_by_name("interop")
    filter_string = "metrics.`val/auc` > 0.2 and params.`group/lr` = '0.1' and tags.team = 'ml'"
    runs = client.search_runs([experiment.experiment_id], filter_string=filter_string)
    run = runs[0]
    model = client.get_logged_model(run.outputs.model_outputs[0].model_id)
    version = client.get_model_version_by_alias("flight delay", "champion")
    return {
        "experiments": sorted(e.name for e in client.search_experiments()),
        "filtered": [r.info.run_name for r in runs],
        "run": {
            "id": run.info.run_id,
            "status": run.info.status,
            "start": run.info.start_time,
            "end": run.info.end_time,
            "params": run.data.params,
            "metrics": run.data.metrics,
            "tags": run.data.tags,
            "inputs": [[i.dataset.name, i.dataset.digest, {t.key: t.value for t in i.tags}] for i in run.inputs.dataset_inputs],
            "outputs": [o.model_id for o in run.outputs.model_outputs],
        },
        "history": [[m.timestamp, m.step, m.value] for m in client.get_metric_history(run.info.run_id, "val/auc")],
        "model": {
            "id": model.model_id,
            "name": model.name,
            "run": model.source_run_id,
            "status": str(model.status),
            "params": model.params,
            "metrics": [[m.key, m.value, m.dataset_name, m.dataset_digest, m.run_id] for m in model.metrics],
            "versions": json.loads(model.tags["mlflow.modelVersions"]),
        },
        "version": [version.name, int(version.version), version.run_id, version.source, sorted(version.aliases), version.tags],
        "models": sorted(m.model_id for m in client.search_logged_models([experiment.experiment_id])),
        "versions": sorted(int(v.version) for v in client.search_model_versions("name='flight delay'")),
        "artifacts": [f.path for f in client.list_artifacts(run.info.run_id, "reports")],
    }


def artifacts(client, run_id):
    """The texts of all files of a run, by path."""
    folder = pathlib.Path(client.download_artifacts(run_id, ""))
    return {str(f.relative_to(folder)): f.read_text() for f in sorted(folder.rglob("*")) if f.is_file()}


def metrics(client, run_id):
    return client.get_run(run_id).data.metrics


def predict(_client, uri):
    """Predictions for the rows on standard input, for frames of several kinds of columns."""
    model = mlflow.pyfunc.load_model(uri)
    rows = pd.DataFrame(json.load(sys.stdin))
    nullable = rows.assign(temp=rows["temp"].astype("Float64"), distance=rows["distance"].astype("Float64"))
    objects = rows.astype(object).where(rows.notna(), None)
    decimals = rows.assign(temp=[None if pd.isna(v) else decimal.Decimal(repr(v)) for v in rows["temp"]])
    loader = model.unwrap_python_model() if hasattr(model._model_impl, "python_model") else model._model_impl
    whole = pd.DataFrame({"temp": [3, 4], "distance": pd.array([229, None], dtype="Int64"), "carrier": ["AA", None]})
    return {
        "plain": table(model.predict(rows)),
        "nullable": table(model.predict(nullable)),
        "objects": table(model.predict(objects)),
        "decimals": table(model.predict(decimals)),
        "single": table(pd.concat([model.predict(rows.iloc[i : i + 1]) for i in range(len(rows))])),
        "without_feature": table(model.predict(rows.drop(columns="temp"))),
        "all_missing": table(model.predict(rows.assign(temp=float("nan")))),
        "integers": table(loader.predict(whole)),
        "floats": table(loader.predict(whole.astype({"temp": "float64", "distance": "float64"}))),
        "empty": table(model.predict(rows.iloc[:0])),
        "index": list(model.predict(rows.set_index(pd.Index([10 * i for i in range(len(rows))]))).index),
    }


def table(frame):
    return {name: frame[name].tolist() for name in frame.columns}


def names(client, _argument):
    """The names of all experiments and of the runs of `odd`, as MLflow reads them."""
    experiment = client.get_experiment_by_name("odd")
    return {"experiments": sorted(e.name for e in client.search_experiments()), "runs": sorted(r.info.run_name for r in client.search_runs([experiment.experiment_id]))}


def odd(client, names):
    """Makes an experiment of each name; deletes one experiment, one run and one version with an alias. Answers with the ids."""
    ids = {name: client.create_experiment(name) for name in json.loads(names)}
    client.delete_experiment(client.create_experiment("deleted"))
    run = client.create_run("0", run_name="deleted")
    client.delete_run(run.info.run_id)
    client.create_registered_model("m")
    first, second = (client.create_model_version("m", "file:///nowhere", run.info.run_id) for _ in range(2))
    client.set_registered_model_alias("m", "champion", second.version)
    client.delete_model_version("m", second.version)
    return {"experiments": ids, "run": run.info.run_id, "kept": str(first.version), "deleted": str(second.version)}


def write(client, model_folder):
    """A store as Python makes it: a run with a LoggedModel, and a model as MLflow 2 kept it."""
    mlflow.set_experiment("from python")
    with mlflow.start_run(run_name="1e5") as run:
        mlflow.log_param("depth", 3)
        for step, value in enumerate([0.5, float("nan"), 0.25]):
            mlflow.log_metric("loss", value, step=step)
        mlflow.set_tag("team", "ml")
        client.log_artifacts(run.info.run_id, model_folder, "old")
        old = client.create_registered_model("old") and client.create_model_version("old", f"{run.info.artifact_uri}/old", run.info.run_id)
        client.set_registered_model_alias("old", "champion", old.version)
        logged = mlflow.pyfunc.log_model(name="model", python_model=Echo(), registered_model_name="new", pip_requirements=[])
    return {"run": run.info.run_id, "experiment": run.info.experiment_id, "model": logged.model_id}


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input


if __name__ == "__main__":
    command, tracking_uri, *rest = sys.argv[1:]
    mlflow.set_tracking_uri(tracking_uri)
    print(json.dumps(globals()[command](MlflowClient(), rest[0] if rest else None)))
