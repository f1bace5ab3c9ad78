"""Where artifacts are kept, and how their store is reached."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from trackhelm_core.settings.group import SettingsGroup
from trackhelm_core.settings.secrets import secret_text


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
        """Return access key and secret key; None to use the cloud's own. Raises `OSError`."""
        access = secret_text(self.s3_access_key, self.s3_access_key_file)
        secret = secret_text(self.s3_secret_key, self.s3_secret_key_file)
        return (access, secret) if access and secret else None
