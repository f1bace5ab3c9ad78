"""Small things to train and log, so that each test can be about what the server keeps."""

import mlflow
import numpy as np
from mlflow.models.model import ModelInfo
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

# Named requirements keep log_model from starting a second interpreter to find out what the model imports.
REQUIREMENTS = ["scikit-learn", "cloudpickle"]


def iris_split() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Iris as train features, test features, train labels, test labels."""
    features, labels = load_iris(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(features, labels, random_state=7)
    return train_x, test_x, train_y, test_y


def trained_forest(trees: int = 10) -> RandomForestClassifier:
    """Fit a random forest on iris; the same one each time."""
    train_x, _, train_y, _ = iris_split()
    return RandomForestClassifier(n_estimators=trees, random_state=7).fit(train_x, train_y)


def log_constant_model(
    answer: int, name: str = "model", registered_model_name: str | None = None
) -> ModelInfo:
    """Log a model that always predicts one number, so that a test sees which one it was given back."""
    model = DummyClassifier(strategy="constant", constant=answer).fit([[0], [0]], [answer, answer + 1])
    return mlflow.sklearn.log_model(
        model,
        name=name,
        serialization_format="cloudpickle",
        pip_requirements=REQUIREMENTS,
        registered_model_name=registered_model_name,
    )


def answer_of(model_uri: str) -> int:
    """Load a model logged by `log_constant_model` and say which one it is."""
    return int(mlflow.sklearn.load_model(model_uri).predict([[0]])[0])
