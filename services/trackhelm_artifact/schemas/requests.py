"""Requests about files."""

from typing import Annotated

from pydantic import Field

from trackhelm_core.wire.numbers import WHOLE
from trackhelm_core.wire.requests import Int64, OfRun, Required, WireModel

# A signed URL lives for a week at most, in every cloud.
Seconds = Annotated[int, Field(ge=1, le=604_800), WHOLE]


class Paged(WireModel):
    """A listing, in one answer or, where one of the two is given, page by page."""

    max_results: Int64 = 0
    page_token: str = ""


class ListPath(Paged):
    """`GET mlflow-artifacts/artifacts`."""

    path: str = ""


class ListArtifacts(OfRun, Paged):
    """`GET artifacts/list`."""

    path: str = ""


class RunFile(OfRun):
    """`GET /get-artifact` and `POST upload-artifact`."""

    path: Required


class VersionFile(WireModel):
    """`GET /model-versions/get-artifact`."""

    name: Required
    version: Required
    path: Required


class ListModelArtifacts(Paged):
    """`GET logged-models/{model_id}/artifacts/directories`."""

    artifact_directory_path: str = ""


class ModelFile(WireModel):
    """`GET logged-models/{model_id}/artifacts/files`."""

    artifact_file_path: str = ""


class PresignUpload(WireModel):
    """`POST artifacts/presigned-upload-url`: of either a run or a logged model."""

    run_id: str = ""
    model_id: str = ""
    path: Required
    expiration: Seconds = 900


class PresignDownload(WireModel):
    """`POST artifacts/presigned-download-url`."""

    run_id: Required
    path: Required
    expiration: Seconds = 900


class AbortUpload(WireModel):
    """`POST mpu/abort/{directory}`. What is required is checked behind it: a folder refuses it all alike."""

    path: str = ""
    upload_id: str = ""


class CreateUpload(WireModel):
    """`POST mpu/create/{directory}`: `path` is the file's on the client's machine."""

    path: str = ""
    num_parts: Int64 = 1


class UploadedPart(WireModel):
    """A part that the client has sent."""

    part_number: Int64 = 0
    etag: str = ""


class CompleteUpload(AbortUpload):
    """`POST mpu/complete/{directory}`."""

    parts: tuple[UploadedPart, ...] = ()
