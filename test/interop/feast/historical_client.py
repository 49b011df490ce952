"""Feast's get_historical_features over tables that the test made. Options as JSON on stdin: the spine's rows; the answer as JSON on stdout: the features of each row, by its id.

POSTGRES_HOST, POSTGRES_PORT, POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DATABASE name the server; FOLDER is for the registry's file."""
import json
import os
import sys
from datetime import timedelta

COLUMNS = ["n", "x", "t", "b"]


def open_store():
    from feast import FeatureStore, RepoConfig
    from feast.infra.offline_stores.contrib.postgres_offline_store.postgres import PostgreSQLOfflineStoreConfig

    env, folder = os.environ, os.environ["FOLDER"]
    offline = PostgreSQLOfflineStoreConfig(
        type="postgres", host=env["POSTGRES_HOST"], port=int(env["POSTGRES_PORT"]), database=env["POSTGRES_DATABASE"], db_schema="feature_mart",
        user=env["POSTGRES_USER"], password=env["POSTGRES_PASSWORD"], sslmode="disable")
    return FeatureStore(config=RepoConfig(
        project="joined", provider="local", registry=f"{folder}/registry.db", offline_store=offline,
        online_store={"type": "sqlite", "path": f"{folder}/online.db"}, entity_key_serialization_version=3))


def definitions():
    from feast import Entity, FeatureService, FeatureView, Field, ValueType
    from feast.infra.offline_stores.contrib.postgres_offline_store.postgres_source import PostgreSQLSource
    from feast.types import Bool, Float64, Int64, String

    k1 = Entity(name="k1", join_keys=["k1"], value_type=ValueType.STRING)
    k2 = Entity(name="k2", join_keys=["k2"], value_type=ValueType.INT64)
    schema = [Field(name="n", dtype=Int64), Field(name="x", dtype=Float64), Field(name="t", dtype=String), Field(name="b", dtype=Bool)]

    def view(name, entities, ttl, table, created):
        source = PostgreSQLSource(name=name, table=table, timestamp_field="event_timestamp", **({"created_timestamp_column": "created"} if created else {}))
        return FeatureView(name=name, entities=entities, ttl=ttl, schema=schema, source=source, online=False)

    short = view("short", [k1, k2], timedelta(seconds=2), "feature_mart.dated", True)
    endless = view("endless", [k1, k2], None, "feature_mart.dated", True)
    one_key = view("one_key", [k1], timedelta(seconds=3), "feature_mart.undated", False)
    service = FeatureService(name="all", features=[short, endless, one_key.with_name("first"), one_key.with_name("other").with_join_key_map({"k1": "other"})])
    return [k1, k2, short, endless, one_key, service]


def main():
    import pandas as pd

    store = open_store()
    store.apply(definitions())
    rows = json.load(sys.stdin)
    spine = pd.DataFrame(rows)
    spine["event_timestamp"] = pd.to_datetime(spine["event_timestamp"], utc=True, format="ISO8601")
    joined = store.get_historical_features(entity_df=spine, features=store.get_feature_service("all"), full_feature_names=True).to_df()
    names = [f"{view}__{column}" for view in ["short", "endless", "first", "other"] for column in COLUMNS]
    answer = [[int(row["id"]), [None if pd.isna(row[name]) else plain(name, row[name]) for name in names]] for _, row in joined.iterrows()]
    json.dump(answer, sys.stdout)


def plain(name, value):
    column = name.split("__")[1]
    return int(value) if column == "n" else float(value) if column == "x" else bool(value) if column == "b" else value


main()
