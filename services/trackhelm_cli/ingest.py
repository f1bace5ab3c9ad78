"""`trackhelm-server ingest`: the service for tracking writes as a process of its own."""

from trackhelm_artifact.objects.opening import places_of
from trackhelm_cli.options import DatabaseOption, DataOption, HostOption, PortOption, load
from trackhelm_cli.serving import serve_service
from trackhelm_core.runtime import Openers
from trackhelm_core.settings import ObjectSettings, RedisSettings, StorageSettings
from trackhelm_domain.locations import Places
from trackhelm_ingest.service import SERVICE


def ingest(
    host: HostOption = None,
    port: PortOption = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Run the service that handles every tracking write; the database must have been migrated."""
    serve_service(SERVICE, _openers, host=host, port=port, data=data, database_url=database_url)


def _openers(storage: StorageSettings, redis: RedisSettings) -> Openers:
    # The owner of a location depends on where the store is, which this service never opens.
    places = places_of(storage, load(ObjectSettings))
    return {Places: lambda: places}
