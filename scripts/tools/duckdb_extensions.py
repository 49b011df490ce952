"""Puts the extensions that came as wheels where DuckDB looks for them, so that it needs no network: duckdb_extensions.py HOME"""

import importlib.util
import pathlib
import shutil
import sys

import duckdb

NAMES = ("icu", "ducklake", "httpfs", "spatial")

version = f"v{duckdb.__version__}"
platform = duckdb.sql("PRAGMA platform").fetchone()[0]
target = pathlib.Path(sys.argv[1]) / ".duckdb" / "extensions" / version / platform
target.mkdir(parents=True, exist_ok=True)
for name in NAMES:
    package = pathlib.Path(importlib.util.find_spec(f"duckdb_extension_{name}").origin).parent
    # A hard link where the file system has them: the files are 150 MB.
    source = package / "extensions" / version / f"{name}.duckdb_extension"
    destination = target / source.name
    destination.unlink(missing_ok=True)
    try:
        destination.hardlink_to(source)
    except OSError:
        shutil.copy(source, destination)
