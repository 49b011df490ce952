"""Feast's side of the online store interop test: defines the views, writes rows, reads rows.

usage: online_client.py FOLDER write|read      (one JSON document on stdin, one on the last line of stdout)

FOLDER has a feature_store.yaml with a file registry. `write` takes {view: [row]}, `read` takes {view: [key]}; values of bytes are hexadecimal text.
"""

import decimal
import json
import sys
import uuid
from datetime import timedelta

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import Array, Bool, Bytes, Decimal, Float32, Float64, Int32, Int64, Json, String, UnixTimestamp, Uuid

TYPES = {
    "f_bytes": Bytes,
    "f_string": String,
    "f_int32": Int32,
    "f_int64": Int64,
    "f_float64": Float64,
    "f_float32": Float32,
    "f_bool": Bool,
    "f_time": UnixTimestamp,
}
LISTS = {
    "l_string": Array(String),
    "l_int32": Array(Int32),
    "l_int64": Array(Int64),
    "l_float64": Array(Float64),
    "l_float32": Array(Float32),
    "l_bool": Array(Bool),
    "l_bytes": Array(Bytes),
    "l_time": Array(UnixTimestamp),
    "l_decimal": Array(Decimal),
    "l_uuid": Array(Uuid),
    "l_json": Array(Json),
}
TEXTS = {"t_decimal": Decimal, "t_uuid": Uuid, "t_json": Json}


def define(store: FeatureStore) -> None:
    user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
    item = Entity(name="item", join_keys=["item_id"], value_type=ValueType.STRING)

    def view(name, entities, features, columns):
        keys = [Field(name=key, dtype=dtype) for key, dtype in columns.items()]
        fields = [Field(name=feature, dtype=dtype) for feature, dtype in features.items()]
        source = FileSource(name=f"{name}_source", path=f"{store.repo_path}/{name}.parquet", timestamp_field="event_timestamp")
        return FeatureView(name=name, entities=entities, ttl=timedelta(days=2), schema=keys + fields, source=source)

    store.apply(
        [
            user,
            item,
            view("every_type", [user], TYPES, {"user_id": Int64}),
            view("every_list", [user], LISTS, {"user_id": Int64}),
            view("every_text", [user], TEXTS, {"user_id": Int64}),
            view("user_item", [user, item], {"n": Int64}, {"user_id": Int64, "item_id": String}),
        ]
    )


def from_json(column: str, value):
    if value is None:
        return None
    if isinstance(value, list):
        return [from_json(column, item) for item in value]
    if column.endswith("_bytes"):
        return bytes.fromhex(value)
    if column == "f_float64" and value == "NaN":
        return float("nan")
    if column.endswith("_time"):
        return pd.Timestamp(value, unit="s", tz="UTC")
    return value


def to_json(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return str(value)
    if isinstance(value, float) and value != value:
        return "NaN"
    return value if value is None or isinstance(value, (str, bool, int, float)) else int(pd.Timestamp(value).timestamp())


def write(store: FeatureStore, rows_of_views: dict) -> dict:
    for view, rows in rows_of_views.items():
        for row in rows:  # one by one: a frame of several rows has one number type per column, nulls or not
            values = {column: [from_json(column, value)] for column, value in row.items() if column != "event_timestamp"}
            frame = pd.DataFrame({column: pd.Series(cells, dtype=object) for column, cells in values.items()})
            frame["event_timestamp"] = pd.to_datetime([row["event_timestamp"]], unit="us", utc=True)
            store.write_to_online_store(view, df=frame)
    return {}


def read(store: FeatureStore, keys_of_views: dict) -> dict:
    answer = {}
    for view, keys in keys_of_views.items():
        features = [f"{view}:{field.name}" for field in store.get_feature_view(view).features]
        columns = store.get_online_features(features=features, entity_rows=keys).to_dict()
        answer[view] = {column: [to_json(value) for value in values] for column, values in columns.items()}
    return answer


def main() -> None:
    store = FeatureStore(repo_path=sys.argv[1])
    define(store)
    answer = {"write": write, "read": read}[sys.argv[2]](store, json.load(sys.stdin))
    print(json.dumps(answer))


main()
