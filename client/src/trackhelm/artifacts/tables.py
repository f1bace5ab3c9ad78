"""Tables as artifacts, and runs as a table. It needs pandas, which only who uses tables has to have."""

import io
import posixpath
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackhelm.exceptions import MlflowException

if TYPE_CHECKING:
    import pandas as pd

    from trackhelm.entities import Run


def as_frame(data: Any) -> "pd.DataFrame":
    """Return a dictionary of columns, or of one row, as a data frame; a data frame is copied."""
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data.copy()
    if not isinstance(data, dict):
        raise MlflowException.invalid_parameter_value("data must be a pandas.DataFrame or a dictionary")
    try:
        return pd.DataFrame(data)
    except ValueError:
        return pd.DataFrame([data])


def with_stored_images(
    frame: "pd.DataFrame", artifact_file: str, store: Callable[[str, bytes], None]
) -> "pd.DataFrame":
    """Return a table whose images are stored as files and replaced by their paths."""
    from trackhelm.artifacts.images import Image

    def is_image(value: Any) -> bool:
        return isinstance(value, Image) or (hasattr(value, "save") and hasattr(value, "resize"))

    for column in frame.select_dtypes(include=["object"]).columns:
        images = [is_image(value) for value in frame[column]]
        if not any(images):
            continue
        if not all(images):
            raise ValueError(
                f"Column `{column}` contains a mix of images and non-images. Please ensure that all "
                "elements in the column are of the same type."
            )
        table = posixpath.splitext(artifact_file)[0]
        frame[column] = [_stored_image(value, f"table_images/{table}", store) for value in frame[column]]
    return frame


def _stored_image(image: Any, folder: str, store: Callable[[str, bytes], None]) -> dict[str, str]:
    from trackhelm.artifacts.images import thumbnail, to_pillow

    pillow = to_pillow(image)
    path = f"{folder}/{uuid.uuid4()}"
    for ending, shown, kind in ((".png", pillow, "PNG"), (".webp", thumbnail(pillow), "WEBP")):
        content = io.BytesIO()
        shown.save(content, format=kind)
        store(path + ending, content.getvalue())
    return {"type": "image", "filepath": f"{path}.png", "compressed_filepath": f"{path}.webp"}


def write_table(frame: "pd.DataFrame", path: Path) -> None:
    """Write a table to a file, as JSON or Parquet by its name."""
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
        return
    try:
        frame.to_json(path, orient="split", index=False, date_format="iso")
    except (TypeError, ValueError, OverflowError) as error:
        raise MlflowException(
            f"Failed to save the table as the data is not JSON serializable. Error: {error}"
        ) from error


def read_table(path: Path) -> "pd.DataFrame":
    """Return the table in a file."""
    import pandas as pd

    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_json(path, orient="split")


def runs_as_frame(runs: "Sequence[Run]") -> "pd.DataFrame":
    """Return runs as a table: what they are, then `metrics.*`, `params.*` and `tags.*`.

    A metric that a run lacks is NaN, a param or tag None.
    """
    import pandas as pd

    columns: dict[str, Any] = {
        "run_id": [run.info.run_id for run in runs],
        "experiment_id": [run.info.experiment_id for run in runs],
        "status": [run.info.status for run in runs],
        "artifact_uri": [run.info.artifact_uri for run in runs],
        "start_time": pd.to_datetime([run.info.start_time for run in runs], unit="ms", utc=True),
        "end_time": pd.to_datetime([run.info.end_time for run in runs], unit="ms", utc=True),
    }
    for group, lacking in (("metrics", float("nan")), ("params", None), ("tags", None)):
        values: list[dict[str, Any]] = [getattr(run.data, group) for run in runs]
        keys = dict.fromkeys(key for found in values for key in found)
        for key in keys:
            columns[f"{group}.{key}"] = [found.get(key, lacking) for found in values]
    return pd.DataFrame(columns)
