"""A server whose identity provider a test can bend, and a browser that logs in there."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.fixtures.bent_provider import CLIENT, SECRET, BentProvider, bent_provider
from tests.fixtures.databases import lay_migrated_sqlite_database
from tests.integration.access.conftest import HOST, MLFLOW, OWN, PASSWORD, Site
from trackhelm_core.settings import AuthSettings, OidcSettings, StorageSettings
from trackhelm_domain.access.logins import FailedLogins
from trackhelm_embedded.app import embedded_app
from trackhelm_identity.oidc.provider import Provider

BEGIN, CALLBACK = f"{OWN}/oidc/begin", f"{OWN}/oidc/callback"
ROLES = json.dumps({"ml-team": ["default/editor"], "readers": ["default/viewer"], "lost": ["nowhere/editor"]})


@contextmanager
def site_with(folder: Path, issuer: str, **more: Any) -> Iterator[Site]:
    """Yield a server whose identity provider is at an address."""
    password = None if more.pop("has_no_account", False) else folder / "password"
    if password is not None:
        password.write_text(PASSWORD.format("admin"), encoding="utf-8")
    lay_migrated_sqlite_database(folder / "data" / "trackhelm.db")
    auth = AuthSettings(auth="on", admin_password_file=password, public_url=HOST)
    oidc = OidcSettings(
        oidc_issuer=issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=more.pop("secret", SECRET),
        oidc_admin_group="admins",
        oidc_roles=ROLES,
        **more,
    )
    app = embedded_app(StorageSettings(data=folder / "data"), auth=auth, oidc=oidc)
    with TestClient(app, raise_server_exceptions=False, base_url=HOST, follow_redirects=False) as client:
        yield Site(client, app.state.runtime, folder / "data")


@pytest.fixture(scope="module")
def bent() -> Iterator[BentProvider]:
    with bent_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def shared_site(bent: BentProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_with(tmp_path_factory.mktemp("oidc"), bent.issuer, oidc_name="Bent") as site:
        yield site


@pytest.fixture
def site(shared_site: Site, bent: BentProvider) -> Iterator[Site]:
    """Yield the server with a provider that is straight again, and nobody who has to wait."""
    bent.straighten()
    app: Any = shared_site.client.app
    app.state.door.failed = FailedLogins()
    statements = shared_site.runtime.part(Provider)._statements
    statements._metadata_until = statements._keys_read_at = statements._keys_asked_at = float("-inf")
    shared_site.client.cookies.clear()
    yield shared_site
    shared_site.client.cookies.clear()


def begin(site: Site, path: str = "/") -> tuple[str, str]:
    """Return the address at the provider to which a browser is sent, and the cookie that it keeps."""
    answer = site.client.get(BEGIN, params={"next": path})
    site.client.cookies.clear()
    assert answer.status_code == 303, answer.text
    return answer.headers["location"], answer.headers.get("set-cookie", "").partition(";")[0]


def finish(site: Site, cookie: str, brought: dict[str, str]) -> Any:
    """Return the answer to a browser that comes back."""
    headers = {"Cookie": cookie} if cookie else {}
    answer = site.client.get(CALLBACK, params=brought, headers=headers)
    site.client.cookies.clear()
    return answer


def log_in(site: Site, bent: BentProvider, path: str = "/", **claims: Any) -> Any:
    """Return the answer to a browser whose user has logged in at the provider, with some claims."""
    bent.claims = claims
    address, cookie = begin(site, path)
    return finish(site, cookie, bent.authorize(address))


def session_of(answer: Any) -> str | None:
    """Return the cookie of the session that an answer begins, None if it begins none."""
    for header in answer.headers.get_list("set-cookie"):
        if header.startswith("trackhelm="):
            cookie: str = header.partition(";")[0]
            return cookie
    return None


def whoami(site: Site, answer: Any) -> Any:
    cookie = session_of(answer)
    assert cookie, answer.headers
    return site.client.get(f"{MLFLOW}/users/current", headers={"Cookie": cookie}).json()["user"]


def refused(answer: Any, code: str = "refused") -> None:
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{HOST}/#/login?failed={code}"
    assert session_of(answer) is None


def roles_of(user: dict[str, Any]) -> set[str]:
    return {role["name"] for role in user["roles"]}
