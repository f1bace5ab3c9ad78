"""The tags that MLflow gives a meaning, and which values must never be cut."""

from json import JSONDecodeError
from typing import Final

from trackhelm_core.wire.json import decode_json

RESERVED: Final = "mlflow."
"""What the keys begin with that MLflow gives a meaning."""

RUN_NAME: Final = "mlflow.runName"
"""Always holds the run's name: changing one changes the other."""

LOGGED_MODEL_HISTORY: Final = "mlflow.log-model.history"
"""A JSON list of the models that clients before 3.0 logged to the run."""


def must_stay_whole(key: str, value: str) -> bool:
    """Return whether clients may read a tag back to go on with it: it is MLflow's own, or JSON.

    They append to a list (of a run's tables, models, prompts), which they could not read if it were cut.
    """
    return key.startswith(RESERVED) or (value.lstrip()[:1] in {"[", "{"} and _is_json(value))


def _is_json(text: str) -> bool:
    try:
        decode_json(text)
    except JSONDecodeError:
        return False
    return True
