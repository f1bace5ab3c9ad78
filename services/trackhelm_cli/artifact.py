"""`trackhelm-server artifact`: the service for files as a process of its own."""

from trackhelm_artifact.objects.opening import ArtifactStores
from trackhelm_artifact.service import SERVICE
from trackhelm_cli.options import DatabaseOption, DataOption, HostOption, PortOption, load
from trackhelm_cli.serving import serve_service
from trackhelm_core.runtime import Openers
from trackhelm_core.settings import ObjectSettings, RedisSettings, StorageSettings


def artifact(
    host: HostOption = None,
    port: PortOption = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Run the service that stores and sends files; the database must have been migrated."""
    serve_service(SERVICE, _openers, host=host, port=port, data=data, database_url=database_url)


def _openers(storage: StorageSettings, redis: RedisSettings) -> Openers:
    stores = ArtifactStores.open(storage, load(ObjectSettings))
    return {ArtifactStores: lambda: stores}
