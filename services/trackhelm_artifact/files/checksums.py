"""Checksums that clients send with a file, and the SHA-256 that is recorded for each file."""

import asyncio
import base64
import binascii
import hashlib
import re
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from anyio import to_thread

from trackhelm_artifact.objects.store import in_blocks
from trackhelm_core.errors import ApiError, ErrorCode, InvalidParameterError

_IN_PLACE_BYTES: Final = 128 * 1024
"""Blocks up to this size are hashed on the event loop, because handing them to a thread takes longer."""

_ALGORITHMS: Final = {"md5": "md5", "sha": "sha1", "sha-256": "sha256", "sha-512": "sha512"}
"""Algorithms by their names in the headers; other algorithms are ignored."""

# The form `sha-256=:…:` is of RFC 9530, and `sha-256=…` of RFC 3230.
_STRUCTURED = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=\s*:([^:]*):\s*")
_PLAIN = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=\s*([^,\s]*)\s*")


@dataclass(frozen=True, slots=True)
class Expected:
    """A checksum that a client announced, and the header in which it did."""

    header: str
    algorithm: str
    digest: bytes


def expected_checksums(headers: Mapping[str, str]) -> list[Expected]:
    """Return the checksums that a request's headers announce; the names of `headers` are in lower case.

    The headers read are `Content-MD5`, `Content-Digest`, `Repr-Digest`, `Digest`, and S3's
    `x-amz-checksum-sha256`.
    """
    found = []
    for header, algorithm in (("content-md5", "md5"), ("x-amz-checksum-sha256", "sha256")):
        if header in headers:
            found.append(_expected(header, algorithm, headers[header]))
    for header, form in (("content-digest", _STRUCTURED), ("repr-digest", _STRUCTURED), ("digest", _PLAIN)):
        for member in headers[header].split(",") if header in headers else ():
            match = form.fullmatch(member)
            if match is None:
                raise _invalid(header, headers[header])
            if algorithm := _ALGORITHMS.get(match[1].lower(), ""):
                found.append(_expected(header, algorithm, match[2]))
    return found


def wants_sha256(headers: Mapping[str, str]) -> bool:
    """Return whether a request asks for the SHA-256 of a file by `Want-Repr-Digest` (RFC 9530)."""
    members = (member.partition("=") for member in headers.get("want-repr-digest", "").lower().split(","))
    return any(name.strip() == "sha-256" and weight.strip() != "0" for name, _, weight in members)


def repr_digest(sha256: bytes) -> str:
    """Return the value of `Repr-Digest` for a SHA-256."""
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


@dataclass(slots=True)
class Checked:
    """A body that is hashed while it is read, and refused at its end if a checksum differs."""

    content: AsyncIterable[bytes]
    expected: list[Expected]
    sha256: bytes = field(default=b"", init=False)
    """The SHA-256 of the whole body, once all of it was read."""

    async def blocks(self) -> AsyncIterator[bytes]:
        """Yield the content in blocks; raises before the end if a checksum differs."""
        names = {"sha256", *(expected.algorithm for expected in self.expected)}
        hashes = {name: hashlib.new(name, usedforsecurity=False) for name in names}

        def update(block: bytes) -> None:
            for each in hashes.values():
                each.update(block)

        async for block in in_blocks(self.content):
            if len(block) <= _IN_PLACE_BYTES:
                update(block)
                yield block
                continue
            # The block is hashed while the consumer writes it.
            hashing = asyncio.create_task(to_thread.run_sync(update, block))
            try:
                yield block
            finally:
                await hashing
        for expected in self.expected:
            digest = hashes[expected.algorithm].digest()
            if digest != expected.digest:
                raise _mismatch(expected, digest)
        self.sha256 = hashes["sha256"].digest()


def _expected(header: str, algorithm: str, text: str) -> Expected:
    try:
        digest = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _invalid(header, text) from error
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise _invalid(header, text)
    return Expected(header, algorithm, digest)


def _invalid(header: str, text: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"Invalid {header} header {text[:100]!r}: a checksum in base64 is expected, of the length that its "
        "algorithm has."
    )


def _mismatch(expected: Expected, digest: bytes) -> ApiError:
    announced, found = (base64.b64encode(each).decode() for each in (expected.digest, digest))
    return ApiError(
        ErrorCode.BAD_REQUEST,
        f"The body's {expected.algorithm} is {found} but {expected.header} says {announced}: "
        "the file was not stored.",
    )
