"""Models of LightGBM: boosters in LightGBM's own format, and those with scikit-learn's interface as skops.

The names are those of `mlflow.lightgbm`. The library is imported when a model is saved or loaded.
"""

from trackhelm.autologging.lightgbm import autolog
from trackhelm.lightgbm.flavor import (
    FLAVOR_NAME,
    _load_pyfunc,
    get_default_conda_env,
    get_default_pip_requirements,
    load_model,
    log_model,
    save_model,
)

__all__ = [
    "FLAVOR_NAME",
    "_load_pyfunc",
    "autolog",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_model",
    "log_model",
    "save_model",
]
