"""A Feast store over the benchmark's servers, with a registry file of its own. Options are JSON on standard input; the outcome is JSON on the last line of standard output."""
import json
import sys


def read_options():
    return json.load(sys.stdin)


def open_store(options):
    from feast import FeatureStore, RepoConfig
    from feast.infra.offline_stores.contrib.postgres_offline_store.postgres import PostgreSQLOfflineStoreConfig

    postgres, redis = options["postgres"], options["redis"]
    offline = PostgreSQLOfflineStoreConfig(
        type="postgres", host=postgres["host"], port=postgres["port"], database=postgres["database"], db_schema="feature_mart",
        user=postgres["user"], password=postgres["password"], sslmode="disable")
    online = {"type": "redis", "redis_type": "redis", "connection_string": f"{redis['host']}:{redis['port']},password={redis['password']},db=0"}
    return FeatureStore(config=RepoConfig(
        project=options["project"], provider="local", registry=f"{options['folder']}/registry.db", offline_store=offline,
        online_store=online, entity_key_serialization_version=3))


def peak_megabytes():
    with open("/proc/self/status", encoding="utf8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def tell(outcome):
    print(json.dumps({**outcome, "peakMb": peak_megabytes()}))
