"""Presigned URLs, with which clients reach a store themselves: of Google, Azure and S3."""

import hashlib
import html
import re
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Final, Literal
from xml.sax.saxutils import escape

import obstore
import urllib3
from minio import Minio
from obstore.store import AzureStore, GCSStore

from trackhelm_artifact.objects.keys import ObjectKey
from trackhelm_artifact.objects.remote_calls import translate_errors
from trackhelm_artifact.objects.s3 import S3Calls
from trackhelm_artifact.objects.store import (
    Label,
    MissingUploadError,
    Part,
    SignedUrl,
    StoreUnavailableError,
    UploadError,
)

# Presigned URLs of Google Cloud Storage and Azure, by obstore: files in one request, no multipart uploads.


class SignedDirect:
    """Presigned URLs of a bucket; see `DirectAccess`. The store sets the headers of a download itself."""

    multipart = None

    def __init__(self, bucket: GCSStore | AzureStore, name: str) -> None:
        self._bucket = bucket
        self._name = name
        # Azure requires the kind of blob as a header.
        self._upload_headers = {"x-ms-blob-type": "BlockBlob"} if isinstance(bucket, AzureStore) else {}

    async def download_url(self, key: ObjectKey, seconds: int, label: Label) -> SignedUrl:
        """Return the URL from which a file is read with GET."""
        return SignedUrl(await self._sign("GET", key, seconds))

    async def upload_url(self, key: ObjectKey, seconds: int) -> SignedUrl:
        """Return the URL to which a file is sent with PUT."""
        return SignedUrl(await self._sign("PUT", key, seconds), self._upload_headers)

    async def _sign(self, method: Literal["GET", "PUT"], key: ObjectKey, seconds: int) -> str:
        with translate_errors(self._name, lambda: None):
            return await obstore.sign_async(self._bucket, method, str(key), timedelta(seconds=seconds))


# Presigned URLs and multipart uploads of S3, by the MinIO SDK.
#
# URLs for clients are signed for the endpoint that clients use. The server's own requests about an upload go
# to its own endpoint, signed in the same way.

_OWN_SECONDS: Final = 300
_UPLOAD_ID = re.compile(r"<UploadId>([^<]+)</UploadId>")
_CODE = re.compile(r"<Code>([^<]+)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]*)</Message>")
_MISSING: Final = "NoSuchUpload"
_CLIENTS_FAULTS: Final = frozenset(
    {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "EntityTooLarge", "MalformedXML", "InvalidArgument"}
)
_MD5 = re.compile(r"[0-9a-f]{32}")


class S3Direct:
    """Presigned URLs of a bucket; see `DirectAccess` and `Multipart`."""

    def __init__(
        self,
        own: Minio,
        public: Minio,
        pool: urllib3.PoolManager,
        bucket: str,
        prefix: str,
        *,
        seconds: float,
    ) -> None:
        self._own = own
        self._public = public
        self._pool = pool
        self._bucket = bucket
        self._prefix = prefix
        self._calls = S3Calls(bucket, seconds)
        self.multipart = self

    async def download_url(self, key: ObjectKey, seconds: int, label: Label) -> SignedUrl:
        """Return the URL from which a file is read with GET."""
        headers = {
            "response-content-type": label.media_type,
            "response-content-disposition": label.disposition,
        }
        return await self._signed("GET", key, seconds, headers)

    async def upload_url(self, key: ObjectKey, seconds: int) -> SignedUrl:
        """Return the URL to which a file is sent with PUT."""
        return await self._signed("PUT", key, seconds, {})

    async def begin(self, key: ObjectKey) -> str:
        """Return the id of a new upload."""
        status, text = await self._ask("POST", key, {"uploads": ""})
        found = _UPLOAD_ID.search(text)
        if found is None:
            raise self._unexpected(status, text)
        return html.unescape(found[1])

    async def part_urls(
        self, key: ObjectKey, upload_id: str, count: int, seconds: int
    ) -> Sequence[SignedUrl]:
        """Return the URLs to which the parts are sent with PUT."""

        def sign() -> list[SignedUrl]:
            return [
                SignedUrl(
                    self._sign(
                        self._public, "PUT", key, seconds, {"partNumber": str(number), "uploadId": upload_id}
                    )
                )
                for number in range(1, count + 1)
            ]

        return await self._calls.run(sign)

    async def complete(self, key: ObjectKey, upload_id: str, parts: Sequence[Part]) -> None:
        """Combine the parts into one file."""
        listed = "".join(
            f"<Part><PartNumber>{part.number}</PartNumber><ETag>{escape(part.etag)}</ETag></Part>"
            for part in parts
        )
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>"
        status, text = await self._ask("POST", key, {"uploadId": upload_id}, body.encode())
        code = _found(_CODE, text)
        # S3 may report an error after it has begun to answer with status 200.
        if status == HTTPStatus.OK and not code:
            return
        if code == _MISSING:
            if await self._was_completed(key, parts):
                return
            raise MissingUploadError(f"There is no multipart upload '{upload_id}' of '{key}'.")
        if code in _CLIENTS_FAULTS:
            raise UploadError(f"The store refuses the parts: {code}: {_found(_MESSAGE, text)}")
        raise self._unexpected(status, text)

    async def abort(self, key: ObjectKey, upload_id: str) -> None:
        """Abort the upload."""
        status, text = await self._ask("DELETE", key, {"uploadId": upload_id})
        if status not in {HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND}:
            raise self._unexpected(status, text)

    async def _was_completed(self, key: ObjectKey, parts: Sequence[Part]) -> bool:
        """Return whether the file consists of these parts, as it does when a client repeats its request."""
        digests = [part.etag.strip('"') for part in parts]
        if not all(_MD5.fullmatch(digest) for digest in digests):
            return False
        whole = hashlib.md5(bytes.fromhex("".join(digests)), usedforsecurity=False).hexdigest()
        answer = await self._calls.run(self._send, "HEAD", key, {}, b"")
        return answer.headers.get("ETag", "").strip('"') == f"{whole}-{len(parts)}"

    async def _signed(self, method: str, key: ObjectKey, seconds: int, headers: dict[str, str]) -> SignedUrl:
        return SignedUrl(await self._calls.run(self._sign, self._public, method, key, seconds, headers))

    async def _ask(
        self, method: str, key: ObjectKey, query: dict[str, str], body: bytes = b""
    ) -> tuple[int, str]:
        answer = await self._calls.run(self._send, method, key, query, body)
        return answer.status, answer.data.decode(errors="replace")

    def _send(
        self, method: str, key: ObjectKey, query: dict[str, str], body: bytes
    ) -> urllib3.BaseHTTPResponse:
        url = self._sign(self._own, method, key, _OWN_SECONDS, query)
        return self._pool.request(method, url, body=body, redirect=False)

    def _sign(self, client: Minio, method: str, key: ObjectKey, seconds: int, query: dict[str, str]) -> str:
        path = "/".join(part for part in (self._prefix, str(key)) if part)
        return client.get_presigned_url(
            method,
            self._bucket,
            path,
            expires=timedelta(seconds=seconds),
            extra_query_params=query,  # type: ignore[arg-type]
        )

    def _unexpected(self, status: int, text: str) -> StoreUnavailableError:
        return self._calls.unexpected(status, _found(_CODE, text) or "no S3 error")


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return html.unescape(match[1]) if match else ""
