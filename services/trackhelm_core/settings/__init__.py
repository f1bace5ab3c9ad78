"""Settings: frozen groups read from `TRACKHELM_*` variables, made once in `main` and passed down.

There is no settings object at module level: a function takes the settings it depends on as arguments.
"""

import os
from collections.abc import Mapping
from typing import Final

from trackhelm_core.settings.oidc import OidcSettings
from trackhelm_core.settings.process import (
    PREFIX,
    AuthSettings,
    GatewaySettings,
    HttpSettings,
    LogSettings,
    Network,
    TraceSettings,
    path_prefix,
)
from trackhelm_core.settings.stores import ObjectSettings, RedisSettings, StorageSettings, WebhookSettings
from trackhelm_core.settings.watcher import WatcherSettings

__all__ = [
    "GROUPS",
    "PREFIX",
    "AuthSettings",
    "GatewaySettings",
    "HttpSettings",
    "LogSettings",
    "Network",
    "ObjectSettings",
    "OidcSettings",
    "RedisSettings",
    "StorageSettings",
    "TraceSettings",
    "WatcherSettings",
    "WebhookSettings",
    "known_names",
    "path_prefix",
    "unknown_names",
]

GROUPS: Final = (
    HttpSettings,
    GatewaySettings,
    AuthSettings,
    OidcSettings,
    StorageSettings,
    ObjectSettings,
    RedisSettings,
    WebhookSettings,
    WatcherSettings,
    LogSettings,
    TraceSettings,
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
