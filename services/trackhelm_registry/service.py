"""The registry service, as compositions see it."""

from trackhelm_core.service import Mount, Service
from trackhelm_registry.routes import (
    aliases,
    approvals,
    audit_events,
    lineage,
    logged_models,
    model_versions,
    protections,
    registered_models,
    rollbacks,
)

SERVICE = Service(
    name="registry",
    mounts=(
        Mount(registered_models.router),
        Mount(aliases.router),
        Mount(model_versions.router),
        Mount(logged_models.router),
        Mount(audit_events.router),
        Mount(protections.router),
        Mount(approvals.router),
        Mount(rollbacks.router),
        Mount(lineage.router),
    ),
)
