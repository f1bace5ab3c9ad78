"""`trackhelm-server artifact`: the service that stores and sends files, as a process of its own."""

from trackhelm_artifact.service import SERVICE
from trackhelm_cli.options import DatabaseOption, DataOption, HostOption, PortOption
from trackhelm_cli.serving import serve_service


def artifact(
    host: HostOption = None,
    port: PortOption = None,
    data: DataOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Run the service that stores and sends files; the database must have been migrated."""
    serve_service(SERVICE, host=host, port=port, data=data, database_url=database_url)
