"""Expect a refusal in the form that scripts rely on: MLflow's exception with MLflow's error code."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from mlflow.exceptions import MlflowException


@contextmanager
def refused(error_code: str, *words: str) -> Iterator[None]:
    """Require the block to raise MlflowException with this code and a message that holds these words."""
    with pytest.raises(MlflowException) as caught:
        yield
    assert caught.value.error_code == error_code
    for word in words:
        assert word in str(caught.value)
