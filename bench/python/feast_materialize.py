"""Feast's materialize of a wide table of floats into Redis."""
import time
from datetime import datetime, timezone

from feast_store import open_store, read_options, tell


def main():
    from feast import Entity, FeatureView, Field, ValueType
    from feast.infra.offline_stores.contrib.postgres_offline_store.postgres_source import PostgreSQLSource
    from feast.types import Float64

    options = read_options()
    store = open_store(options)
    user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.INT64)
    source = PostgreSQLSource(name="wide", table=options["table"], timestamp_field="event_timestamp", created_timestamp_column="created_timestamp")
    store.apply([user, FeatureView(name="wide", entities=[user], ttl=None, schema=[Field(name=name, dtype=Float64) for name in options["features"]], source=source)])
    start = time.perf_counter()
    store.materialize(datetime.fromisoformat(options["start"]), datetime.now(timezone.utc), ["wide"])
    tell({"seconds": time.perf_counter() - start})


main()
