"""Connections to S3 and compatible stores, and the listings that obstore lacks or returns in one piece.

Files go through obstore, buckets and URLs through the MinIO SDK. Both get the same keys, or look for the
cloud's own in the same places: `AWS_*` variables, a web identity, and the role of the container or the
machine. The listings are a directory by pages, and unfinished uploads.
"""

import os
import threading
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar, TypeVarTuple, Unpack
from urllib.parse import unquote_plus, urlencode, urlsplit, urlunsplit
from xml.etree.ElementTree import ParseError

import structlog
import urllib3
from anyio import CapacityLimiter, to_thread
from minio import Minio
from minio.commonconfig import Filter
from minio.credentials.providers import (
    ChainedProvider,
    EnvAWSProvider,
    IamAwsProvider,
    Provider,
    StaticProvider,
)
from minio.error import MinioException, S3Error
from minio.lifecycleconfig import AbortIncompleteMultipartUpload, LifecycleConfig, Rule
from minio.signer import presign_v4
from minio.time import utcnow
from obstore.store import S3Store

from trackhelm_artifact.objects.remote_calls import Budget
from trackhelm_artifact.objects.store import Interrupted, PageError, StoreUnavailableError, unavailable
from trackhelm_core.settings import ObjectSettings

if TYPE_CHECKING:  # These names of obstore exist for type checkers only.
    from obstore.store import ClientConfig, RetryConfig, S3Config, S3Credential

log = structlog.get_logger(__name__)

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
        self._requests = Budget(_AT_ONCE)
        self._limiter = CapacityLimiter(_AT_ONCE)

    async def run(self, call: Callable[[Unpack[Args]], Result], *args: *Args) -> Result:
        """Make a call in a thread; it may also have to fetch the credentials for its signature.

        Raises `StoreUnavailableError`, and those of the port's errors and `FileNotFoundError` that the call
        raises.
        """
        try:
            async with self._requests.share(1, self._patience):
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


# Listings. Each page is a request to a URL that is signed here, so memory use does not depend on how many
# files there are.

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


# Connections: the options, clients and credentials for a bucket, and making one that is missing.

AMAZON: Final = "https://s3.amazonaws.com"
_DEFAULT_REGION: Final = "us-east-1"
_ABANDONED_DAYS: Final = 7
"""Age at which the parts of an incomplete upload are deleted in buckets that the server creates."""

_POOL: Final = 16


def client_options(settings: ObjectSettings) -> "ClientConfig":
    """Return obstore's connection options: no time limit for a whole file, but one for each step of it."""
    return {
        "allow_http": settings.s3_allow_http,
        "connect_timeout": timedelta(seconds=settings.artifacts_connect_timeout_seconds),
        "read_timeout": timedelta(seconds=settings.artifacts_timeout_seconds),
        "timeout": timedelta(days=7),
    }


def retry_options(settings: ObjectSettings) -> "RetryConfig":
    """Return obstore's retry options: all retries together take one more time limit at most."""
    return {
        "max_retries": settings.artifacts_retries,
        "retry_timeout": timedelta(seconds=settings.artifacts_timeout_seconds),
        "backoff": {
            "init_backoff": timedelta(milliseconds=100),
            "max_backoff": timedelta(seconds=2),
            "base": 2,
        },
    }


def region_of(settings: ObjectSettings) -> str:
    """Return the region for which requests are signed."""
    return settings.s3_region or os.environ.get("AWS_REGION") or _DEFAULT_REGION


def s3_bucket(bucket: str, prefix: str, settings: ObjectSettings) -> S3Store:
    """Return obstore's store of a bucket."""
    path_style = settings.s3_path_style
    if path_style is None:
        path_style = settings.s3_endpoint is not None
    sign_content = settings.s3_sign_content
    if sign_content is None:
        sign_content = (settings.s3_endpoint or AMAZON).startswith("http://")
    config: S3Config = {
        "region": region_of(settings),
        "virtual_hosted_style_request": not path_style,
        "unsigned_payload": not sign_content,
    }
    if settings.s3_endpoint:
        config["endpoint"] = settings.s3_endpoint
    keys = settings.s3_keys()
    return S3Store(
        bucket,
        prefix=prefix or None,
        config=config,
        client_options=client_options(settings),
        retry_config=retry_options(settings),
        # A provider is passed, so that a session token in the process's environment is not mixed with these
        # keys.
        credential_provider=_provider(*keys) if keys else None,
    )


def _provider(access_key: str, secret_key: str) -> Callable[[], "S3Credential"]:
    return lambda: {
        "access_key_id": access_key,
        "secret_access_key": secret_key,
        "token": None,
        "expires_at": None,
    }


def http_pool(settings: ObjectSettings) -> urllib3.PoolManager:
    """Return connections with the limits of the settings, for the requests that obstore does not make."""
    timeout = urllib3.Timeout(
        connect=settings.artifacts_connect_timeout_seconds, read=settings.artifacts_timeout_seconds
    )
    retries = urllib3.Retry(total=1, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504])
    return urllib3.PoolManager(maxsize=_POOL, timeout=timeout, retries=retries)


def minio_credentials(settings: ObjectSettings, pool: urllib3.PoolManager) -> Provider:
    """Return the keys of the settings; without any, the providers that find the cloud's own."""
    if keys := settings.s3_keys():
        return StaticProvider(*keys)
    # They use this pool with its time limits, because the SDK's own connections wait without a limit.
    return ChainedProvider([EnvAWSProvider(), IamAwsProvider(http_client=pool)])


def minio_client(endpoint: str, settings: ObjectSettings, pool: urllib3.PoolManager) -> Minio:
    """Return a client of the MinIO SDK for an endpoint."""
    parts = urlsplit(endpoint)
    client = Minio(
        parts.netloc,
        secure=parts.scheme == "https",
        region=region_of(settings),
        credentials=minio_credentials(settings, pool),
        http_client=pool,
    )
    if settings.s3_path_style is False:
        client.enable_virtual_style_endpoint()  # type: ignore[no-untyped-call]
    elif settings.s3_path_style:
        client.disable_virtual_style_endpoint()  # type: ignore[no-untyped-call]
    return client


class BucketMaker:
    """Creates a bucket that is missing; it never raises, because the store may only be late."""

    def __init__(self, client: Minio, bucket: str, region: str) -> None:
        self._client = client
        self._bucket = bucket
        self._region = region
        self._making = threading.Lock()

    def make_soon(self) -> None:
        """Create the bucket in the background."""
        if not self._making.locked():
            threading.Thread(target=self.make, name="bucket-maker", daemon=True).start()

    def make(self) -> None:
        """Create the bucket, unless it exists or is being created."""
        if not self._making.acquire(blocking=False):
            return
        try:
            if not self._client.bucket_exists(self._bucket):
                self._client.make_bucket(self._bucket, self._region)
                log.info("bucket made", bucket=self._bucket)
                self._client.set_bucket_lifecycle(self._bucket, _sweep_of_abandoned_uploads())
        except S3Error as error:
            # Several processes may start at the same time.
            if error.code not in {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}:
                log.warning("bucket not made", bucket=self._bucket, reason=str(error))
        except (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            log.warning("bucket not made", bucket=self._bucket, reason=str(error))
        finally:
            self._making.release()


def _sweep_of_abandoned_uploads() -> LifecycleConfig:
    abandoned = AbortIncompleteMultipartUpload(days_after_initiation=_ABANDONED_DAYS)
    rule = Rule(
        "Enabled",
        rule_filter=Filter(prefix=""),
        rule_id="abandoned-uploads",
        abort_incomplete_multipart_upload=abandoned,
    )
    return LifecycleConfig([rule])
