"""Answers with URLs of the store. Most fields have no default, because clients expect each to be present."""

from trackhelm_core.wire.replies import Reply


class PartAddress(Reply, frozen=True):
    """The URL to which a part is sent with PUT, and the headers it needs."""

    url: str
    part_number: int
    headers: dict[str, str]


class Upload(Reply, frozen=True):
    """The answer of `mpu/create`."""

    upload_id: str
    credentials: list[PartAddress]


class Download(Reply, frozen=True):
    """The answer of `presigned/{path}`."""

    url: str
    headers: dict[str, str]
    file_size: int


class PresignedUpload(Reply, frozen=True):
    """The answer of `artifacts/presigned-upload-url`."""

    presigned_url: str
    headers: dict[str, str]


class PresignedDownload(Reply, frozen=True):
    """The answer of `artifacts/presigned-download-url`."""

    presigned_url: str
    headers: dict[str, str]
    file_size: int
