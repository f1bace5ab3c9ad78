"""Models of TensorFlow: those of Keras, and modules as SavedModel.

The names are those of `mlflow.tensorflow`. The library is imported when a model is saved or loaded.
"""

from trackhelm.autologging.tensorflow import autolog, load_checkpoint
from trackhelm.tensorflow.flavor import (
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
    "load_checkpoint",
    "load_model",
    "log_model",
    "save_model",
]
