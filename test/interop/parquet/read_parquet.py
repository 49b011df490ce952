"""Reads a Parquet file with pyarrow: prints {column: {"type": ..., "values": [...]}} as one JSON document.

usage: read_parquet.py FILE      (bytes as hexadecimal text, instants as microseconds)
"""

import json
import sys
from datetime import datetime, timedelta, timezone

import pyarrow.parquet as parquet

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def plain(value):
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    return value


table = parquet.read_table(sys.argv[1])
print(json.dumps({field.name: {"type": str(field.type), "values": [plain(value) for value in table[field.name].to_pylist()]} for field in table.schema}))
