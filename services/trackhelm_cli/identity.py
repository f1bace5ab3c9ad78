"""`trackhelm-server identity`: users, logins, tokens, roles and workspaces as a process of its own."""

from trackhelm_cli.options import DatabaseOption, DataOption, HostOption, PortOption, load
from trackhelm_cli.serving import serve_service
from trackhelm_core.runtime import Openers
from trackhelm_core.settings import AuthSettings, OidcSettings, RedisSettings, StorageSettings
from trackhelm_identity.oidc.provider import Provider, openers_of
from trackhelm_identity.service import SERVICE


def identity(
    host: HostOption = None,
    port: PortOption = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Run the service of users and their rights; the database must have been migrated."""
    serve_service(SERVICE, _openers, host=host, port=port, data=data, database_url=database_url)


def _openers(_storage: StorageSettings, _redis: RedisSettings) -> Openers:
    return openers_of(Provider.open(load(OidcSettings), load(AuthSettings)))
