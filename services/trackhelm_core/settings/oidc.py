"""Settings of an identity provider at which people log in, by OpenID Connect."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from trackhelm_core.settings.groups import check_roles_of_groups, json_object, roles_of_groups
from trackhelm_core.settings.process import AuthSettings, SettingsGroup, is_own_address, secret_text

_WORDS: Final = r"^[!#-\[\]-~]+( [!#-\[\]-~]+)*$"
"""Scopes as RFC 6749 has them, separated by spaces."""


class OidcSettings(SettingsGroup):
    """The identity provider. Every process of the identity service must be given the same."""

    oidc_issuer: str = Field(
        "",
        description="Address of an OpenID Connect provider at which people log in, as its tokens say it: "
        "`https://login.example.com/realms/ml`.",
    )
    oidc_client_id: str = Field("", description="Name under which this server is registered there.")
    oidc_client_secret: SecretStr | None = Field(None, description="Secret of that registration.")
    oidc_client_secret_file: Path | None = Field(None, description="File that holds the secret.")
    oidc_name: str = Field(
        "Single sign-on", min_length=1, max_length=64, description="What the login page calls the provider."
    )
    oidc_scopes: str = Field(
        "openid profile email",
        pattern=_WORDS,
        description="What the provider is asked for, separated by spaces; `openid` must be among it.",
    )
    oidc_name_claim: str = Field(
        "preferred_username",
        min_length=1,
        description="Claim that becomes the user name at the first login.",
    )
    oidc_groups_claim: str = Field(
        "groups", min_length=1, description="Claim that lists the groups of a user."
    )
    oidc_roles: str = Field(
        "",
        description='Roles that groups give, as JSON: `{"ml-team": ["default/editor"]}`. They are given '
        "and taken at each login; roles that people gave stay.",
    )
    oidc_admin_group: str = Field("", description="Group whose members are administrators.")
    oidc_required_claims: str = Field(
        "",
        description='Claims without which nobody is let in, as JSON: `{"hd": "example.com"}`. A list must '
        "contain the value.",
    )

    @field_validator("oidc_roles")
    @classmethod
    def _are_roles(cls, value: str) -> str:
        return check_roles_of_groups(value, "TRACKHELM_OIDC_ROLES")

    @field_validator("oidc_required_claims")
    @classmethod
    def _are_claims(cls, value: str) -> str:
        json_object(value, "TRACKHELM_OIDC_REQUIRED_CLAIMS")
        return value

    @field_validator("oidc_scopes")
    @classmethod
    def _has_openid(cls, value: str) -> str:
        if "openid" not in value.split(" "):
            raise ValueError("'openid' must be among the scopes")
        return value

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.oidc_client_secret is not None and self.oidc_client_secret_file is not None:
            raise ValueError("oidc_client_secret and oidc_client_secret_file are both given: one is enough")
        if self.oidc_issuer:
            _check_encrypted("TRACKHELM_OIDC_ISSUER", self.oidc_issuer)
            if not self.oidc_client_id:
                raise ValueError("TRACKHELM_OIDC_ISSUER needs TRACKHELM_OIDC_CLIENT_ID")
        return self

    @property
    def roles(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """The roles that each group gives, each as the names of its workspace and its own."""
        return roles_of_groups(self.oidc_roles, "TRACKHELM_OIDC_ROLES")

    @property
    def required_claims(self) -> Mapping[str, Any]:
        """The claims without which nobody is let in."""
        return json_object(self.oidc_required_claims, "TRACKHELM_OIDC_REQUIRED_CLAIMS")

    def secret(self) -> str:
        """Return the client's secret.

        Raises:
            ValueError: It is not given or cannot be read.
        """
        try:
            text = secret_text(self.oidc_client_secret, self.oidc_client_secret_file)
        except OSError as error:
            raise ValueError(f"TRACKHELM_OIDC_CLIENT_SECRET_FILE cannot be read: {error}") from error
        if not text:
            raise ValueError(
                "TRACKHELM_OIDC_ISSUER needs TRACKHELM_OIDC_CLIENT_SECRET_FILE: register the server as a "
                "confidential client"
            )
        return text

    def check(self, auth: AuthSettings) -> None:
        """Refuse a provider that the other settings do not fit.

        Raises:
            ValueError: They do not.
        """
        if auth.auth != "on":
            raise ValueError(f"TRACKHELM_OIDC_ISSUER needs TRACKHELM_AUTH=on, and it is '{auth.auth}'")
        if not auth.public_url:
            raise ValueError(
                "TRACKHELM_OIDC_ISSUER needs TRACKHELM_PUBLIC_URL, the address to which the provider sends "
                "people back"
            )
        _check_encrypted("TRACKHELM_PUBLIC_URL", auth.public_url)


def is_safe_address(url: str) -> bool:
    """Return whether what is sent to an address is encrypted, or stays on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return (parts.scheme == "https" and bool(host)) or (parts.scheme == "http" and is_own_address(host))


def _check_encrypted(name: str, url: str) -> None:
    if not is_safe_address(url) or "?" in url or "#" in url:
        raise ValueError(
            f"{name}: {url!r} must begin with https:// (http:// on this machine alone), with no ? and no #"
        )
