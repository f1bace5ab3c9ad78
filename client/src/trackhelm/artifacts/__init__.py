"""Artifacts by their URIs: download, list, and load as text, dictionary or image.

Example:
    >>> import trackhelm as mlflow
    >>> mlflow.artifacts.load_text(run.info.artifact_uri + "/notes.txt")
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackhelm.exceptions import MlflowException

if TYPE_CHECKING:
    from trackhelm.artifacts.stores import ArtifactStore
    from trackhelm.entities import FileInfo

__all__ = ["download_artifacts", "list_artifacts", "load_dict", "load_image", "load_text"]


def download_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    dst_path: str | None = None,
    tracking_uri: str | None = None,
) -> str:
    """Download a file or folder and return its local path.

    Args:
        artifact_uri: Such as `runs:/RUN/model`, `models:/NAME/1` or the URI of a store.
        run_id: The run instead, together with `artifact_path`.
        artifact_path: The path in the run.
        dst_path: The folder into which it is written; a new temporary one by default.
        tracking_uri: Another server than the one that is set.
    """
    from trackhelm.artifacts.locations import download

    store, path = _located(artifact_uri, run_id, artifact_path, tracking_uri)
    return str(download(store, path, dst_path))


def list_artifacts(
    artifact_uri: str | None = None,
    run_id: str | None = None,
    artifact_path: str | None = None,
    tracking_uri: str | None = None,
) -> "list[FileInfo]":
    """List a folder; the arguments are those of `download_artifacts`."""
    store, path = _located(artifact_uri, run_id, artifact_path, tracking_uri)
    return store.list(path)


def load_text(artifact_uri: str) -> str:
    """Return a file as text (UTF-8)."""
    return _loaded(artifact_uri).decode()


def load_dict(artifact_uri: str) -> dict[str, Any]:
    """Return a file with JSON in it as a dictionary."""
    try:
        found: dict[str, Any] = json.loads(_loaded(artifact_uri))
    except ValueError as error:
        raise MlflowException(
            f"Unable to form a JSON object from the content of {artifact_uri}: {error}",
            error_code="BAD_REQUEST",
        ) from error
    return found


def load_image(artifact_uri: str) -> Any:
    """Return a file as an image of Pillow."""
    from io import BytesIO

    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(BytesIO(_loaded(artifact_uri)))
    except UnidentifiedImageError as error:
        raise MlflowException(
            f"Unable to form a PIL Image object from the content of {artifact_uri}: {error}",
            error_code="BAD_REQUEST",
        ) from error


def _loaded(artifact_uri: str) -> bytes:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="trackhelm-") as folder:
        return Path(download_artifacts(artifact_uri, dst_path=folder)).read_bytes()


def _located(
    artifact_uri: str | None, run_id: str | None, artifact_path: str | None, tracking_uri: str | None
) -> "tuple[ArtifactStore, str]":
    from trackhelm.artifacts.locations import locate
    from trackhelm.client import MlflowClient

    if (artifact_uri is None) == (run_id is None):
        raise MlflowException.invalid_parameter_value(
            "Exactly one of `run_id` or `artifact_uri` must be specified"
        )
    if artifact_uri is not None and artifact_path is not None:
        raise MlflowException.invalid_parameter_value(
            "`artifact_path` cannot be specified if `artifact_uri` is specified"
        )
    client = MlflowClient(tracking_uri)
    if run_id is not None:
        return locate(client, f"runs:/{run_id}/{artifact_path or ''}")
    return locate(client, str(artifact_uri))
