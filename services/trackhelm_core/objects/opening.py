"""Opening the store that a URL names."""

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, from_url

from trackhelm_core.objects.folder import FolderStore
from trackhelm_core.objects.remote import RemoteStore
from trackhelm_core.objects.s3 import (
    AMAZON,
    BucketMaker,
    client_options,
    http_pool,
    minio_client,
    minio_credentials,
    region_of,
    retry_options,
    s3_bucket,
)
from trackhelm_core.objects.s3_direct import S3Direct
from trackhelm_core.objects.s3_listing import S3Listing, Signing
from trackhelm_core.objects.signed import SignedDirect
from trackhelm_core.objects.store import ObjectStore
from trackhelm_core.settings import ObjectSettings

SCHEMES: Final = ("file", "s3", "gs", "az")


class StoreUrlError(ValueError):
    """The URL names no store; the message says why."""


def open_store(url: str, settings: ObjectSettings, *, own: bool = True) -> ObjectStore:
    """Open the store at a URL; makes its bucket or folder if it is the server's `own` and that is allowed.

    A bucket that is away is no fault here. Raises `StoreUrlError`.
    """
    try:
        return _opened(url, settings, own=own)
    except StoreUrlError:
        raise
    except (BaseError, OSError, ValueError) as error:
        raise StoreUrlError(f"'{url}' cannot be opened: {error}") from error


def _opened(url: str, settings: ObjectSettings, *, own: bool) -> ObjectStore:
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise StoreUrlError(f"'{url}' must have no query ('?') and no fragment ('#')")
    match parts.scheme:
        case "file":
            return _folder(url, parts.netloc, unquote(parts.path), own=own)
        case "s3" if parts.netloc:
            return _s3(parts.netloc, unquote(parts.path).strip("/"), settings, own=own)
        case "gs" | "az" if parts.netloc:
            return _other(url, settings)
        case scheme if scheme in SCHEMES:
            raise StoreUrlError(f"'{url}' names no bucket: '{scheme}://bucket/prefix' is expected")
        case scheme:
            raise StoreUrlError(f"'{url}' has scheme '{scheme}', which is not one of {', '.join(SCHEMES)}")


def _folder(url: str, host: str, path: str, *, own: bool) -> FolderStore:
    if host not in {"", "localhost"}:
        raise StoreUrlError(f"'{url}' names a host: 'file:///folder' is expected")
    if not path.startswith("/"):
        raise StoreUrlError(f"'{url}' is not absolute: 'file:///folder' is expected")
    return FolderStore(Path(path), make=own)


def _s3(bucket: str, prefix: str, settings: ObjectSettings, *, own: bool) -> RemoteStore:
    pool = http_pool(settings)
    endpoint = settings.s3_endpoint or AMAZON
    client = minio_client(endpoint, settings, pool)
    direct = None
    if settings.artifacts_presigned:
        public = minio_client(settings.s3_public_endpoint or endpoint, settings, pool)
        direct = S3Direct(client, public, pool, bucket, prefix)
    listing = S3Listing(
        client, Signing(minio_credentials(settings), region_of(settings)), pool, bucket, prefix
    )
    store = s3_bucket(bucket, prefix, settings)
    if not (own and settings.s3_endpoint and settings.s3_create_bucket):
        return RemoteStore(store, f"s3://{bucket}", direct=direct, listing=listing)
    maker = BucketMaker(client, bucket, region_of(settings))
    maker.make()
    return RemoteStore(
        store, f"s3://{bucket}", direct=direct, listing=listing, on_missing_bucket=maker.make_soon
    )


def _other(url: str, settings: ObjectSettings) -> RemoteStore:
    store = from_url(url, client_options=client_options(settings), retry_config=retry_options(settings))
    assert isinstance(store, GCSStore | AzureStore)
    direct = SignedDirect(store, url) if settings.artifacts_presigned else None
    return RemoteStore(store, url, direct=direct)
