"""Models of PyTorch: exported graphs (pt2) by default, or pickles.

The names are those of `mlflow.pytorch`. The library is imported when a model is saved or loaded.
"""

from trackhelm.autologging.pytorch import autolog, load_checkpoint, watch
from trackhelm.pytorch.flavor import (
    FLAVOR_NAME,
    _load_pyfunc,
    get_default_conda_env,
    get_default_pip_requirements,
    load_model,
    load_state_dict,
    log_model,
    log_state_dict,
    save_model,
    save_state_dict,
)

__all__ = [
    "FLAVOR_NAME",
    "_load_pyfunc",
    "autolog",
    "get_default_conda_env",
    "get_default_pip_requirements",
    "load_checkpoint",
    "load_model",
    "load_state_dict",
    "log_model",
    "log_state_dict",
    "save_model",
    "save_state_dict",
    "watch",
]
