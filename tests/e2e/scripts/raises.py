"""A training that fails in the middle. Prints its run's id first."""

import sys

import mlflow

with mlflow.start_run() as run:
    sys.stdout.write(run.info.run_id)
    sys.stdout.flush()
    mlflow.log_metric("loss", 0.5)
    raise RuntimeError("the loader found no images")
