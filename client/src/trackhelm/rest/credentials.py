"""Who the client says it is, and whom it trusts: read as MLflow's client reads them.

User and password come from variables, else from `~/.mlflow/credentials`; a token from a variable; both from
the server's address and `~/.netrc` where nothing else is given. Values are read for each new connection, so
that a token that is renewed in a long run is used.
"""

import base64
import os
import ssl
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from trackhelm import environment

SECTION: Final = "mlflow"
USER_KEY: Final = "mlflow_tracking_username"
PASSWORD_KEY: Final = "mlflow_tracking_password"  # noqa: S105 - the name of a key
TOKEN_KEY: Final = "mlflow_tracking_token"  # noqa: S105 - likewise


def credentials_file() -> Path:
    """Return the file of credentials, which `trackhelm login` writes and MLflow's client reads as well."""
    return Path.home() / ".mlflow" / "credentials"


def read_file() -> dict[str, str]:
    """Return what the file of credentials holds; nothing where there is none."""
    path = credentials_file()
    if not path.exists():
        return {}
    from configparser import ConfigParser

    parser = ConfigParser(interpolation=None)
    parser.read(path, encoding="utf-8")
    return dict(parser[SECTION]) if SECTION in parser else {}


def authorization(url: str) -> str | None:
    """Return the header `Authorization` for a server, or None for a caller without credentials."""
    stored = read_file()
    user = environment.text(environment.USERNAME) or stored.get(USER_KEY)
    password = environment.text(environment.PASSWORD) or stored.get(PASSWORD_KEY)
    if user and password:
        return _basic(user, password)
    token = environment.text(environment.TOKEN) or stored.get(TOKEN_KEY)
    if token:
        return f"Bearer {token}"
    parts = urlsplit(url)
    if parts.username:
        return _basic(unquote(parts.username), unquote(parts.password or ""))
    return _of_netrc(parts.hostname or "")


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _of_netrc(host: str) -> str | None:
    path = Path(os.environ.get("NETRC") or Path.home() / ".netrc")
    if not host or not path.exists():
        return None
    import netrc

    try:
        found = netrc.netrc(str(path)).hosts.get(host)
    except (netrc.NetrcParseError, OSError):
        return None
    if not found or not found[2]:
        return None
    return _basic(found[0] or found[1] or "", found[2])


def tls_context() -> ssl.SSLContext:
    """Return how servers are trusted: by the system, by a file of certificates, or all of them if so told."""
    certificates = environment.text("TRACKING_SERVER_CERT_PATH") or os.environ.get("REQUESTS_CA_BUNDLE")
    insecure = environment.flag("TRACKING_INSECURE_TLS", default=False)
    if insecure and environment.text("TRACKING_SERVER_CERT_PATH"):
        from trackhelm.exceptions import MlflowException

        raise MlflowException.invalid_parameter_value(
            "When 'ignore_tls_verification' is true then 'server_cert_path' must not be set: unset "
            "MLFLOW_TRACKING_INSECURE_TLS or MLFLOW_TRACKING_SERVER_CERT_PATH"
        )
    if certificates and Path(certificates).is_dir():
        context = ssl.create_default_context(capath=certificates)
    else:
        context = ssl.create_default_context(cafile=certificates)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    own = environment.text("TRACKING_CLIENT_CERT_PATH")
    if own:
        context.load_cert_chain(own)
    return context
