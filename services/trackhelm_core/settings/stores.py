"""Settings of the places where a process stores data or sends it: database, queue, files, webhooks."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from trackhelm_core.settings.process import Network, SettingsGroup, networks, secret_text, url_of


class StorageSettings(SettingsGroup):
    """Where data is kept."""

    data: Path = Field(
        Path("trackhelm-data"), description="Folder of the embedded server: database and artifacts."
    )
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the database; by default the SQLite file in the data folder."
    )

    database_url_file: Path | None = Field(None, description="File that holds that URL, and its password.")

    @model_validator(mode="after")
    def _is_given_once_and_can_be_read(self) -> Self:
        if self.database_url is not None and self.database_url_file is not None:
            raise ValueError("database_url and database_url_file are both given: one is enough")
        _ = self.given_database_url
        return self

    @property
    def given_database_url(self) -> str | None:
        """The URL as it is given, as a value or as a file; None if it is not. Raises `ValueError`."""
        return url_of(self.database_url, self.database_url_file, "database_url_file")

    @property
    def effective_database_url(self) -> str:
        """The database's URL, derived from the data folder if none is given. Raises `ValueError`."""
        return self.given_database_url or f"sqlite:///{self.data.absolute() / 'trackhelm.db'}"

    @property
    def artifact_folder(self) -> Path:
        """The folder that holds proxied artifacts."""
        return self.data.absolute() / "artifacts"


class RedisSettings(SettingsGroup):
    """The queue of metrics in the split shape. Every process of a deployment must be given the same."""

    redis_url: str | None = Field(
        None,
        description=(
            "Redis that metrics wait in, `redis://…` or, with a certificate that is verified, `rediss://…`; "
            "without one nothing waits."
        ),
    )
    redis_url_file: Path | None = Field(None, description="File that holds that URL, and its password.")
    redis_timeout_seconds: float = Field(
        2.0,
        gt=0,
        le=60,
        description="Longest wait for an answer of Redis; past it a request is refused with 503.",
    )
    queue_partitions: int = Field(
        16,
        ge=1,
        le=1024,
        description="Streams that runs are spread over; each is drained by one worker at a time.",
    )
    queue_backlog: int = Field(
        20_000,
        ge=1,
        description="Requests that may wait in a partition; past it metrics are refused with 429.",
    )
    queue_backlog_bytes: int = Field(
        512 * 1024 * 1024,
        # A request is 32 MiB at most, and one must fit.
        ge=32 * 1024 * 1024,
        description="Bytes of metrics that may wait in Redis, of all partitions together; past it metrics "
        "are refused with 429.",
    )
    read_wait_seconds: float = Field(
        5.0,
        ge=0,
        le=60,
        description="Longest wait of a read for metrics that are accepted but not yet stored; past it, 503.",
    )

    @model_validator(mode="after")
    def _is_given_once_and_can_be_read(self) -> Self:
        if self.redis_url is not None and self.redis_url_file is not None:
            raise ValueError("redis_url and redis_url_file are both given: one is enough")
        _ = self.effective_redis_url
        return self

    @property
    def effective_redis_url(self) -> str | None:
        """The URL as it is given, as a value or as a file; None for no queue. Raises `ValueError`."""
        return url_of(self.redis_url, self.redis_url_file, "redis_url_file")


class ObjectSettings(SettingsGroup):
    """Where artifacts are kept, and how their store is reached."""

    artifacts_url: str | None = Field(
        None,
        description="Store of artifacts: `file:///folder`, `s3://bucket/prefix`, `gs://bucket/prefix` or "
        "`az://account/container/prefix`; by default a folder in the data folder.",
    )
    artifacts_timeout_seconds: float = Field(
        20, gt=0, le=600, description="Longest wait for the store's next bytes; past it 503."
    )
    artifacts_connect_timeout_seconds: float = Field(
        5, gt=0, le=60, description="Longest wait for a connection to the store."
    )
    artifacts_retries: int = Field(
        3, ge=0, le=20, description="How often a request to the store is sent again before 503."
    )
    artifacts_upload_memory_mebibytes: int = Field(
        512,
        ge=32,
        le=1_048_576,
        description="Memory in MiB that uploads to a bucket may take together, 24 for each large one, above "
        "78 GiB 3/10,000 of its size; others wait, at most `TRACKHELM_ARTIFACTS_TIMEOUT_SECONDS`, then 503. "
        "What does not fit alone is refused with 413.",
    )
    artifacts_presigned: bool = Field(
        default=False,
        description="Whether clients can reach the store: they are then told to move files to and from it "
        "directly, by addresses that this server signs.",
    )
    artifact_locations: str = Field(
        "",
        description="Locations outside the store whose files are shown, separated by commas: `s3:` (any "
        "bucket), `s3://bucket`, `gs://bucket/prefix`, `file:///folder`; `team-a=s3://bucket/a` is kept for "
        "the workspace `team-a`.",
    )
    s3_endpoint: str | None = Field(None, description="Address of an S3 server other than Amazon's.")
    s3_public_endpoint: str | None = Field(
        None, description="Address of the same server for clients, where theirs is another."
    )
    s3_region: str | None = Field(None, description="Region; by default `AWS_REGION`, else `us-east-1`.")
    s3_access_key: SecretStr | None = Field(
        None, description="Access key; without one the cloud's own credentials are used."
    )
    s3_access_key_file: Path | None = Field(None, description="File that holds the access key.")
    s3_secret_key: SecretStr | None = Field(None, description="Secret key.")
    s3_secret_key_file: Path | None = Field(None, description="File that holds the secret key.")
    s3_path_style: bool | None = Field(
        None,
        description="Whether buckets stand in the path, not the host; by default where `S3_ENDPOINT` is.",
    )
    s3_allow_http: bool = Field(
        default=False, description="Whether an endpoint may be `http://`, which sends files unencrypted."
    )
    s3_sign_content: bool | None = Field(
        None,
        description="Whether uploads are signed with a hash of their content; by default where the endpoint "
        "is `http://`, since `https://` guards the content already.",
    )
    s3_create_bucket: bool = Field(
        default=True, description="Whether a missing bucket is made, at an `S3_ENDPOINT` only."
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        for name in ("s3_access_key", "s3_secret_key"):
            if getattr(self, name) is not None and getattr(self, f"{name}_file") is not None:
                raise ValueError(f"{name} and {name}_file are both given: one is enough")
        if bool(self.s3_access_key or self.s3_access_key_file) != bool(
            self.s3_secret_key or self.s3_secret_key_file
        ):
            raise ValueError("s3_access_key and s3_secret_key must be given together, or neither")
        for name in ("s3_endpoint", "s3_public_endpoint"):
            endpoint: str | None = getattr(self, name)
            if endpoint is None:
                continue
            if not endpoint.startswith(("http://", "https://")):
                raise ValueError(f"{name} must start with https:// or http://")
            if endpoint.startswith("http://") and not self.s3_allow_http:
                raise ValueError(f"{name} is not encrypted: set s3_allow_http to use it all the same")
        return self

    def s3_keys(self) -> tuple[str, str] | None:
        """Return access key and secret key; None to use the credentials of the cloud. Raises `OSError`."""
        access = secret_text(self.s3_access_key, self.s3_access_key_file)
        secret = secret_text(self.s3_secret_key, self.s3_secret_key_file)
        return (access, secret) if access and secret else None


class WebhookSettings(SettingsGroup):
    """Webhooks. Registry and workers of a deployment must be given the same."""

    secret_key: SecretStr | None = Field(
        None,
        description="Keys of stored secrets, comma-separated: the first encrypts, any decrypts.",
    )
    secret_key_file: Path | None = Field(None, description="File that holds the keys.")
    webhook_allow_http: bool = Field(
        default=False, description="Whether webhooks may have `http://` addresses beside `https://`."
    )
    webhook_private_networks: str = Field(
        "",
        description="Private networks that webhooks may call, `10.1.0.0/16,127.0.0.0/8`; by default none.",
    )
    webhook_timeout_seconds: float = Field(
        10.0,
        gt=0,
        le=60,
        description="Longest attempt to call a webhook, from the name's look-up to the answer.",
    )
    webhook_attempts: int = Field(
        16,
        ge=1,
        le=100,
        description="Attempts to deliver an event, over some 6 hours, until it is a dead letter.",
    )
    webhook_keep_days: float = Field(
        7.0, ge=0, le=3650, description="How long deliveries that succeeded can be listed and sent again."
    )

    @field_validator("webhook_private_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        networks(value)
        return value

    @model_validator(mode="after")
    def _are_given_once(self) -> Self:
        if self.secret_key is not None and self.secret_key_file is not None:
            raise ValueError("secret_key and secret_key_file are both given: one is enough")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys as they are given, as a value or as a file. Raises `ValueError` if it cannot be read."""
        try:
            text = secret_text(self.secret_key, self.secret_key_file)
        except OSError as error:
            raise ValueError(f"TRACKHELM_SECRET_KEY_FILE cannot be read: {error}") from error
        return tuple(key.strip() for key in text.split(",") if key.strip())

    @property
    def private_networks(self) -> tuple[Network, ...]:
        """The private networks that webhooks may call."""
        return networks(self.webhook_private_networks)
