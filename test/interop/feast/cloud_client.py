"""Feast's own client on the registry file in Cloud Storage. Usage: cloud_client.py COMMAND; the answer as JSON on stdout.

The store is the one of the project's cloud_feature_store.yaml, with the variables that it names; PROJECT takes the place of the project, REGISTRY that of the registry's path in it."""
import json
import os
import sys
from datetime import timedelta
from pathlib import Path

YAML = Path(__file__).parents[3] / "config/environments/feast/cloud_feature_store.yaml"


def open_store():
    from feast import FeatureStore
    from feast.repo_config import load_repo_config

    config = load_repo_config(Path("."), YAML)
    config.project = os.environ["PROJECT"]
    config.registry.path = os.environ["REGISTRY"]
    return FeatureStore(config=config)


def listing():
    store = open_store()
    config = store.config
    return {
        "config": [config.provider, config.offline_store.type, config.online_store.type, config.online_store.connection_string, config.entity_key_serialization_version],
        "projects": sorted(p.name for p in store.list_projects()),
        "entities": sorted([e.name, e.join_key, e.value_type.name, e.description] for e in store.list_entities()),
        "sources": sorted([s.name, type(s).__name__, s.table, s.timestamp_field, s.created_timestamp_column, dict(s.field_mapping)] for s in store.list_data_sources()),
        "views": sorted([v.name, sorted(v.entities), [[f.name, str(f.dtype)] for f in v.features], v.ttl.total_seconds() if v.ttl else None, v.online,
                         [[s.timestamp(), e.timestamp()] for s, e in v.materialization_intervals], v.batch_source.table] for v in store.list_feature_views()),
        "services": [[s.name, [[p.name, [f.name for f in p.features]] for p in s.feature_view_projections]] for s in store.list_feature_services()],
        "versions": [[r["version"], r["feature_view_type"]] for r in store.registry.list_feature_view_versions("weather", store.project)],
        "note": store.registry.get_project_metadata(store.project, "ml_pipeline.online_marks"),
    }


def apply():
    """A repository of Feast's own, with what our text of its messages does not have."""
    from feast import BigQuerySource, Entity, FeatureService, FeatureView, Field, ValueType
    from feast.permissions.permission import Permission
    from feast.permissions.policy import RoleBasedPolicy
    from feast.types import Float64, String

    airport = Entity(name="airport", join_keys=["origin"], value_type=ValueType.STRING, description="by Feast")
    table = BigQuerySource(name="weather_source", table="feature_mart.weather", timestamp_field="event_timestamp", created_timestamp_column="created_timestamp", field_mapping={"temperature": "temp"})
    query = BigQuerySource(name="a_query", query="SELECT * FROM feature_mart.weather", timestamp_field="event_timestamp")
    schema = [Field(name="origin", dtype=String), Field(name="temp", dtype=Float64)]
    weather = FeatureView(name="weather", entities=[airport], ttl=timedelta(hours=6), source=table, owner="someone", org="ads", offline=True, schema=schema)
    queried = FeatureView(name="queried", entities=[airport], source=query, schema=schema)
    store = open_store()
    store.apply([airport, weather, queried, FeatureService(name="delay_v1", features=[weather[["temp"]]]), Permission(name="readers", policy=RoleBasedPolicy(roles=["reader"]))])
    store.registry.set_project_metadata(store.project, "theirs", "kept")
    return None


def kept():
    store = open_store()
    weather = store.get_feature_view("weather")
    return {"org": weather.org, "offline": weather.offline, "description": weather.description, "permissions": [p.name for p in store.list_permissions()],
            "theirs": store.registry.get_project_metadata(store.project, "theirs"), "projects": sorted(p.name for p in store.list_projects())}


COMMANDS = (listing, apply, kept)
answer = {command.__name__: command for command in COMMANDS}[sys.argv[1]]()
print("\n" + json.dumps(answer))
