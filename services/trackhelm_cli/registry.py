"""`trackhelm-server registry`: the model registry as a process of its own."""

from trackhelm_artifact.objects.opening import places_of
from trackhelm_cli.options import DatabaseOption, DataOption, HostOption, PortOption, load, load_webhooks
from trackhelm_cli.serving import serve_service
from trackhelm_core.runtime import Openers
from trackhelm_core.settings import ObjectSettings, RedisSettings, StorageSettings
from trackhelm_domain.locations import Places
from trackhelm_registry.service import SERVICE
from trackhelm_registry.webhooks.delivery.configuration import WebhookConfiguration


def registry(
    host: HostOption = None,
    port: PortOption = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Run the service of the model registry; the database must have been migrated."""
    serve_service(SERVICE, _openers, host=host, port=port, data=data, database_url=database_url)


def _openers(storage: StorageSettings, redis: RedisSettings) -> Openers:
    configuration = WebhookConfiguration.open(storage, redis, load_webhooks())
    # Whose files a version's source names depends on where the store is, which this service never opens.
    places = places_of(storage, load(ObjectSettings))
    return {WebhookConfiguration: lambda: configuration, Places: lambda: places}
