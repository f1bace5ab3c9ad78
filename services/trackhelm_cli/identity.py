"""`trackhelm-server identity`: users, tokens, roles and workspaces as a process of its own."""

from trackhelm_cli.options import DatabaseOption, DataOption, HostOption, PortOption
from trackhelm_cli.serving import serve_service
from trackhelm_identity.service import SERVICE


def identity(
    host: HostOption = None,
    port: PortOption = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Run the service of users and their rights; the database must have been migrated."""
    serve_service(SERVICE, host=host, port=port, data=data, database_url=database_url)
