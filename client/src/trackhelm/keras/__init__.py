"""Models of Keras 3, in Keras's own format.

The names are those of `mlflow.keras`. The library is imported when a model is saved or loaded.
"""

from trackhelm.autologging.keras import autolog
from trackhelm.keras.flavor import (
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
