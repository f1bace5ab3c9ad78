"""The fixtures of the end-to-end suite, for the frameworks' environment."""

import os

# TensorFlow reads these when it is imported: no GPU is looked for, and it prints errors only.
os.environ.update({"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"})

# Fixtures that a conftest imports are its own: the server under test starts here as it does there.
from tests.e2e.conftest import client, experiment, model_name, pytest_runtest_makereport, server, tracking

__all__ = ["client", "experiment", "model_name", "pytest_runtest_makereport", "server", "tracking"]
