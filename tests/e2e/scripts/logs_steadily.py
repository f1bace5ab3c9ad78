"""A training that logs known values to a run, and notes each call that the server acknowledged.

Usage: logs_steadily.py RUN_ID JOURNAL EPOCHS

The journal has one JSON line a call, written after the call returned: the server has promised to keep it.
"""

import json
import sys
from pathlib import Path

import mlflow
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient

POINTS_A_BATCH = 20


def main(run_id: str, journal_file: str, epochs: int) -> None:
    client = MlflowClient()
    with mlflow.start_run(run_id=run_id), Path(journal_file).open("a") as journal:

        def acknowledged(kind: str, content: object) -> None:
            journal.write(json.dumps([kind, content]) + "\n")
            journal.flush()

        for epoch in range(epochs):
            mlflow.log_param(f"param-{epoch}", epoch)
            acknowledged("params", {f"param-{epoch}": str(epoch)})

            mlflow.log_metric("loss", 1 / (epoch + 1), step=epoch)
            acknowledged("points", [["loss", epoch, 1 / (epoch + 1)]])

            mlflow.log_metrics({"accuracy": epoch / epochs, "recall": epoch / epochs / 2}, step=epoch)
            acknowledged(
                "points", [["accuracy", epoch, epoch / epochs], ["recall", epoch, epoch / epochs / 2]]
            )

            steps = range(epoch * POINTS_A_BATCH, (epoch + 1) * POINTS_A_BATCH)
            client.log_batch(
                run_id, metrics=[Metric("batch", step / 8, 1_700_000_000_000 + step, step) for step in steps]
            )
            acknowledged("points", [["batch", step, step / 8] for step in steps])

            mlflow.set_tag(f"tag-{epoch}", f"value {epoch}")
            acknowledged("tags", {f"tag-{epoch}": f"value {epoch}"})

            mlflow.log_text(f"epoch {epoch}\n" * 50, f"notes/epoch-{epoch}.txt")
            acknowledged("files", {f"notes/epoch-{epoch}.txt": f"epoch {epoch}\n" * 50})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
