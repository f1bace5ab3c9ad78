"""A dataset as a run notes it: what it is called, the digest of its content, and where it came from."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from trackhelm.entities import Dataset as DatasetEntity

DIGEST_LENGTH: Final = 32
"""The characters of a digest; a server takes at most 36."""


class Dataset:
    """A dataset, as the functions of `trackhelm.data` make it.

    Args:
        name: What it is called.
        digest: The version of its content, at most 36 characters.
        source_type: Such as `local`, `http`, `code`, `hugging_face` or `s3`.
        source: Where it came from, which becomes JSON.
        schema: Its columns or shapes, which become JSON.
        profile: Its size, which becomes JSON.
        data: What it was made of.
    """

    def __init__(
        self,
        name: str,
        digest: str,
        source_type: str,
        source: Mapping[str, Any],
        schema: Any = None,
        profile: Any = None,
        data: Any = None,
    ) -> None:
        self.name = name
        self.digest = digest
        self.source_type = source_type
        self.source = dict(source)
        self.schema = schema
        self.profile = profile
        self._data = data

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: name={self.name!r}, digest={self.digest!r}, source={self.source!r}>"

    @property
    def data(self) -> Any:
        """What it was made of: a data frame, arrays, or a path."""
        return self._data

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as texts."""
        return self.to_entity().to_dictionary()

    def to_json(self) -> str:
        """Return the fields as a JSON object."""
        return json.dumps(self.to_dict())

    def to_entity(self) -> DatasetEntity:
        """Return the dataset as the API takes it."""
        return DatasetEntity(
            self.name,
            self.digest,
            self.source_type,
            json.dumps(self.source, default=str),
            None if self.schema is None else json.dumps(self.schema, default=str),
            None if self.profile is None else json.dumps(self.profile, default=str),
        )


def source_of(source: Any) -> tuple[str, dict[str, Any]]:
    """Return the type and fields of a source: an address, a path, or this program if it is None."""
    if source is None:
        program = sys.argv[0] if sys.argv and sys.argv[0] else "<console>"
        return "code", {"tags": {"mlflow.source.name": program, "mlflow.source.type": "LOCAL"}}
    if isinstance(source, Mapping):
        return str(source.get("type", "custom")), dict(source)
    text = str(source)
    scheme, separator, _ = text.partition("://")
    if separator and scheme != "file":
        return ("http" if scheme in {"http", "https"} else scheme), {"uri": text}
    return "local", {"uri": str(Path(text.removeprefix("file://")).absolute())}
