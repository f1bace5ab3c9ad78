"""Listings of S3 that obstore lacks or returns in one piece: a directory by pages, and unfinished uploads."""

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, NamedTuple, TypeVar, TypeVarTuple, Unpack
from urllib.parse import unquote_plus, urlencode, urlsplit, urlunsplit
from xml.etree.ElementTree import ParseError

import urllib3
from anyio import CapacityLimiter, to_thread
from minio import Minio
from minio.credentials.providers import Provider
from minio.error import MinioException
from minio.signer import presign_v4
from minio.time import utcnow

from trackhelm_artifact.objects.remote_calls import Budget
from trackhelm_artifact.objects.store import Interrupted, PageError, StoreUnavailableError, unavailable

# Calls of the MinIO SDK, which block, and the errors for a bucket that does not answer.

Args = TypeVarTuple("Args")
Result = TypeVar("Result")

_AT_ONCE: Final = 16
_REFUSED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class S3Calls:
    """Threads for the calls to one bucket, so that a store that hangs does not block other endpoints.

    `seconds` is how long a call waits for a free thread.
    """

    def __init__(self, bucket: str, seconds: float) -> None:
        self._bucket = bucket
        self._patience = seconds
        self._turns = Budget(_AT_ONCE)
        self._limiter = CapacityLimiter(_AT_ONCE)

    async def run(self, call: Callable[[Unpack[Args]], Result], *args: *Args) -> Result:
        """Make a call in a thread; it may also have to fetch the credentials for its signature.

        Raises `StoreUnavailableError`, and those of the port's errors and `FileNotFoundError` that the call
        raises.
        """
        try:
            async with self._turns.share(1, self._patience):
                return await to_thread.run_sync(call, *args, limiter=self._limiter)
        except FileNotFoundError:
            raise
        except (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError, ParseError) as error:
            # Among these errors is the TimeoutError of a call that waited too long for a thread.
            raise unavailable(self._bucket, "it could not be asked", str(error)) from error

    def unexpected(self, status: int, answer: str) -> StoreUnavailableError:
        """Return the error to raise for an unexpected answer."""
        reason = (
            "it refuses the server's credentials" if status in _REFUSED else "it did not answer as it should"
        )
        return unavailable(self._bucket, reason, f"{status} {answer}")


# Each page is a request to a URL that is signed here, so memory use does not depend on the number of files.

PAGE: Final = 1_000
"""The most names that S3 lists in one answer."""

_BEHIND: Final = "continuation-token"

_FIRST_LOOK: Final = 2
"""How many keys are requested to learn whether there is a file: one may be a directory's marker."""

_SLASHES: Final = ("/", "%2F", "%2f")

_SECONDS: Final = 300
_ANY_KEY: Final = "x"


@dataclass(frozen=True, slots=True)
class Signing:
    """What signing a request needs."""

    credentials: Provider
    region: str


class Listed(NamedTuple):
    """Files with their sizes, and directories; `rest` is the token of the next page, if there is one."""

    files: Sequence[tuple[str, int]]
    directories: Sequence[str]
    rest: str


class S3Listing:
    """Listings of one bucket below a prefix. Paths are given and returned without that prefix."""

    def __init__(
        self,
        client: Minio,
        signing: Signing,
        pool: urllib3.PoolManager,
        bucket: str,
        prefix: str,
        *,
        seconds: float,
    ) -> None:
        self._client = client
        self._signing = signing
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._pool = pool
        self._calls = S3Calls(bucket, seconds)

    async def page(self, directory: str, token: str, limit: int) -> Listed:
        """Return the first page of what is directly below a directory, or the page of a token.

        Raises `StoreUnavailableError`, `PageError` for an invalid token, `FileNotFoundError` without a
        bucket.
        """
        below = self._below(directory)
        page = await self._listed(below, token, limit, delimiter="/")
        name = _name_of(page)
        files = [
            (name(_text(item, "Key")).removeprefix(below), int(_text(item, "Size") or 0))
            for item in page.iterfind("{*}Contents")
        ]
        directories = [
            name(_text(item, "Prefix")).removeprefix(below).rstrip("/")
            for item in page.iterfind("{*}CommonPrefixes")
        ]
        return Listed(files, directories, _rest_of(page))

    async def holds_file(self, directory: str) -> bool:
        """Return whether any file is below a directory, at any depth; raises what `page` raises."""
        below = self._below(directory)
        first = await self._listed(below, "", _FIRST_LOOK)
        if _has_file(first) or len(first.findall("{*}Contents")) < _FIRST_LOOK:
            return _has_file(first)
        # The listing starts again: after a page that ends with a marker, SeaweedFS claims that nothing
        # follows.
        token = ""
        while True:
            page = await self._listed(below, token, PAGE)
            token = _rest_of(page)
            if _has_file(page) or not token:
                return _has_file(page)

    async def uploads(self, before: float) -> AsyncIterator[Sequence[Interrupted]]:
        """Yield multipart uploads begun before a time that were neither completed nor aborted."""
        query = {"uploads": "", "prefix": self._prefix, "max-uploads": str(PAGE), "encoding-type": "url"}
        while True:
            page = await self._calls.run(self._page, query)
            name = _name_of(page)
            found = [
                Interrupted(
                    name(_text(item, "Key")).removeprefix(self._prefix),
                    _text(item, "UploadId"),
                    datetime.fromisoformat(_text(item, "Initiated")).timestamp(),
                    is_ours=bool(self._prefix),
                )
                for item in page.iterfind("{*}Upload")
            ]
            yield [upload for upload in found if upload.started < before]
            key, upload = name(_text(page, "NextKeyMarker")), _text(page, "NextUploadIdMarker")
            if _text(page, "IsTruncated").lower() != "true" or not (key or upload):
                return
            query |= {"key-marker": key, "upload-id-marker": upload}

    async def drop(self, upload: Interrupted) -> None:
        """Abort a multipart upload."""
        status, body = await self._calls.run(self._abort, upload)
        if status not in {HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}:
            raise self._calls.unexpected(status, body[:200].decode(errors="replace"))

    def _below(self, directory: str) -> str:
        return self._prefix + (f"{directory}/" if directory else "")

    async def _listed(self, below: str, token: str, limit: int, **how: str) -> ET.Element:
        query = {"list-type": "2", "prefix": below, "encoding-type": "url", "max-keys": str(limit), **how}
        if token:
            query[_BEHIND] = token
        return await self._calls.run(self._page, query)

    def _page(self, query: Mapping[str, str]) -> ET.Element:
        status, body = self._send("GET", self._signed(query))
        if status == HTTPStatus.OK:
            return ET.fromstring(body)  # noqa: S314 - of the operator's own store
        if b"NoSuchBucket" in body:
            raise FileNotFoundError(f"NoSuchBucket: {self._bucket}")
        if status == HTTPStatus.BAD_REQUEST and _BEHIND in query:
            raise PageError("The store knows no such page.")
        raise self._calls.unexpected(status, body[:200].decode(errors="replace"))

    def _abort(self, upload: Interrupted) -> tuple[int, bytes]:
        url = self._client.get_presigned_url(
            "DELETE",
            self._bucket,
            self._prefix + upload.name,
            expires=timedelta(seconds=_SECONDS),
            extra_query_params={"uploadId": upload.handle},
        )
        return self._send("DELETE", url)

    def _signed(self, query: Mapping[str, str]) -> str:
        """Return a signed URL of the bucket itself, of the same form as the SDK's URLs of keys."""
        root = urlsplit(self._client.get_presigned_url("GET", self._bucket, _ANY_KEY))
        credentials = self._signing.credentials.retrieve()
        asked = dict(query)
        if credentials.session_token:
            asked["X-Amz-Security-Token"] = credentials.session_token
        ordered = urlencode(sorted(asked.items()), safe="-_.~").replace("+", "%20")
        signed = presign_v4(
            method="GET",
            url=root._replace(path=root.path.removesuffix(_ANY_KEY), query=ordered),
            region=self._signing.region,
            credentials=credentials,
            date=utcnow(),
            expires=_SECONDS,
        )
        return urlunsplit(signed)

    def _send(self, method: str, url: str) -> tuple[int, bytes]:
        answer = self._pool.request(method, url, redirect=False)
        return answer.status, answer.data


def _has_file(page: ET.Element) -> bool:
    # A key that ends in a slash is not a file's: web consoles mark a directory with it.
    return any(not _text(item, "Key").endswith(_SLASHES) for item in page.iterfind("{*}Contents"))


def _rest_of(page: ET.Element) -> str:
    """Return the token of the next page, empty if this is the last."""
    is_last = _text(page, "IsTruncated").lower() != "true"
    return "" if is_last else _text(page, "NextContinuationToken")


def _name_of(page: ET.Element) -> Callable[[str], str]:
    """Return the function that reads keys and prefixes of a page, which some servers encode on request."""
    # This is looked up once for each page, because some servers put it after the page's thousand items.
    return unquote_plus if _text(page, "EncodingType") == "url" else str


def _text(item: ET.Element, name: str) -> str:
    return item.findtext(f"{{*}}{name}") or ""
