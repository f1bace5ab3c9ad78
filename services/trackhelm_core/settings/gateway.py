"""Where the gateway finds the services."""

from typing import Final

from pydantic import Field

from trackhelm_core.settings.group import SettingsGroup

_SERVICE_URL: Final = r"^http://(\[[0-9A-Fa-f:]+\]|[^/:\s\[\]]+):[0-9]{1,5}$"


class GatewaySettings(SettingsGroup):
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

    gateway_timeout_seconds: float = Field(
        # Below the 120 s that the stock client waits by default: it is told, and sends the request again.
        100,
        gt=0,
        le=3600,
        description="Longest wait of the gateway for a service that is to act: to read a body further, or to "
        "answer on; past it 504.",
    )

    @property
    def service_urls(self) -> dict[str, str]:
        """Each service's address by its name."""
        urls = self.model_dump(exclude={"gateway_timeout_seconds"})
        return {name.removesuffix("_url"): url for name, url in urls.items()}
