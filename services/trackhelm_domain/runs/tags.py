"""The tags that have a meaning in MLflow, and which values must never be truncated."""

from json import JSONDecodeError
from typing import Final

from trackhelm_core.wire.json import decode_json

RESERVED: Final = "mlflow."
"""The prefix of the keys that have a meaning in MLflow."""

RUN_NAME: Final = "mlflow.runName"
"""Always has the run's name: a change of one changes the other."""

LOGGED_MODEL_HISTORY: Final = "mlflow.log-model.history"
"""A JSON list of the models that clients before 3.0 logged to the run."""


def must_stay_whole(key: str, value: str) -> bool:
    """Return whether a client may read the tag and append to it: it is MLflow's own, or JSON.

    Clients append to a list (of a run's tables, models, prompts), which they could not read if it were
    truncated.
    """
    return key.startswith(RESERVED) or (value.lstrip()[:1] in {"[", "{"} and _is_json(value))


def _is_json(text: str) -> bool:
    try:
        decode_json(text)
    except JSONDecodeError:
        return False
    return True
