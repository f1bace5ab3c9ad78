"""The ingest service, as compositions see it."""

from trackhelm_core.service import Mount, Service
from trackhelm_ingest.routes import experiments

SERVICE = Service(name="ingest", mounts=(Mount(experiments.router),))
