"""How the server listens."""

from typing import Final

from pydantic import Field

from trackhelm_core.settings.group import SettingsGroup

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


class HttpSettings(SettingsGroup):
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
