"""A training that goes on until somebody presses Ctrl-C. Prints its run's id once it is under way."""

import signal
import sys

import mlflow

# A shell that starts tests in the background ignores Ctrl-C on behalf of everything below it.
signal.signal(signal.SIGINT, signal.default_int_handler)

with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5)
    sys.stdout.write(run.info.run_id + "\n")
    sys.stdout.flush()
    while True:
        signal.pause()
