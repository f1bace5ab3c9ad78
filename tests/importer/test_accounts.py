"""Users and permissions of MLflow's basic-auth app: they log in as before, and may do what they might."""

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from tests.fixtures.programs import embedded_server
from tests.importer.conftest import Command, stock
from tests.importer.making import make_source
from tests.importer.test_again import change
from trackhelm_domain.access import passwords

PASSWORD = "the old password of {}"

# Werkzeug's own, of the password "correct horse".
HASHES = [
    (
        "scrypt:32768:8:1$hhsCh93AujWYrpeg$9bc934390f55dcd3be728f52d3572d903a237d22c3033bff47a6158bdeca0f27"
        "1bfc4f4cf115c75eacc04ba999521994f7c81b4a36e14a349ed3a06dc601ec90"
    ),
    "pbkdf2:sha256:1000$NeWXjbF2VQcEgpJG$beac3249e02fbf21d90b82c02f52bdb356a4d7aa335fb05c611302e058343201",
]


@pytest.fixture(scope="module", params=["mlflow2", "mlflow3"])
def accounts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a database of accounts that a stock server's own code has filled."""
    url = f"sqlite:///{tmp_path_factory.mktemp(request.param) / 'basic_auth.db'}"
    stock(request.param).run("seed_accounts.py", url)
    return url


def may(client: httpx2.Client, user: str, path: str, **message: object) -> int:
    """Send a request as a user with the old password, and return the status of its answer."""
    auth = (user, PASSWORD.format(user))
    return client.post(f"/api/2.0/mlflow/{path}", json=message, auth=auth).status_code


@pytest.mark.long
def test_users_come_with_their_passwords_and_permissions(
    accounts: str, tmp_path: Path, command: Command
) -> None:
    source = f"sqlite:///{make_source(tmp_path / 'source.db', runs=1, metrics=1, points=1)}"
    secret = tmp_path / "secret"
    secret.write_text("a password of this server", encoding="utf-8")
    command("admin", "create", "carol", "--password-file", str(secret))
    brought = ("import", "mlflow", source, "--accounts", accounts, "--accounts-role", "")
    planned = command(*brought, "--dry-run")
    assert "accounts: 2 would be new" in planned.stdout
    done = command(*brought)
    assert "accounts: 2 were new, 0 were changed, 0 are here." in done.stdout
    assert "account carol: there is one of this name or id, which came from elsewhere" in done.stderr
    assert "account a:colon: Invalid user name" in done.stderr
    assert "bob: READ on experiment '99' in workspace 'default': there is no such experiment" in done.stderr
    again = command(*brought)
    assert "accounts: 0 were new, 0 were changed, 2 are here." in again.stdout

    with embedded_server(tmp_path, {"TRACKHELM_AUTH": "on"}) as (_process, client):
        assert (
            may(client, "bob", "experiments/set-experiment-tag", experiment_id="7", key="k", value="v") == 200
        )
        assert (
            may(client, "bob", "experiments/set-experiment-tag", experiment_id="0", key="k", value="v") == 404
        )
        assert may(client, "bob", "experiments/delete", experiment_id="7") == 403
        assert may(client, "boss", "experiments/create", name="of the boss") == 200
        assert may(client, "bob", "registered-models/rename", name="model", new_name="other") == 200
        assert may(client, "carol", "experiments/create", name="of carol") == 401
    with closing(sqlite3.connect(tmp_path / "data" / "trackhelm.db")) as connection:
        hashes = dict(connection.execute("SELECT name, password_hash FROM account").fetchall())
    assert {name: given.startswith("$argon2id$") for name, given in hashes.items()} == {
        "bob": True,
        "boss": True,
        "carol": True,
    }


@pytest.mark.parametrize("accounts", ["mlflow3"], indirect=True)
def test_roles_come_to_the_default_workspace(accounts: str, tmp_path: Path, command: Command) -> None:
    source = f"sqlite:///{make_source(tmp_path / 'source.db', runs=1, metrics=1, points=1)}"
    planned = command("import", "mlflow", source, "--accounts", accounts, "--dry-run")
    assert (
        "Not brought, because Trackhelm does not serve it: 1 rows of permissions on scorer." in planned.stdout
    )
    done = command("import", "mlflow", source, "--accounts", accounts)
    assert "bob: role 'far': the source has no workspace 'elsewhere', or it was deleted here" in done.stderr
    with closing(sqlite3.connect(tmp_path / "data" / "trackhelm.db")) as connection:
        assigned = connection.execute(
            "SELECT account.name, role.name FROM role_assignment JOIN role ON role.id = role_id "
            "JOIN account ON account.id = account_id ORDER BY 1, 2"
        ).fetchall()
    assert assigned == [("bob", "member"), ("bob", "team"), ("boss", "member"), ("carol", "member")]


@pytest.mark.parametrize("accounts", ["mlflow3"], indirect=True)
def test_roles_come_to_their_workspaces(accounts: str, tmp_path: Path, command: Command) -> None:
    file = make_source(tmp_path / "source.db", runs=1, metrics=1, points=1)
    change(file, "INSERT INTO workspaces (name) VALUES ('elsewhere')")
    asked = ("--accounts", accounts, "--workspace", "elsewhere=team-far")
    done = command("import", "mlflow", f"sqlite:///{file}", *asked)
    assert "bob: role" not in done.stderr
    with closing(sqlite3.connect(tmp_path / "data" / "trackhelm.db")) as connection:
        assigned = connection.execute(
            "SELECT workspace.name, role.name FROM role_assignment JOIN role ON role.id = role_id "
            "JOIN workspace ON workspace.id = role.workspace_id "
            "JOIN account ON account.id = account_id WHERE account.name = 'bob' ORDER BY 1, 2"
        ).fetchall()
    assert assigned == [("default", "member"), ("default", "team"), ("team-far", "far")]


def test_a_database_without_accounts_is_refused(tmp_path: Path, command: Command) -> None:
    source = f"sqlite:///{make_source(tmp_path / 'source.db', runs=1, metrics=1, points=1)}"
    refused = command("import", "mlflow", source, "--accounts", source, code=2)
    assert "no database of MLflow's basic-auth app: it has no table 'users'" in refused.stderr
    refused = command("import", "mlflow", source, "--accounts", source, "--accounts-role", "membr", code=2)
    assert "there is no role 'membr' in the default workspace: it has " in refused.stderr


@pytest.mark.parametrize("given", HASHES)
def test_the_hashes_of_mlflow_are_checked_and_are_to_be_renewed(given: str) -> None:
    assert passwords.is_password("correct horse", given)
    assert not passwords.is_password("correct horsf", given)
    assert passwords.is_outdated(given)
    assert not passwords.is_password("correct horse", given.rpartition("$")[0])
