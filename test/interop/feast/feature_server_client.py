"""Feast's own clients against a feature server, and Feast's own feature server to compare with. Usage: feature_server_client.py COMMAND; options as JSON on stdin, the answer as JSON on stdout.

Options: project, registry (SQL path), postgres {host, port, database, user, password}, redis (connection string), url (of the feature server), and what the command takes."""
import asyncio
import json
import sys
import tempfile
import warnings
from pathlib import Path

import pandas as pd
import requests

warnings.filterwarnings("ignore")


def open_store(options, online_store):
    from feast import FeatureStore
    from feast.repo_config import load_repo_config

    postgres = options["postgres"]
    settings = {
        "project": options["project"],
        "provider": "local",
        "registry": {"registry_type": "sql", "path": options["registry"], "cache_ttl_seconds": 0},
        "offline_store": {"type": "postgres", "db_schema": "feature_mart", "sslmode": "disable", **postgres},
        "online_store": online_store,
        "entity_key_serialization_version": 3,
    }
    folder = Path(tempfile.mkdtemp(prefix="ml-pipeline-feast-"))
    (folder / "feature_store.yaml").write_text(json.dumps(settings))
    return FeatureStore(config=load_repo_config(folder, folder / "feature_store.yaml"))


def remote(options):
    return open_store(options, {"type": "remote", "path": options["url"], "connection_retries": 0})


def frame(columns):
    df = pd.DataFrame(columns)
    for name in ("event_timestamp", "created_timestamp"):
        if name in df:
            df[name] = pd.to_datetime(df[name], utc=True)
    return df


def read(options):
    """Each request by the remote online store; the class and text of the error where it fails."""
    store = remote(options)
    answers = []
    for request in options["requests"]:
        features = store.get_feature_service(request["service"]) if "service" in request else request["features"]
        try:
            answers.append(store.get_online_features(features=features, entity_rows=request["rows"], full_feature_names=request.get("full", False)).to_dict())
        except Exception as error:
            answers.append({"error": type(error).__name__, "message": str(error)})
    return answers


def write(options):
    from feast.data_source import PushMode

    store = remote(options)
    store.push("user_push", frame(options["online"]), to=PushMode.ONLINE)
    # To PostgreSQL Feast's clients cannot push at all: its offline store has no write. The route does it.
    body = {"push_source_name": "user_push", "df": options["both"], "to": "online_and_offline"}
    requests.post(f"{options['url']}/push", json=body).raise_for_status()
    store.write_to_online_store("user_stats", frame(options["written"]))
    return {}


async def ask(app, path, body):
    sent = []
    content = body.encode()

    async def receive():
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
             "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1)}
    try:
        await app(scope, receive, send)
    except Exception:
        pass  # the server answers first, and then raises what it answered
    status = next(message["status"] for message in sent if message["type"] == "http.response.start")
    return {"status": status, "text": b"".join(message.get("body", b"") for message in sent).decode()}


def serve(options):
    """What Feast's own feature server answers to the bodies."""
    from feast.feature_server import get_app

    app = get_app(open_store(options, {"type": "redis", "redis_type": "redis", "connection_string": options["redis"]}))

    async def all_of_them():
        return [await ask(app, path, body) for path, body in options["bodies"]]

    return asyncio.run(all_of_them())


def plain(value):
    return value.hex() if isinstance(value, bytes) else str(value)


print(json.dumps({"read": read, "write": write, "serve": serve}[sys.argv[1]](json.load(sys.stdin)), default=plain))
