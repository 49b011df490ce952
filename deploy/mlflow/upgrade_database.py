"""Brings the database of MLFLOW_BACKEND_STORE_URI to this version's schema. The address holds a password: it must be in no argument, which other processes can see."""

import os

from mlflow.db import upgrade

upgrade.main([os.environ["MLFLOW_BACKEND_STORE_URI"]], standalone_mode=False)
