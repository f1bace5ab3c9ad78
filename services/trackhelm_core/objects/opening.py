"""Opening the store that a URL names."""

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore

from trackhelm_core.objects.folder import FolderStore
from trackhelm_core.objects.remote import Bounds, RemoteStore
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


def open_store(url: str, settings: ObjectSettings, *, own: bool = True, sweep: bool = True) -> ObjectStore:
    """Open the store at a URL; makes its bucket or folder if it is the server's `own` and that is allowed.

    A folder is swept of what killed processes left there, unless not `sweep`. A bucket that is away is no
    fault here. Raises `StoreUrlError`.
    """
    try:
        return _opened(url, settings, own=own, sweep=sweep)
    except StoreUrlError:
        raise
    except (BaseError, OSError, ValueError) as error:
        raise StoreUrlError(f"'{url}' cannot be opened: {error}") from error


def _opened(url: str, settings: ObjectSettings, *, own: bool, sweep: bool) -> ObjectStore:
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise StoreUrlError(f"'{url}' must have no query ('?') and no fragment ('#')")
    match parts.scheme:
        case "file":
            return FolderStore(_folder(url, parts.netloc, unquote(parts.path)), make=own, sweep=sweep)
        case "s3" if parts.netloc:
            return _s3(parts.netloc, unquote(parts.path).strip("/"), settings, own=own)
        case "gs" if parts.netloc:
            return _google(parts.netloc, unquote(parts.path).strip("/"), url, settings)
        case "az" if parts.netloc:
            return _azure(parts.netloc, unquote(parts.path).strip("/"), url, settings)
        case scheme if scheme in SCHEMES:
            raise StoreUrlError(f"'{url}' names no bucket: '{scheme}://bucket/prefix' is expected")
        case scheme:
            raise StoreUrlError(f"'{url}' has scheme '{scheme}', which is not one of {', '.join(SCHEMES)}")


def _folder(url: str, host: str, path: str) -> Path:
    if host not in {"", "localhost"}:
        raise StoreUrlError(f"'{url}' names a host: 'file:///folder' is expected")
    if not path.startswith("/"):
        raise StoreUrlError(f"'{url}' is not absolute: 'file:///folder' is expected")
    return Path(path)


def _s3(bucket: str, prefix: str, settings: ObjectSettings, *, own: bool) -> RemoteStore:
    pool = http_pool(settings)
    endpoint = settings.s3_endpoint or AMAZON
    client = minio_client(endpoint, settings, pool)
    direct = None
    if settings.artifacts_presigned:
        public = minio_client(settings.s3_public_endpoint or endpoint, settings, pool)
        direct = S3Direct(client, public, pool, bucket, prefix, seconds=settings.artifacts_timeout_seconds)
    signing = Signing(minio_credentials(settings, pool), region_of(settings))
    listing = S3Listing(client, signing, pool, bucket, prefix, seconds=settings.artifacts_timeout_seconds)
    store = s3_bucket(bucket, prefix, settings)
    bounds = _bounds(settings)
    if not (own and settings.s3_endpoint and settings.s3_create_bucket):
        return RemoteStore(store, f"s3://{bucket}", bounds=bounds, direct=direct, listing=listing)
    maker = BucketMaker(client, bucket, region_of(settings))
    maker.make()
    return RemoteStore(
        store,
        f"s3://{bucket}",
        bounds=bounds,
        direct=direct,
        listing=listing,
        on_missing_bucket=maker.make_soon,
    )


def _google(bucket: str, prefix: str, url: str, settings: ObjectSettings) -> RemoteStore:
    store = GCSStore(
        bucket,
        prefix=prefix or None,
        client_options=client_options(settings),
        retry_config=retry_options(settings),
    )
    return _signing(store, url, settings)


def _azure(account: str, path: str, url: str, settings: ObjectSettings) -> RemoteStore:
    container, _, prefix = path.partition("/")
    if not container:
        raise StoreUrlError(f"'{url}' names no container: 'az://account/container/prefix' is expected")
    store = AzureStore(
        container,
        prefix=prefix or None,
        config={"account_name": account},
        client_options=client_options(settings),
        retry_config=retry_options(settings),
    )
    return _signing(store, url, settings)


def _signing(store: GCSStore | AzureStore, url: str, settings: ObjectSettings) -> RemoteStore:
    direct = SignedDirect(store, url) if settings.artifacts_presigned else None
    return RemoteStore(store, url, bounds=_bounds(settings), direct=direct)


def _bounds(settings: ObjectSettings) -> Bounds:
    return Bounds(
        settings.artifacts_upload_memory_mebibytes * 1024 * 1024, settings.artifacts_timeout_seconds
    )
