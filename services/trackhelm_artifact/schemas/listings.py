"""Answers that list files."""

import msgspec

from trackhelm_core.wire.replies import Reply


class FileInfo(Reply, frozen=True):
    """A file or directory. The size is left out for directories and for empty files, as clients know it."""

    path: str
    is_dir: bool
    file_size: int = 0


class DirectoryListing(Reply, frozen=True):
    """The answer of `mlflow-artifacts/artifacts`: paths are names within the directory."""

    files: list[FileInfo] = msgspec.field(default_factory=list)
    next_page_token: str = ""


class EntityListing(Reply, frozen=True):
    """The answer of `artifacts/list` and its like for logged models: paths start at `root_uri`."""

    root_uri: str
    files: list[FileInfo] = msgspec.field(default_factory=list)
    next_page_token: str = ""
