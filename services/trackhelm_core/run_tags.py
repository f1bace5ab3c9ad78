"""The run tags that MLflow gives a meaning."""

from typing import Final

RUN_NAME: Final = "mlflow.runName"
"""Always holds the run's name: changing one changes the other."""

LOGGED_MODEL_HISTORY: Final = "mlflow.log-model.history"
"""A JSON list of the models that clients before 3.0 logged to the run."""
