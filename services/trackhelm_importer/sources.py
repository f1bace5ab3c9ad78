"""Opens a source by what the user calls it: the URL of a database or a server, or a folder."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from trackhelm_importer.records import Source, SourceError


def open_source(address: str) -> Source:
    """Open a source. Raises `SourceError`.

    A kind is imported only when it is asked for: each needs a library of its own.
    """
    parts = urlsplit(address)
    match parts.scheme.partition("+")[0]:
        case "postgresql" | "postgres" | "mysql" | "mariadb" | "sqlite":
            from trackhelm_importer.sql_source import open_database_source  # noqa: PLC0415

            return open_database_source(address)
        case "http" | "https":
            from trackhelm_importer.rest_source import RestSource  # noqa: PLC0415

            return RestSource(address)
        case "" | "file":
            from trackhelm_importer.folder_source import FolderSource  # noqa: PLC0415

            return FolderSource(Path(unquote(parts.path) if parts.scheme else address))
        case scheme:
            raise SourceError(
                f"{address!r} has the scheme {scheme!r}: a source is a database (postgresql, mysql, mariadb, "
                "sqlite), a server (http, https) or a mlruns folder"
            )
