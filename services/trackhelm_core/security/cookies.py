"""The cookie of a web session: its name, what a browser is told to do with it, and who may act by it.

A browser adds the cookie to whatever it sends, so a request that changes something must come from a page of
this server. Which session a cookie is of, `trackhelm_domain.access` finds out.
"""

import re
import secrets
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from starlette.types import Scope

from trackhelm_core.security.credentials import first_value, header_values
from trackhelm_core.settings import AuthSettings

_FORM: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 random bytes in base64 for URLs."""

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def new_session_key() -> str:
    """Return the value of a new session's cookie."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class SessionCookies:
    """Reads and writes the cookie of sessions, under the address at which browsers reach the server.

    Without that address, the scheme and the prefix of the request count. A name that begins with `__Host-` or
    `__Secure-` a browser takes from encrypted pages alone: nobody on the network can plant such a cookie.
    """

    is_encrypted: bool | None = None
    path: str | None = None
    url: str = ""

    @classmethod
    def of(cls, settings: AuthSettings | None) -> Self:
        """Return the cookies of a server with these settings."""
        if settings is None or not settings.public_url:
            return cls()
        address = urlsplit(settings.public_url)
        return cls(address.scheme == "https", address.path.rstrip("/") or "/", settings.public_url)

    def session_key(self, scope: Scope) -> str | None:
        """Return the key of the session that a request is sent in, None without one."""
        value = self.value(scope)
        return value if value is not None and _FORM.fullmatch(value) else None

    def value(self, scope: Scope, base: str = "trackhelm") -> str | None:
        """Return the value of a cookie, None without one.

        A browser sends first what belongs to the longest path: to this server and not to another of its host.
        """
        for header in header_values(scope, b"cookie"):
            name = self.name(scope, base)
            for part in header.decode("latin-1").split(";"):
                given, _, value = part.strip(" ").partition("=")
                if given == name:
                    return value
        return None

    def name(self, scope: Scope, base: str = "trackhelm") -> str:
        """Return the name of a cookie; `base` is its name over connections that are not encrypted."""
        if not self._is_secure(scope):
            return base
        return f"__Host-{base}" if self._path(scope) == "/" else f"__Secure-{base}"

    def set(self, scope: Scope, key: str, seconds: int, base: str = "trackhelm") -> str:
        """Return the value of the `Set-Cookie` by which a browser keeps a cookie for so long."""
        secure = "; Secure" if self._is_secure(scope) else ""
        return (
            f"{self.name(scope, base)}={key}; Path={self._path(scope)}; Max-Age={seconds}; "
            f"HttpOnly; SameSite=Lax{secure}"
        )

    def clear(self, scope: Scope, base: str = "trackhelm") -> str:
        """Return the value of the `Set-Cookie` by which a browser forgets a cookie."""
        return self.set(scope, "", 0, base)

    def address(self, scope: Scope) -> str:
        """Return the address of the server for a browser, by default as the caller of a request knows it."""
        host = (first_value(scope, b"host") or b"").decode("latin-1")
        return self.url or f"{scope['scheme']}://{host}{scope.get('root_path', '')}"

    def _is_secure(self, scope: Scope) -> bool:
        return scope["scheme"] == "https" if self.is_encrypted is None else self.is_encrypted

    def _path(self, scope: Scope) -> str:
        return (scope.get("root_path") or "/") if self.path is None else self.path


def may_act_by_cookie(scope: Scope) -> bool:
    """Return whether a request changes nothing, or is sent by a page from which sessions may be used.

    That is a page of this server, or of an origin that the settings list. A browser says where a request
    comes from; a request that does not say it is refused.
    """
    if scope["method"] in _SAFE_METHODS or scope["state"].get("is_of_listed_origin"):
        return True
    site = first_value(scope, b"sec-fetch-site")
    if site is not None:
        return site == b"same-origin"
    # Over unencrypted connections browsers name the origin alone.
    origin = first_value(scope, b"origin")
    return origin is not None and is_own_origin(scope, origin)


def is_own_origin(scope: Scope, origin: bytes) -> bool:
    """Return whether an origin is that of this server, as the caller knows it."""
    host = first_value(scope, b"host") or b""
    try:
        return urlsplit(origin.decode("latin-1")).netloc.lower() == host.decode("latin-1").lower()
    except ValueError:
        return False  # It is no URL, so no browser has sent it.
