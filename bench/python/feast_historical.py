"""Feast's get_historical_features to a Parquet file: the project's four views of flights, as its own definitions. The spine is a query, so that no row of it goes to the server from here."""
import time
from datetime import timedelta

from feast_store import open_store, read_options, tell

FLOATS = ["temp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib"]


def definitions():
    from feast import Entity, FeatureView, Field, ValueType
    from feast.infra.offline_stores.contrib.postgres_offline_store.postgres_source import PostgreSQLSource
    from feast.types import Float64, Int64

    origin, tailnum, carrier = (Entity(name=name, join_keys=[name], value_type=ValueType.STRING) for name in ["origin", "tailnum", "carrier"])

    def view(name, entities, ttl, fields):
        source = PostgreSQLSource(name=name, table=f"feature_mart.{name}", timestamp_field="event_timestamp", created_timestamp_column="created_timestamp")
        return FeatureView(name=name, entities=entities, ttl=ttl, schema=fields, source=source, online=False)

    def stats(prefix):
        return [Field(name=f"{prefix}_flights_7d", dtype=Int64), Field(name=f"{prefix}_mean_dep_delay_7d", dtype=Float64), Field(name=f"{prefix}_share_late_7d", dtype=Float64)]

    views = [
        view("weather", [origin], timedelta(hours=6), [Field(name=name, dtype=Float64) for name in FLOATS]),
        view("plane_stats", [tailnum], timedelta(days=30), stats("plane")),
        view("carrier_stats", [carrier, origin], timedelta(days=30), stats("carrier")),
        view("plane_info", [tailnum], None, [Field(name=name, dtype=Int64) for name in ["year", "seats", "engines"]]),
    ]
    return [origin, tailnum, carrier, *views], [f"{each.name}:{field.name}" for each in views for field in each.features]


def main():
    import pyarrow.parquet

    options = read_options()
    store = open_store(options)
    objects, features = definitions()
    store.apply(objects)
    start = time.perf_counter()
    table = store.get_historical_features(entity_df=f"SELECT * FROM {options['spine']}", features=features).to_arrow()
    pyarrow.parquet.write_table(table, options["output"])
    tell({"seconds": time.perf_counter() - start})


main()
