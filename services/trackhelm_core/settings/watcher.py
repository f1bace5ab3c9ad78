"""Settings of the watcher, which looks at the pods of a Kubernetes cluster."""

import re
from pathlib import Path
from typing import Final

from pydantic import Field, field_validator

from trackhelm_core.settings.process import SettingsGroup

_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class WatcherSettings(SettingsGroup):
    """Which pods are watched, from where, and how several watchers agree on one that does it."""

    watcher_namespaces: str = Field(
        "",
        description="Namespaces whose pods are watched, separated by commas; by default the watcher's own.",
    )
    watcher_pod_selector: str = Field(
        "",
        description="Label selector of the pods that are watched: `team=vision,tier!=proxy`; by default all.",
    )
    watcher_kubeconfig: Path | None = Field(
        None,
        description="File that says how the cluster is reached; by default the account of the watcher's pod.",
    )
    watcher_lease: str = Field(
        "trackhelm-watcher",
        max_length=63,
        description="Name of the Lease by which several watchers agree on one, in the watcher's namespace.",
    )
    watcher_lease_namespace: str = Field(
        "", description="Namespace of the Lease; by default the watcher's own, or the first that is watched."
    )
    watcher_lease_seconds: float = Field(
        15.0,
        ge=3,
        le=300,
        description="How long after its last sign of life another watcher takes over.",
    )
    watcher_interval_seconds: float = Field(
        5.0, ge=0.1, le=300, description="How often new runs are looked for; pods are heard of at once."
    )

    @field_validator("watcher_namespaces")
    @classmethod
    def _are_names(cls, value: str) -> str:
        for name in _names(value):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a namespace")
        return value

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces as they are given; none means the watcher's own."""
        return _names(self.watcher_namespaces)


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
