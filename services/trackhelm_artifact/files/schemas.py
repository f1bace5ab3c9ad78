"""Requests and answers about files, and the answer about the server's features."""

from typing import Annotated

import msgspec
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from trackhelm_artifact.files.paths import invalid_path
from trackhelm_core.search.text import is_storable
from trackhelm_core.wire.replies import Reply
from trackhelm_core.wire.requests import WHOLE_MESSAGE, Int64, OfRun, Required, WireModel, same_run

# In every cloud, a presigned URL is valid for a week at most.
_MOST_SECONDS = 604_800


def _check_seconds(seconds: int) -> int:
    if not 1 <= seconds <= _MOST_SECONDS:
        raise PydanticCustomError(
            WHOLE_MESSAGE,
            "expiration must be between 1 and {most} seconds (got {given}).",
            {"most": _MOST_SECONDS, "given": seconds},
        )
    return seconds


Seconds = Annotated[Int64, AfterValidator(_check_seconds)]


def _check_characters(path: str) -> str:
    # This is checked before the general check of all texts, because the message about a path differs.
    if not is_storable(path):
        error = invalid_path(path, "it holds a NUL character or half a character")
        raise PydanticCustomError(WHOLE_MESSAGE, "{message}", {"message": error.message})
    return path


_Characters = AfterValidator(_check_characters)
Path = Annotated[str, _Characters]
RequiredPath = Annotated[Required, _Characters]


class Paged(WireModel):
    """A listing: in one answer, or page by page if one of the two fields is given."""

    max_results: Int64 = 0
    page_token: str = ""


class ListPath(Paged):
    """`GET mlflow-artifacts/artifacts`."""

    path: Path = ""


class ListArtifacts(OfRun, Paged):
    """`GET artifacts/list`."""

    path: Path = ""


class RunFile(OfRun):
    """`GET /get-artifact`."""

    path: RequiredPath


class UploadedFile(WireModel):
    """`POST upload-artifact`. Required fields are checked in the endpoint, which has messages of its own."""

    run_uuid: str = ""
    run_id: Annotated[str, AfterValidator(same_run)] = ""
    path: Path = ""


class VersionFile(WireModel):
    """`GET /model-versions/get-artifact`."""

    name: Required
    version: Required
    path: RequiredPath


class Archive(WireModel):
    """`GET trackhelm/artifacts/archive`: a folder of a run, a logged model or a model version."""

    run_id: str = ""
    model_id: str = ""
    name: str = ""
    version: str = ""
    path: Path = ""


class ListModelArtifacts(Paged):
    """`GET logged-models/{model_id}/artifacts/directories`."""

    artifact_directory_path: Path = ""


class ModelFile(WireModel):
    """`GET logged-models/{model_id}/artifacts/files`."""

    artifact_file_path: Path = ""


class PresignUpload(WireModel):
    """`POST artifacts/presigned-upload-url`, for a run or a logged model."""

    run_id: str = ""
    model_id: str = ""
    path: RequiredPath
    expiration: Seconds = 900


class PresignDownload(WireModel):
    """`POST artifacts/presigned-download-url`."""

    run_id: Required
    path: RequiredPath
    expiration: Seconds = 900


class AbortUpload(WireModel):
    """`POST mpu/abort/{directory}`. Required fields are checked later; for a folder, only `path`."""

    path: Path = ""
    upload_id: str = ""


class CreateUpload(WireModel):
    """`POST mpu/create/{directory}`; `path` is the file's path on the client's machine."""

    path: Path = ""
    num_parts: Int64 = 1


class UploadedPart(WireModel):
    """A part that the client has sent."""

    part_number: Int64 = 0
    etag: str = ""


class CompleteUpload(AbortUpload):
    """`POST mpu/complete/{directory}`."""

    parts: tuple[UploadedPart, ...] = ()


class FileInfo(Reply, frozen=True):
    """A file or directory. The size is left out for directories and empty files, as clients expect."""

    path: str
    is_dir: bool
    file_size: int = 0


class DirectoryListing(Reply, frozen=True):
    """The answer of `mlflow-artifacts/artifacts`; paths are relative to the directory."""

    files: list[FileInfo] = msgspec.field(default_factory=list)
    next_page_token: str = ""


class EntityListing(Reply, frozen=True):
    """The answer of `artifacts/list` and of its equivalent for logged models; paths start at `root_uri`."""

    root_uri: str
    files: list[FileInfo] = msgspec.field(default_factory=list)
    next_page_token: str = ""


class Features(Reply, frozen=True):
    """MLflow's optional features that are on. No field has a default: clients expect each to be present."""

    gateway: bool


class ServerInfo(Reply, frozen=True):
    """The answer of `server-info`. No field has a default: clients expect each to be present."""

    store_type: str
    workspaces_enabled: bool
    trace_archival_enabled: bool
    multipart_uploads_enabled: bool
    multipart_downloads_enabled: bool
    presigned_upload_run_id_supported: bool
    presigned_upload_model_id_supported: bool
    features_enabled: Features
