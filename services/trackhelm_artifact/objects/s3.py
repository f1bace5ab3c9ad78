"""Connections to S3 and compatible stores: obstore's for files, the MinIO SDK's for buckets and URLs.

Both get the same keys, or look for the cloud's own in the same places: `AWS_*` variables, a web identity, and
the role of the container or the machine.
"""

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog
import urllib3
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
from obstore.store import S3Store

from trackhelm_core.settings import ObjectSettings

if TYPE_CHECKING:  # These names of obstore exist for type checkers only.
    from obstore.store import ClientConfig, RetryConfig, S3Config, S3Credential

log = structlog.get_logger(__name__)

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
