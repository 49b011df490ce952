"""Feast's own client on the registry that the tests wrote. Usage: registry_client.py COMMAND; options as JSON on stdin, the answer as JSON on stdout.

The store is the one of the project's feature_store.yaml; PROJECT, POSTGRES_USER and POSTGRES_DATABASE take the place of the project, user and database in it."""
import importlib
import json
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

YAML = Path(__file__).parents[3] / "config/environments/feast/local_feature_store.yaml"


def open_store():
    from feast import FeatureStore
    from feast.repo_config import load_repo_config

    config = load_repo_config(Path("."), YAML)
    config.project = os.environ["PROJECT"]
    user, database = os.environ["POSTGRES_USER"], os.environ["POSTGRES_DATABASE"]
    config.registry.path = config.registry.path.replace("//ml_pipeline:", f"//{user}:").replace("/ml_pipeline?", f"/{database}?")
    config.offline_store.user, config.offline_store.database = user, database
    return FeatureStore(config=config)


def described(thing):
    return {"name": thing.name, "description": thing.description, "owner": getattr(thing, "owner", None), "tags": dict(thing.tags)}


def field(feature):
    return {"name": feature.name, "type": str(feature.dtype), "description": feature.description, "tags": dict(feature.tags)}


def view(v):
    source = v.batch_source
    return {
        **described(v),
        "entities": v.entities,
        "joinKeys": [[c.name, str(c.dtype)] for c in v.entity_columns],
        "features": [field(f) for f in v.features],
        "ttlSeconds": v.ttl.total_seconds() if v.ttl else None,
        "online": v.online,
        "intervals": [[s.timestamp(), e.timestamp()] for s, e in v.materialization_intervals],
        "source": {"kind": type(source).__name__, "name": source.name, "table": source._postgres_options._table, "timestamp": source.timestamp_field,
                   "created": source.created_timestamp_column, "mapping": dict(source.field_mapping), "description": source.description},
    }


def part(p):
    """A projection: view, features and, where there are any, alias and renamed join keys."""
    more = {k: v for k, v in {"alias": p.name_alias, "joinKeyMap": dict(p.join_key_map)}.items() if v}
    return [p.name, [f.name for f in p.features], *([more] if more else [])]


def source(s):
    return {"name": s.name, "kind": type(s).__name__, "owner": s.owner, "batch": s.batch_source.name if getattr(s, "batch_source", None) else None, "tags": dict(s.tags)}


def listing(_):
    store = open_store()
    services = [{**described(s), "features": [part(p) for p in s.feature_view_projections]} for s in store.list_feature_services()]
    return {
        "projects": [p.name for p in store.list_projects()],
        "entities": [{**described(e), "joinKey": e.join_key, "type": e.value_type.name} for e in store.list_entities()],
        "sources": sorted(s.name for s in store.list_data_sources()),
        "dataSources": sorted((source(s) for s in store.list_data_sources()), key=lambda s: s["name"]),
        "pushed": sorted([v.name, v.stream_source.name] for v in store.list_feature_views() if v.stream_source),
        "views": [view(v) for v in store.list_feature_views()],
        "services": services,
        "versions": [[r["version"], r["feature_view_type"]] for r in store.registry.list_feature_view_versions("weather", store.project)],
    }


def historical(options):
    import pandas as pd

    store = open_store()
    spine = pd.DataFrame(options["rows"])
    spine["event_timestamp"] = pd.to_datetime(spine["event_timestamp"], utc=True)
    frame = store.get_historical_features(entity_df=spine, features=store.get_feature_service(options["service"]), full_feature_names=options.get("full", False)).to_df()
    return json.loads(frame.drop(columns="event_timestamp").sort_values("row").to_json(orient="records"))


def apply(_):
    from feast import Entity, FeatureService, FeatureView, Field, ValueType
    from feast.infra.offline_stores.contrib.postgres_offline_store.postgres_source import PostgreSQLSource
    from feast.types import Array, Float64, Int64, String

    airport = Entity(name="airport", join_keys=["origin"], value_type=ValueType.STRING, description="by Feast", tags={"k": "v"})
    source = PostgreSQLSource(name="weather_source", table="feature_mart.weather", timestamp_field="event_timestamp", created_timestamp_column="created_timestamp",
                              field_mapping={"temperature": "temp"})
    weather = FeatureView(name="weather", entities=[airport], ttl=timedelta(hours=6), source=source, owner="someone", tags={"tier": "gold"}, org="ads", offline=True,
                          schema=[Field(name="origin", dtype=String), Field(name="temp", dtype=Float64, description="F"), Field(name="codes", dtype=Array(Int64))])
    store = open_store()
    store.apply([airport, weather, FeatureService(name="delay_v1", features=[weather[["temp"]]], owner="someone")])
    return None


def exchange(_):
    """A repository that uses what Feast has beside plain views."""
    import pandas as pd
    from feast import Entity, FeatureService, FeatureView, Field, PushSource, RequestSource, ValueType
    from feast.infra.offline_stores.contrib.postgres_offline_store.postgres_source import PostgreSQLSource
    from feast.on_demand_feature_view import on_demand_feature_view
    from feast.types import Float64, Int64, Map, String

    times = {"timestamp_field": "event_timestamp", "created_timestamp_column": "created_timestamp"}
    airport = Entity(name="airport", join_keys=["origin"], value_type=ValueType.STRING)
    driver = Entity(name="driver", join_keys=["driver_id"])  # its type stands in the views alone
    table = PostgreSQLSource(name="weather_table", table="weather", field_mapping={"temperature": "temp"}, **times)  # a table without schema
    weather = FeatureView(name="weather", entities=[airport], ttl=timedelta(hours=6), source=PushSource(name="weather_push", batch_source=table, owner="pusher"),
                          schema=[Field(name="origin", dtype=String), Field(name="temp", dtype=Float64)], tags={"tier": "gold"}, description="by Feast")
    trips = FeatureView(name="driver-trips", entities=[driver], ttl=timedelta(0), source=PostgreSQLSource(name="trips", table="feature_mart.trips", timestamp_field="event_timestamp"),
                        schema=[Field(name="driver_id", dtype=Int64), Field(name="trips", dtype=Int64)])
    queried = FeatureView(name="queried", entities=[driver], source=PostgreSQLSource(name="a_query", query="SELECT * FROM feature_mart.trips", timestamp_field="event_timestamp"),
                          schema=[Field(name="driver_id", dtype=Int64), Field(name="trips", dtype=Int64)])
    mapped = FeatureView(name="mapped", entities=[driver], source=PostgreSQLSource(name="maps", table="feature_mart.maps", timestamp_field="event_timestamp"),
                         schema=[Field(name="driver_id", dtype=Int64), Field(name="settings", dtype=Map)])
    world = FeatureView(name="world", entities=[], ttl=timedelta(days=1), source=PostgreSQLSource(name="world_source", table="feature_mart.world", timestamp_field="event_timestamp"),
                        schema=[Field(name="holidays", dtype=Int64)])

    @on_demand_feature_view(sources=[weather, world, RequestSource(name="asked", schema=[Field(name="limit", dtype=Float64)])], schema=[Field(name="above", dtype=Float64)])
    def warmth(inputs: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({"above": inputs["temp"] - inputs["limit"]})

    routes = FeatureService(name="routes_v1", owner="someone", features=[
        weather.with_name("origin_weather"), weather[["temp"]].with_name("dest_weather").with_join_key_map({"origin": "dest"}), trips])
    computed = FeatureService(name="computed_v1", features=[weather, warmth])
    open_store().apply([airport, driver, weather, trips, queried, mapped, world, warmth, routes, computed])
    return None


def online(options):
    store = open_store()
    features = store.get_feature_service(options["service"]) if "service" in options else options["features"]
    return store.get_online_features(features=features, entity_rows=options["rows"], full_feature_names=True).to_dict()


def refresh(options):
    """Applies the views again, unchanged, as `feast apply` of the same definitions does."""
    store = open_store()
    for name in options["views"]:
        store.registry.apply_feature_view(store.get_feature_view(name), store.project)
    return None


def rewrite(_):
    """Changes each view's description and ttl through Feast: it reads, builds and writes the whole object anew."""
    store = open_store()
    for v in store.list_feature_views():
        if not v.entities:
            continue  # Feast lists a view without entities in a form that it does not take back
        v.description += " (rewritten)"
        v.ttl = timedelta(seconds=77)
        store.registry.apply_feature_view(v, store.project)
    return None


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # Python before 3.11 does not know Z


def materialize(options):
    """As `feast materialize`, or without a start as `feast materialize-incremental`."""
    store, end = open_store(), instant(options["end"])
    if "start" in options:
        store.materialize(start_date=instant(options["start"]), end_date=end, feature_views=options["views"])
    else:
        store.materialize_incremental(end_date=end, feature_views=options["views"])
    return None


def descriptors(options):
    """Field numbers, types and labels of messages and enumerations, as the wheel's generated code has them."""
    from google.protobuf import descriptor_pool
    from google.protobuf.descriptor import FieldDescriptor

    types = {value: name[5:] for name, value in vars(FieldDescriptor).items() if name.startswith("TYPE_")}
    for path in options["files"]:
        importlib.import_module("feast.protos." + path.removesuffix(".proto").replace("/", ".") + "_pb2")
    pool = descriptor_pool.Default()

    def fact(f):
        target = f.message_type or f.enum_type
        return [f.number, types[f.type], bool(f.is_repeated), target.full_name if target else "", f.containing_oneof.name if f.containing_oneof else ""]

    messages = {name: {f.name: fact(f) for f in pool.FindMessageTypeByName(name).fields} for name in options["messages"]}
    enums = {name: {v.name: v.number for v in pool.FindEnumTypeByName(name).values} for name in options["enums"]}
    return {"messages": messages, "enums": enums}


COMMANDS = (listing, historical, online, apply, exchange, refresh, rewrite, materialize, descriptors)
answer = {command.__name__: command for command in COMMANDS}[sys.argv[1]](json.load(sys.stdin))
print("\n" + json.dumps(answer))
