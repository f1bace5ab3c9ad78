"""Models as files: signatures, input examples, the MLmodel file, and what is installed for a model.

The names are those of `mlflow.models`. Each is imported when it is first used.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from trackhelm.models.config import ModelConfig, set_model
    from trackhelm.models.enforcement import validate_schema
    from trackhelm.models.examples import convert_input_example_to_serving_input
    from trackhelm.models.model import Model, ModelInfo, get_model_info
    from trackhelm.models.signature import ModelSignature, infer_signature, set_signature
    from trackhelm.models.trust import allow_pickle

__all__ = [
    "Model",
    "ModelConfig",
    "ModelInfo",
    "ModelSignature",
    "allow_pickle",
    "convert_input_example_to_serving_input",
    "get_model_info",
    "infer_signature",
    "set_model",
    "set_signature",
    "validate_schema",
]

_HOMES: Final = {
    "Model": "model",
    "ModelConfig": "config",
    "ModelInfo": "model",
    "ModelSignature": "signature",
    "allow_pickle": "trust",
    "convert_input_example_to_serving_input": "examples",
    "get_model_info": "model",
    "infer_signature": "signature",
    "set_model": "config",
    "set_signature": "signature",
    "validate_schema": "enforcement",
}


def __getattr__(name: str) -> Any:
    """Import a name from its module, once."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'trackhelm.models' has no attribute {name!r}")
    value = getattr(import_module(f"trackhelm.models.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
