"""The names that MLflow has in `mlflow.tracking`, for scripts that import them from there."""

from trackhelm.client import MlflowClient
from trackhelm.destinations import (
    get_registry_uri,
    get_tracking_uri,
    is_tracking_uri_set,
    set_registry_uri,
    set_tracking_uri,
)

__all__ = [
    "MlflowClient",
    "get_registry_uri",
    "get_tracking_uri",
    "is_tracking_uri_set",
    "set_registry_uri",
    "set_tracking_uri",
]
