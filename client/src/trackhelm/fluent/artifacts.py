"""Artifacts of the active run, which is started if there is none."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackhelm.client import MlflowClient
from trackhelm.fluent.experiments import experiment_of_run
from trackhelm.fluent.logging import current_run

if TYPE_CHECKING:
    import pandas as pd


def log_artifact(local_path: str | Path, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Store a file, or a folder under its own name.

    Args:
        local_path: The file.
        artifact_path: The folder of the run's artifacts into which it goes; the root by default.
        run_id: Another run than the active one.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.log_artifact("model.pt", "checkpoints")
    """
    MlflowClient().log_artifact(_run(run_id), local_path, artifact_path)


def log_artifacts(local_dir: str | Path, artifact_path: str | None = None, run_id: str | None = None) -> None:
    """Store everything in a folder."""
    MlflowClient().log_artifacts(_run(run_id), local_dir, artifact_path)


def log_text(text: str, artifact_file: str, run_id: str | None = None) -> None:
    """Store a text as a file (UTF-8)."""
    MlflowClient().log_text(_run(run_id), text, artifact_file)


def log_dict(dictionary: Any, artifact_file: str, run_id: str | None = None) -> None:
    """Store a dictionary or list as a file: YAML if its name ends so, else JSON."""
    MlflowClient().log_dict(_run(run_id), dictionary, artifact_file)


def log_stream(
    stream: io.BufferedIOBase | io.RawIOBase, artifact_file: str, run_id: str | None = None
) -> None:
    """Store what a binary stream gives until its end as a file."""
    MlflowClient().log_stream(_run(run_id), stream, artifact_file)


def log_figure(figure: Any, artifact_file: str, *, save_kwargs: dict[str, Any] | None = None) -> None:
    """Store a figure of matplotlib or plotly as a file, in the format of its name."""
    MlflowClient().log_figure(_run(None), figure, artifact_file, save_kwargs=save_kwargs)


def log_image(
    image: Any,
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = False,
) -> None:
    """Store an image: under a path, or as one of a series with a key and a step.

    Args:
        image: A numpy array, a Pillow image, or a `trackhelm.Image`.
        artifact_file: The path.
        key: The name of the series instead.
        step: The step of the image in its series, 0 by default.
        timestamp: Milliseconds since 1970, now by default.
        synchronous: True to return when an image of a series is stored, which is else sent in the background.
    """
    client = MlflowClient()
    client.log_image(_run(None), image, artifact_file, key, step, timestamp, bool(synchronous))


def log_table(data: "dict[str, Any] | pd.DataFrame", artifact_file: str, run_id: str | None = None) -> None:
    """Store a table as JSON or Parquet, or add its rows to the one that is there. It needs pandas."""
    MlflowClient().log_table(_run(run_id), data, artifact_file)


def load_table(
    artifact_file: str, run_ids: list[str] | None = None, extra_columns: list[str] | None = None
) -> "pd.DataFrame":
    """Return the rows of a table of several runs of the active experiment as one pandas data frame.

    Args:
        artifact_file: The path of the table in each run.
        run_ids: The runs; all that have the table by default.
        extra_columns: Columns of `search_runs`, such as `run_id`, that are added.
    """
    experiment_id, _ = experiment_of_run()
    return MlflowClient().load_table(experiment_id or "", artifact_file, run_ids, extra_columns)


def get_artifact_uri(artifact_path: str | None = None) -> str:
    """Return the URI of the active run's artifacts, or of a path among them."""
    root = MlflowClient().get_run(_run(None)).info.artifact_uri or ""
    if not artifact_path:
        return root
    base, mark, query = root.partition("?")
    return f"{base}/{artifact_path.strip('/')}{mark}{query}"


def _run(run_id: str | None) -> str:
    return run_id or current_run().info.run_id
