"""Settings: frozen groups read from `TRACKHELM_*` variables, made once in `main` and passed down.

There is no settings object at module level: what a function depends on stands in its arguments.
"""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "TRACKHELM_"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class _Group(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")


class HttpSettings(_Group):
    """Where the server listens."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(5000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    allowed_hosts: str = Field(
        "",
        description="Names, separated by commas, that requests may ask for in their `Host` header; `*` for "
        "any. By default this machine's own where the server listens to it alone, else any.",
    )
    behind_gateway: bool = Field(
        default=False,
        description="Whether every request comes through a gateway, whose `X-Request-Id` and `X-Forwarded-*` "
        "are then believed.",
    )

    @property
    def host_names(self) -> frozenset[str] | None:
        """The names a `Host` header may have, None for any."""
        if self.allowed_hosts:
            names = frozenset(name.strip().lower() for name in self.allowed_hosts.split(","))
            return None if "*" in names else names
        listens_to_itself = self.host in _LOOPBACK or self.host == "::1"
        # Behind a gateway the header is what the gateway's caller asked for, and the gateway has checked it.
        return _LOOPBACK if listens_to_itself and not self.behind_gateway else None


class StorageSettings(_Group):
    """Where data is kept."""

    data: Path = Field(
        Path("trackhelm-data"), description="Folder of the embedded server: database and artifacts."
    )
    database_url: str | None = Field(
        None, description="SQLAlchemy URL of the database; by default the SQLite file in the data folder."
    )

    @property
    def effective_database_url(self) -> str:
        """The database's URL, derived from the data folder where none is given."""
        return self.database_url or f"sqlite:///{self.data.absolute() / 'trackhelm.db'}"

    @property
    def artifact_folder(self) -> Path:
        """The folder that holds proxied artifacts."""
        return self.data.absolute() / "artifacts"


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AuthSettings(_Group):
    """Whose word is taken for who sends a request."""

    trusted_proxies: str = Field(
        "",
        description="Networks of proxies that check users and set the actor header: `10.1.0.0/16,fd00::/8`.",
    )
    actor_header: str = Field(
        "X-Forwarded-User",
        pattern=r"^[A-Za-z0-9-]+$",
        description="Header in which a trusted proxy names the user; from anybody else it is ignored.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        _networks(value)
        return value

    @property
    def proxy_networks(self) -> tuple[Network, ...]:
        """The networks of trusted proxies."""
        return _networks(self.trusted_proxies)


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


class ObjectSettings(_Group):
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
    artifacts_presigned: bool = Field(
        default=False,
        description="Whether clients can reach the store: they are then told to move files to and from it "
        "directly, by addresses that this server signs.",
    )
    artifact_locations: str = Field(
        "",
        description="Locations outside the store whose files are shown, separated by commas: `s3:` (any "
        "bucket), `s3://bucket`, `gs://bucket/prefix`, `file:///folder`.",
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
        """Return access key and secret key; None to use the cloud's own. Raises `OSError`."""
        access = _secret(self.s3_access_key, self.s3_access_key_file)
        secret = _secret(self.s3_secret_key, self.s3_secret_key_file)
        return (access, secret) if access and secret else None


def _secret(value: SecretStr | None, file: Path | None) -> str:
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    return value.get_secret_value() if value else ""


_SERVICE_URL: Final = r"^http://(\[[0-9A-Fa-f:]+\]|[^/:\s\[\]]+):[0-9]{1,5}$"


class GatewaySettings(_Group):
    """Where the gateway finds the services."""

    ingest_url: str = Field(
        "http://127.0.0.1:5001", pattern=_SERVICE_URL, description="Address of the ingest service."
    )
    query_url: str = Field(
        "http://127.0.0.1:5002", pattern=_SERVICE_URL, description="Address of the query service."
    )
    artifact_url: str = Field(
        "http://127.0.0.1:5003", pattern=_SERVICE_URL, description="Address of the artifact service."
    )
    registry_url: str = Field(
        "http://127.0.0.1:5004", pattern=_SERVICE_URL, description="Address of the registry service."
    )

    @property
    def service_urls(self) -> dict[str, str]:
        """Each service's address by its name."""
        return {name.removesuffix("_url"): url for name, url in self.model_dump().items()}


class RedisSettings(_Group):
    """The queue of metrics in the split shape. Every process of a deployment must be given the same."""

    redis_url: str | None = Field(
        None,
        description="Redis that metrics wait in, `redis://…` or `rediss://…`; without one nothing waits.",
    )
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
    read_wait_seconds: float = Field(
        5.0,
        ge=0,
        le=60,
        description="Longest wait of a read for metrics that are accepted but not yet stored; past it, 503.",
    )


class LogSettings(_Group):
    """What is logged, and how."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged."
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="`console` for people, `json` for a log collector."
    )


GROUPS: Final = (
    HttpSettings,
    GatewaySettings,
    AuthSettings,
    StorageSettings,
    ObjectSettings,
    RedisSettings,
    LogSettings,
)


def known_names() -> dict[str, str]:
    """Return every variable's name and description."""
    return {
        f"{PREFIX}{name.upper()}": field.description or ""
        for group in GROUPS
        for name, field in group.model_fields.items()
    }


def unknown_names(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return `TRACKHELM_*` variables that nothing reads: most likely misspelt."""
    known = known_names()
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
