"""The part of the port by which clients move files to and from a store themselves.

Whoever holds a signed address may use it until it ends, without credentials: it is for one method on one key.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trackhelm_core.objects.keys import ObjectKey


class UploadError(Exception):
    """The store refuses to complete a multipart upload; the message says what is wrong with it."""


class MissingUploadError(Exception):
    """There is no such multipart upload, or no longer."""


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """An address for one request, and the headers that must be sent with it."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A part that a client has sent; `etag` as the store answered it."""

    number: int
    etag: str


@dataclass(frozen=True, slots=True)
class Label:
    """How the store is to label a file that it sends, so that no browser runs it."""

    media_type: str
    disposition: str


class Multipart(Protocol):
    """Uploads whose parts a client sends to the store, in any order and at once.

    Nobody sees the file before it is completed. Raises `StoreUnavailableError`.
    """

    async def begin(self, key: ObjectKey) -> str:
        """Return the id of a new upload."""

    async def part_urls(
        self, key: ObjectKey, upload_id: str, count: int, seconds: int
    ) -> Sequence[SignedUrl]:
        """Return the addresses to PUT the parts 1 to `count` to."""

    async def complete(self, key: ObjectKey, upload_id: str, parts: Sequence[Part]) -> None:
        """Make the parts one file; again is no fault. Raises `UploadError` and `MissingUploadError`."""

    async def abort(self, key: ObjectKey, upload_id: str) -> None:
        """Drop the upload; one that is not there is dropped already."""


class DirectAccess(Protocol):
    """Addresses of a store for clients."""

    @property
    def multipart(self) -> Multipart | None:
        """Uploads in parts; None if the store has none that it could sign."""

    async def download_url(self, key: ObjectKey, seconds: int, label: Label) -> SignedUrl:
        """Return the address to GET a file from."""

    async def upload_url(self, key: ObjectKey, seconds: int) -> SignedUrl:
        """Return the address to PUT a file to."""
