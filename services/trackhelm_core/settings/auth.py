"""Whose word is taken for who sends a request."""

import ipaddress

from pydantic import Field, field_validator

from trackhelm_core.settings.group import SettingsGroup

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AuthSettings(SettingsGroup):
    """Whose word is taken for who sends a request."""

    trusted_proxies: str = Field(
        "",
        description="Networks of proxies that check users and set the actor header, and whose "
        "`X-Forwarded-Prefix` counts: `10.1.0.0/16,fd00::/8`.",
    )
    actor_header: str = Field(
        "X-Forwarded-User",
        pattern=r"^[A-Za-z0-9-]+$",
        description="Header in which a trusted proxy names the user; from anybody else it is ignored.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        networks(value)
        return value

    @property
    def proxy_networks(self) -> tuple[Network, ...]:
        """The networks of trusted proxies."""
        return networks(self.trusted_proxies)


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a comma-separated list; raises `ValueError`."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
