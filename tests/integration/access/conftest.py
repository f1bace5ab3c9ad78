"""A server that checks who calls, with people of every kind in two workspaces."""

import base64
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, event, make_url
from starlette.testclient import TestClient

from tests.fixtures.databases import lay_migrated_sqlite_database
from trackhelm_core.access import current_access
from trackhelm_core.runtime import Runtime
from trackhelm_core.settings import AuthSettings, StorageSettings
from trackhelm_embedded.app import embedded_app

MLFLOW: Final = "/api/2.0/mlflow"
MLFLOW_3: Final = "/api/3.0/mlflow"
OWN: Final = "/api/2.0/trackhelm"
PASSWORD: Final = "a password of {}"
OTHER: Final = "other"
HOST: Final = "http://127.0.0.1"
SAME: Final = {"Sec-Fetch-Site": "same-origin", "Origin": HOST}
"""What a browser says of a request of a page of the server itself."""


class Site:
    """The server under test, called by one person or another; each has an account of that name."""

    def __init__(self, client: TestClient, runtime: Runtime, data: Path) -> None:
        self.client = client
        self.runtime = runtime
        self.data = data
        self.tokens: dict[str, str] = {}

    def headers(self, who: str | None, workspace: str | None = None) -> dict[str, str]:
        """Return the headers of somebody's requests."""
        headers = {} if workspace is None else {"X-MLFLOW-WORKSPACE": workspace}
        if who is None:
            return headers
        if who in self.tokens:
            return headers | {"Authorization": f"Bearer {self.tokens[who]}"}
        return headers | {"Authorization": f"Basic {_basic(who, PASSWORD.format(who))}"}

    def send(
        self, who: str | None, method: str, path: str, *, workspace: str | None = None, **sent: Any
    ) -> Any:
        """Send a request as somebody, and return the response."""
        url = path if path.startswith("/") else f"{MLFLOW}/{path}"
        headers = {**self.headers(who, workspace), **sent.pop("headers", {})}
        return self.client.request(method, url, headers=headers, **sent)

    def post(
        self, who: str | None, path: str, expected: int = 200, /, *, workspace: Any = None, **message: Any
    ) -> dict[str, Any]:
        """Send a POST whose answer must have a status, and return the answer."""
        response = self.send(who, "POST", path, workspace=workspace, json=message)
        assert response.status_code == expected, f"{who} {path}: {response.status_code} {response.text}"
        answer: dict[str, Any] = response.json()
        return answer

    def get(
        self, who: str | None, path: str, expected: int = 200, /, *, workspace: Any = None, **message: Any
    ) -> dict[str, Any]:
        """Send a GET whose answer must have a status, and return the answer."""
        response = self.send(who, "GET", path, workspace=workspace, params=message)
        assert response.status_code == expected, f"{who} {path}: {response.status_code} {response.text}"
        answer: dict[str, Any] = response.json()
        return answer

    def new_user(self, name: str = "", role: str = "", workspace: str = "default") -> str:
        """Make a user, with a role in a workspace if one is named, and return the name."""
        name = name or f"user-{uuid.uuid4().hex[:12]}"
        self.post("admin", "users/create", username=name, password=PASSWORD.format(name))
        if role:
            self.assign(name, role, workspace)
        return name

    def assign(self, name: str, role: str, workspace: str = "default") -> None:
        """Give a user a role in a workspace."""
        params = {"workspace": workspace}
        roles = self.send("admin", "GET", f"{MLFLOW_3}/roles/list", params=params).json()
        number = next(each["id"] for each in roles["roles"] if each["name"] == role)
        self.post("admin", f"{MLFLOW_3}/roles/assign", username=name, role_id=number)

    def new_token(self, owner: str, **wanted: Any) -> str:
        """Make a token of a user and return it."""
        answer = self.send(owner, "POST", f"{OWN}/tokens/create", json={"name": "t", **wanted})
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["token"]
        return token


def _basic(name: str, password: str) -> str:
    return base64.b64encode(f"{name}:{password}".encode()).decode()


class Browser:
    """Somebody's browser: it keeps the cookie, and says with each request where that comes from."""

    def __init__(self, client: TestClient, name: str, cookie: str = "") -> None:
        self.client = client
        self.name = name
        self.cookie = cookie
        if not cookie:
            answer = self.log_in(PASSWORD.format(name))
            assert answer.status_code == 200, answer.text

    def log_in(self, password: str) -> Any:
        """Log in again, and return the answer."""
        answer = self.send(
            "POST", f"{OWN}/sessions/create", json={"username": self.name, "password": password}
        )
        self.cookie = answer.headers.get("set-cookie", self.cookie).partition(";")[0]
        return answer

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, **sent: Any) -> Any:
        """Send a request as a page of the server does, or with the headers of another."""
        url = path if path.startswith("/") else f"{MLFLOW}/{path}"
        sent_headers = (SAME if headers is None else headers) | (
            {"Cookie": self.cookie} if self.cookie else {}
        )
        answer = self.client.request(method, url, headers=sent_headers, **sent)
        self.client.cookies.clear()
        return answer

    def status(self) -> int:
        """Return what is answered to the question who one is."""
        status: int = self.send("GET", "users/current").status_code
        return status

    @property
    def key(self) -> str:
        """The key of the session."""
        return self.cookie.partition("=")[2]


class Changes:
    """Counts the changes that are committed to a database, but for what is noted of logins and tokens."""

    def __init__(self, engine: Engine) -> None:
        self.count = 0
        self._pending: dict[int, int] = {}
        event.listen(engine, "after_cursor_execute", self._executed)
        event.listen(engine, "commit", self._committed)
        event.listen(engine, "rollback", self._rolled_back)

    def _executed(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        words = statement.split(None, 3)
        is_change = words[0].upper() in {"INSERT", "UPDATE", "DELETE"} and cursor.rowcount != 0
        # Programs of the server, such as the drain of metrics, work on beside.
        if (
            is_change
            and current_access().workspace_id is not None
            and not {"auth_event", "access_token"} & set(words[:4])
        ):
            self._pending[id(connection.connection.dbapi_connection)] = 1

    def _committed(self, connection: Any) -> None:
        self.count += self._pending.pop(id(connection.connection.dbapi_connection), 0)

    def _rolled_back(self, connection: Any) -> None:
        self._pending.pop(id(connection.connection.dbapi_connection), None)


@contextmanager
def collected(site: Site) -> Iterator[list[str]]:
    """Collect the statements that the requests within the block execute."""
    found: list[str] = []

    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    engine = site.runtime.database.engine
    event.listen(engine, "before_cursor_execute", executed)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", executed)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, module_database_url: str) -> Iterator[Site]:
    """Yield the server, with `admin` and a workspace `other`."""
    folder = tmp_path_factory.mktemp("site")
    password = folder / "password"
    password.write_text(PASSWORD.format("admin"), encoding="utf-8")
    storage = StorageSettings(data=folder / "data", database_url=module_database_url)
    file = make_url(module_database_url).database
    if storage.effective_database_url.startswith("sqlite") and file and not Path(file).exists():
        lay_migrated_sqlite_database(Path(file))
    app = embedded_app(storage, auth=AuthSettings(auth="on", admin_password_file=password))
    with TestClient(app, raise_server_exceptions=False, base_url=HOST) as client:
        site = Site(client, app.state.runtime, folder / "data")
        site.post("admin", f"{MLFLOW_3}/workspaces", 201, name=OTHER)
        yield site
