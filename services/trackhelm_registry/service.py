"""The registry service, as compositions see it."""

from trackhelm_core.service import Mount, Service
from trackhelm_registry.routes import logged_models

SERVICE = Service(name="registry", mounts=(Mount(logged_models.router),))
