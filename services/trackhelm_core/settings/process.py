"""Settings of a process: what it logs, where it listens and is reached, and which proxies it trusts.

Also the base of every group of settings, and secrets, which are given as a value or as a file.
"""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from trackhelm_core.limits import BODY_MEMORY_MEBIBYTES, JSON_BODY_BYTES
from trackhelm_core.settings.groups import check_roles_of_groups, roles_of_groups

PREFIX: Final = "TRACKHELM_"


class SettingsGroup(BaseSettings):
    """Settings that belong together. Each is read from the variable `PREFIX` followed by its name."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")


def secret_text(value: SecretStr | None, file: Path | None) -> str:
    """Return a secret: the contents of the file if one is given, else the value. Empty without either.

    Raises `OSError`.
    """
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    return value.get_secret_value() if value else ""


def url_of(url: str | None, file: Path | None, names: str) -> str | None:
    """Return a URL that may contain a password: the contents of the file if one is given, else the value.

    Raises:
        ValueError: The file cannot be read or is empty; `names` are the settings that the message names.
    """
    if file is None:
        return url
    try:
        text = secret_text(None, file)
    except OSError as error:
        raise ValueError(f"{names}: {file} cannot be read: {error.strerror}") from error
    if not text:
        raise ValueError(f"{names}: {file} is empty")
    return text


class LogSettings(SettingsGroup):
    """What is logged, and how."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged."
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="`console` for people, `json` for a log collector."
    )


class TraceSettings(SettingsGroup):
    """Where the traces of requests and tasks are sent."""

    traces_url: str | None = Field(
        None,
        pattern=r"^https?://",
        description="Address of an OTLP collector, `http://collector:4318`, which the traces of requests and "
        "tasks are sent to; without one nothing is traced. It needs the extra `otel`.",
    )
    traces_sample: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Share of the traces that begin here which are recorded; of others the caller decides.",
    )


_SEGMENT: Final = re.compile(r"[A-Za-z0-9._~-]+")
_PREFIX_LENGTH: Final = 255
OWN_ROOTS: Final = frozenset(
    {
        *("api", "ajax-api", "get-artifact", "model-versions"),
        *("health", "ready", "version", "metrics", "docs", "openapi.json"),
    }
)
"""First segments of the server's own paths. A prefix must not be one, or paths would be ambiguous."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def path_prefix(text: str) -> str:
    """Return the path below which to serve, such as `/trackhelm`; empty for the root. Raises `ValueError`."""
    path = text.removesuffix("/")
    first, *segments = path.split("/")
    if (
        len(path) > _PREFIX_LENGTH
        or first
        or any(segment in {".", ".."} or not _SEGMENT.fullmatch(segment) for segment in segments)
    ):
        raise ValueError(
            f"{text[:_PREFIX_LENGTH]!r} is no path such as /trackhelm or /ml/trackhelm: it begins with /, "
            f"has letters, digits and -._~ in each segment, and at most {_PREFIX_LENGTH} characters"
        )
    if segments and segments[0] in OWN_ROOTS:
        raise ValueError(f"{path!r} must not begin with /{segments[0]}, as paths of the server's own do")
    return path


def _origin(text: str) -> str:
    """Return an origin as browsers write it; raises `ValueError`."""
    wanted = f"{text!r} is no origin such as https://ui.example.com or http://localhost:5173: "
    if "*" in text or not text.isascii() or not text.isprintable():
        raise ValueError(wanted + "each is written out in ASCII, or * stands for any")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(wanted + f"{error}") from error
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError(wanted + "it must begin with http:// or https:// and have a name or address")
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc or "?" in text or "#" in text:
        raise ValueError(wanted + "it has a scheme, a host and a port, and nothing else")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    is_default = port in {None, _DEFAULT_PORTS[parts.scheme]}
    return f"{parts.scheme}://{host}" if is_default else f"{parts.scheme}://{host}:{port}"


def _split_address(text: str) -> tuple[str, str]:
    """Return the origin and the path of an address, neither of them checked."""
    scheme, mark, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + mark + host, slash + path


def _origins(text: str) -> frozenset[str]:
    """Return the origins of a comma-separated list; raises `ValueError`."""
    given = [part.strip() for part in text.split(",") if part.strip()]
    if "*" not in given:
        return frozenset(map(_origin, given))
    if len(given) > 1:
        raise ValueError("* stands for any origin, and alone: no other can be listed beside it")
    return frozenset(given)


_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


def is_own_address(host: str) -> bool:
    """Return whether only programs of this machine reach an address."""
    return host in _LOOPBACK or host == "::1"


class HttpSettings(SettingsGroup):
    """Where the server listens, and how it is reached."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(5000, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    socket: Path | None = Field(
        None,
        description="Unix socket on which a service listens as well, for a gateway on the same machine. Its "
        "folder decides who can connect.",
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65_535,
        description="Port on which `worker`, `beat` and `watcher` answer `/metrics` and probes, at "
        "`TRACKHELM_HOST`; 0 takes a free one. By default they listen on none.",
    )
    allowed_hosts: str = Field(
        "",
        description="Names, separated by commas, that requests may ask for in their `Host` header; `*` for "
        "any. By default this machine's own where the server listens to it alone, else any.",
    )
    path_prefix: str = Field(
        "",
        description="Path below which a proxy serves this server, and which it does not take away: "
        "`/trackhelm`. Probes and `/openapi.json` are answered at the root, too.",
    )
    cors_origins: str = Field(
        "",
        description="Origins of pages that may call the server from a browser, separated by commas: "
        "`https://ui.example.com,http://localhost:5173`; `*` for any, without a user's credentials. By "
        "default only the server's own.",
    )
    behind_gateway: bool = Field(
        default=False,
        description="Whether every request comes through a gateway, whose `X-Request-Id` and `X-Forwarded-*` "
        "are then believed.",
    )
    stop_delay_seconds: int = Field(
        0,
        ge=0,
        description="Seconds for which a server that gets SIGTERM still takes requests, and closes each "
        "connection after its answer; a second SIGTERM ends that. For a load balancer that has yet to learn "
        "of the end, and more than the 4 s for which the gateway keeps an idle connection to a service.",
    )

    connections: int = Field(
        4096,
        ge=1,
        description="Connections that a process serves at once; on more than these every request but "
        "`/health` and `/ready` is answered with 503.",
    )
    body_memory_mebibytes: int = Field(
        BODY_MEMORY_MEBIBYTES,
        # One body must fit.
        ge=JSON_BODY_BYTES // 2**20,
        description="Memory in MiB that the JSON bodies of all requests of a process may take together; past "
        "it 503. Files are streamed, and do not count.",
    )

    @field_validator("path_prefix")
    @classmethod
    def _is_a_path(cls, value: str) -> str:
        return path_prefix(value)

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        _origins(value)
        return value

    @property
    def allowed_origins(self) -> frozenset[str]:
        """The origins of pages that may call the server; `*` stands for any."""
        return _origins(self.cors_origins)

    @property
    def host_names(self) -> frozenset[str] | None:
        """The names that a `Host` header may have, None for any."""
        if self.allowed_hosts:
            names = frozenset(name.strip().lower() for name in self.allowed_hosts.split(","))
            return None if "*" in names else names
        listens_to_itself = is_own_address(self.host)
        # Behind a gateway the header comes from the gateway's caller, and the gateway has checked it.
        return _LOOPBACK if listens_to_itself and not self.behind_gateway else None


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a comma-separated list; raises `ValueError`."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


# What the API of a cluster calls itself where nobody has chosen another audience.
_CLUSTER_AUDIENCES: Final = frozenset(
    {
        "api",
        "kubernetes.default.svc",
        "https://kubernetes.default.svc",
        "https://kubernetes.default.svc.cluster.local",
    }
)


class AuthSettings(SettingsGroup):
    """Whether callers must say who they are, and who is believed."""

    auth: Literal["off", "proxy", "on"] = Field(
        "off",
        description="`on`: callers log in with a password or a token. `proxy`: a trusted proxy names them. "
        "`off`: everybody may do everything; at any address but this machine's own that must be set.",
    )
    admin_password_file: Path | None = Field(
        None,
        description="File with the password of the first administrator, `admin`, who is made when a server "
        "with `on` starts without any account.",
    )
    new_user_role: Literal["", "viewer", "member", "editor"] = Field(
        "",
        description="Role in the workspace `default` of a user who comes from a proxy or a provider for the "
        "first time.",
    )
    public_url: str = Field(
        "",
        description="Address at which browsers reach the server: `https://trackhelm.example.com/ml`. Cookies "
        "are made for it; by default for the scheme and the prefix of each request.",
    )
    session_idle_hours: int = Field(
        12, ge=1, le=24 * 365, description="Hours after its last request at which a browser's session ends."
    )
    session_days: int = Field(
        14, ge=1, le=365, description="Days after the login at which a browser's session ends."
    )
    trusted_proxies: str = Field(
        "",
        description="Networks of proxies that check users and set the actor header, and whose "
        "`X-Forwarded-Prefix` counts: `10.1.0.0/16,fd00::/8`.",
    )
    actor_header: str = Field(
        "X-Forwarded-User",
        pattern=r"^[A-Za-z0-9-]+$",
        description="Header in which a trusted proxy names the user; from anybody else it is ignored.",
    )
    groups_header: str = Field(
        "",
        pattern=r"^[A-Za-z0-9-]*$",
        description="Header in which, with `proxy`, a trusted proxy lists the user's groups, separated by "
        "commas: `X-Forwarded-Groups`. By default groups give nothing.",
    )
    proxy_roles: str = Field(
        "",
        description='Roles that these groups give, as JSON: `{"ml-team": ["default/editor"]}`. They are '
        "given and taken as requests name groups; roles that people gave stay.",
    )
    proxy_admin_group: str = Field("", description="Group of that header whose members are administrators.")
    kubernetes_issuer: str = Field(
        "",
        description="Issuer of the service-account tokens of a Kubernetes cluster, as they say it in `iss`; "
        "with it pods log in by such tokens, with `on`. By default no such token is taken.",
    )
    kubernetes_audience: str = Field(
        "trackhelm",
        description="Audience that a token of a pod must be for. It must not be that of the cluster's API.",
    )
    kubernetes_keys_file: Path | None = Field(
        None,
        description="File with the cluster's public keys, a JSON Web Key Set; it is read again when they "
        "change.",
    )
    kubernetes_keys_url: str = Field(
        "",
        pattern=r"^(https://\S+)?$",
        description="Address of the cluster's public keys, where anybody may read them. With neither file "
        "nor address, the API of the cluster that this server runs in is asked, as the pod's service "
        "account.",
    )
    kubernetes_ca_file: Path | None = Field(
        None,
        description="Certificates by which that address is trusted; by default those of the system.",
    )
    unchecked_approvals: bool = Field(
        default=False,
        description="Whether protections and approvals work although nobody checks names: one person who "
        "gives two names can then approve their own request.",
    )

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not value:
            return value
        origin, path = _split_address(value)
        return _origin(origin) + path_prefix(path)

    @field_validator("proxy_roles")
    @classmethod
    def _are_roles(cls, value: str) -> str:
        return check_roles_of_groups(value, "TRACKHELM_PROXY_ROLES")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        networks(value)
        return value

    @model_validator(mode="after")
    def _names_an_audience(self) -> Self:
        if not self.kubernetes_issuer:
            return self
        audience = self.kubernetes_audience
        if not audience.strip() or audience == self.kubernetes_issuer or audience in _CLUSTER_AUDIENCES:
            raise ValueError(
                f"TRACKHELM_KUBERNETES_AUDIENCE is {audience!r}: every pod's default token would be taken, "
                "with which all who see it may call the cluster's API. Name one of this server's own, such "
                "as 'trackhelm'"
            )
        if self.kubernetes_keys_file is not None and self.kubernetes_keys_url:
            raise ValueError(
                "TRACKHELM_KUBERNETES_KEYS_FILE and TRACKHELM_KUBERNETES_KEYS_URL are both set: the keys "
                "come from one of them"
            )
        return self

    @model_validator(mode="after")
    def _names_a_proxy(self) -> Self:
        if self.auth == "proxy" and not self.proxy_networks:
            raise ValueError(
                "TRACKHELM_AUTH=proxy needs TRACKHELM_TRUSTED_PROXIES: the networks of who names users"
            )
        if self.groups_header and self.auth != "proxy":
            raise ValueError(
                f"TRACKHELM_GROUPS_HEADER needs TRACKHELM_AUTH=proxy, and it is '{self.auth}': else nobody "
                "is known by what a proxy says"
            )
        if self.groups_header.lower() == self.actor_header.lower():
            raise ValueError("TRACKHELM_GROUPS_HEADER and TRACKHELM_ACTOR_HEADER are the same header")
        if (self.proxy_roles or self.proxy_admin_group) and not self.groups_header:
            raise ValueError(
                "TRACKHELM_PROXY_ROLES and TRACKHELM_PROXY_ADMIN_GROUP need TRACKHELM_GROUPS_HEADER: the "
                "header in which the proxy lists groups"
            )
        return self

    def check_exposure(self, host: str) -> None:
        """Refuse to serve everybody at an address that others reach, unless that was said.

        Raises:
            ValueError: It was not.
        """
        if self.auth == "off" and "auth" not in self.model_fields_set and not is_own_address(host):
            raise ValueError(
                f"All who reach {host} could read, change and delete everything. Set TRACKHELM_AUTH=on, so "
                "that callers log in; `proxy`, if a proxy in front checks them; or `off`, if that is what "
                "you want. docs/security.md explains each."
            )

    @property
    def roles_of_groups(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """The roles that each group of a proxy's users gives, as the names of its workspace and its own."""
        return roles_of_groups(self.proxy_roles, "TRACKHELM_PROXY_ROLES")

    @property
    def proxy_networks(self) -> tuple[Network, ...]:
        """The networks of trusted proxies."""
        return networks(self.trusted_proxies)


_SERVICE_URL: Final = r"^(http://(\[[0-9A-Fa-f:]+\]|[^/:\s\[\]]+):[0-9]{1,5}|unix:/[A-Za-z0-9._/-]+)$"


class GatewaySettings(SettingsGroup):
    """Where the gateway finds the services, and the files that it serves itself.

    A service is at an address, or on this machine at a Unix socket: `unix:/run/trackhelm/ingest.sock`.
    """

    ingest_url: str = Field(
        "http://127.0.0.1:5001", pattern=_SERVICE_URL, description="Address of the ingest service."
    )
    query_url: str = Field(
        "http://127.0.0.1:5002", pattern=_SERVICE_URL, description="Address of the query service."
    )
    artifact_url: str = Field(
        "http://127.0.0.1:5003", pattern=_SERVICE_URL, description="Address of the artifact service."
    )
    registry_url: str = Field(
        "http://127.0.0.1:5004", pattern=_SERVICE_URL, description="Address of the registry service."
    )
    identity_url: str = Field(
        "http://127.0.0.1:5005", pattern=_SERVICE_URL, description="Address of the identity service."
    )

    gateway_timeout_seconds: float = Field(
        # Less than the 120 s that the stock client waits by default, so that it gets the answer and retries.
        100,
        gt=0,
        le=3600,
        description="Longest wait of the gateway for a service that is to act: to read a body further, or to "
        "answer on; past it 504.",
    )

    ui_folder: Path | None = Field(
        None,
        description="Folder of the web UI's files, which the gateway serves at `/`; default: those that were "
        "built with this server. `gateway-config`, which is for another machine, has no default.",
    )

    @property
    def service_urls(self) -> dict[str, str]:
        """The address of each service by its name."""
        urls = self.model_dump(exclude={"gateway_timeout_seconds", "ui_folder"})
        return {name.removesuffix("_url"): url for name, url in urls.items()}
