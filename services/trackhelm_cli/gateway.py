"""`trackhelm-server gateway`: one address for the services, which run as processes of their own."""

from trackhelm_cli.options import HostOption, PathPrefixOption, PortOption, load, warn_of_unknown_names
from trackhelm_cli.serving import serve
from trackhelm_core.settings import AuthSettings, GatewaySettings, HttpSettings, LogSettings
from trackhelm_core.telemetry.logging import configure_logging
from trackhelm_gateway.app import gateway_app


def gateway(host: HostOption = None, port: PortOption = None, path_prefix: PathPrefixOption = None) -> None:
    """Pass each request on to the service that answers its path; TRACKHELM_INGEST_URL and so on name them."""
    http = load(HttpSettings, host=host, port=port, path_prefix=path_prefix)
    services = load(GatewaySettings)
    auth = load(AuthSettings)
    configure_logging(load(LogSettings))
    warn_of_unknown_names()
    app = gateway_app(services, behind_gateway=http.behind_gateway)
    serve(app, http, "gateway listens on {url}", auth)
