"""Opening the store of a bucket: of S3, Google Cloud Storage or Azure.

A server that may have a folder instead imports this only when it has a bucket.
"""

from urllib.parse import unquote, urlsplit

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore

from trackhelm_artifact.objects.presigning import S3Direct, SignedDirect
from trackhelm_artifact.objects.remote import Bounds, RemoteStore
from trackhelm_artifact.objects.s3 import (
    AMAZON,
    BucketMaker,
    S3Listing,
    Signing,
    client_options,
    http_pool,
    minio_client,
    minio_credentials,
    region_of,
    retry_options,
    s3_bucket,
)
from trackhelm_artifact.objects.store import StoreUrlError
from trackhelm_core.settings import ObjectSettings


def open_bucket(url: str, settings: ObjectSettings, *, own: bool) -> RemoteStore:
    """Open the store at `s3://…`, `gs://…` or `az://…`. Raises `ValueError`, and `OSError`."""
    parts = urlsplit(url)
    name, path = parts.netloc, unquote(parts.path).strip("/")
    try:
        match parts.scheme:
            case "s3":
                return _s3(name, path, settings, own=own)
            case "gs":
                return _google(name, path, url, settings)
            case _:
                return _azure(name, path, url, settings)
    except BaseError as error:
        raise ValueError(str(error)) from error


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
