"""Logins: modes, first administrators, failures that make who fails wait, and what is noted of them."""

import base64
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from starlette.testclient import TestClient
from typer.testing import CliRunner

from tests.fixtures.databases import lay_migrated_sqlite_database
from tests.integration.access.conftest import MLFLOW, MLFLOW_3, OWN, PASSWORD, Site
from trackhelm_cli.main import app as command
from trackhelm_core.errors import ApiError, UnavailableError
from trackhelm_core.settings import AuthSettings, HttpSettings, StorageSettings
from trackhelm_domain.access.logins import NAME_FAILURES, WINDOW_SECONDS, FailedLogins
from trackhelm_domain.access.tokens import TokenKind, is_token, new_token
from trackhelm_domain.tables import AccessToken, Account, AuthEvent
from trackhelm_embedded.app import embedded_app

PROXIES = "10.1.0.0/16"


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}


@contextmanager
def served(folder: Path, auth: AuthSettings, address: str = "127.0.0.1") -> Iterator[TestClient]:
    """Yield a client of a server over a folder, at an address."""
    if not (folder / "trackhelm.db").exists():
        lay_migrated_sqlite_database(folder / "trackhelm.db")
    app = embedded_app(StorageSettings(data=folder), auth=auth)
    with TestClient(app, base_url="http://127.0.0.1", client=(address, 5)) as client:
        yield client


def whoami(client: TestClient, headers: dict[str, str]) -> Any:
    return client.get(f"{MLFLOW}/users/current", headers=headers)


# Modes and first administrators.


def test_a_server_that_checks_nobody_says_so_where_others_reach_it() -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        AuthSettings().check_exposure(host)
    for host in ("0.0.0.0", "10.0.0.1", "::"):
        AuthSettings(auth="off").check_exposure(host)
        with pytest.raises(ValueError, match="TRACKHELM_AUTH=on"):
            AuthSettings().check_exposure(host)


def test_the_command_does_not_start_such_a_server(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["embedded", "--host", "0.0.0.0", "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert "TRACKHELM_AUTH=off" in result.output or "`off`" in result.output
    assert HttpSettings().host == "127.0.0.1"


def test_without_an_account_a_server_that_checks_does_not_start_and_says_what_to_do(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match=r"admin create NAME.*TRACKHELM_ADMIN_PASSWORD_FILE"),
        served(tmp_path, AuthSettings(auth="on")),
    ):
        pass


def test_the_password_file_is_used_once(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("the first password\n", encoding="utf-8")
    auth = AuthSettings(auth="on", admin_password_file=file)
    with served(tmp_path / "data", auth) as client:
        assert whoami(client, basic("admin", "the first password")).json()["user"]["is_admin"]
    file.write_text("another password", encoding="utf-8")
    with served(tmp_path / "data", auth) as client:
        assert whoami(client, basic("admin", "another password")).status_code == 401
        assert whoami(client, basic("ADMIN", "the first password")).status_code == 200


def test_an_administrator_is_made_and_let_in_again_on_the_machine(tmp_path: Path) -> None:
    lay_migrated_sqlite_database(tmp_path / "data" / "trackhelm.db")
    password = tmp_path / "password"
    password.write_text("made on the machine", encoding="utf-8")

    def run(*words: str) -> Any:
        options = ["--password-file", str(password), "--data", str(tmp_path / "data")]
        return CliRunner().invoke(command, ["admin", *words, *options])

    assert run("create", "ada").exit_code == 0
    refused = run("create", "Ada")
    assert refused.exit_code == 2
    assert "admin reset" in refused.output
    with served(tmp_path / "data", AuthSettings(auth="on")) as client:
        ada = basic("ada", "made on the machine")
        token = client.post(f"{OWN}/tokens/create", json={"name": "t"}, headers=ada).json()["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert whoami(client, bearer).status_code == 200
        password.write_text("set on the machine", encoding="utf-8")
        assert run("reset", "ada").exit_code == 0
        # In a process of its own: this one learns of it by the epoch, within seconds at the most.
        events = client.get(f"{OWN}/audit/events", headers=basic("ada", "set on the machine")).json()[
            "events"
        ]
        assert (events[0]["actor_kind"], events[0]["action"]) == ("operator", "password_set")
        assert whoami(client, bearer).status_code == 401
    password.write_text("set on the machine", encoding="utf-8")
    assert run("create", "bob").exit_code == 0
    place = ["--data", str(tmp_path / "data")]

    def change(*words: str) -> Any:
        return CliRunner().invoke(command, ["admin", *words, *place])

    with served(tmp_path / "data", AuthSettings(auth="on")) as client:
        bob = basic("bob", "set on the machine")
        token = client.post(f"{OWN}/tokens/create", json={"name": "t"}, headers=bob).json()["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        for verb, headers, status in (("disable", bearer, 401), ("disable", bob, 401), ("enable", bob, 200)):
            assert change(verb, "bob").exit_code == 0
            client.app.state.door.changed()  # type: ignore[attr-defined] # or within seconds
            assert whoami(client, headers).status_code == status
    assert change("disable", "bob").exit_code == 0
    assert "last administrator" in change("disable", "ada").output
    assert "not found" in change("disable", "nobody").output
    linked = ("link", "ada", "sub-ada", "--issuer", "https://login.example.com")
    assert change(*linked).exit_code == 0
    assert "already" in change(*linked).output
    assert "--issuer" in change("link", "ada", "sub-ada").output
    password.write_text("short", encoding="utf-8")
    assert "12 to 1024 characters" in run("reset", "ada").output


def test_the_last_administrator_stays(site: Site) -> None:
    for method, path, message in (
        ("DELETE", "users/delete", {"username": "admin"}),
        ("PATCH", "users/update-admin", {"username": "admin", "is_admin": False}),
    ):
        answer = site.send("admin", method, path, json=message)
        assert answer.status_code == 400
        assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"


def test_whom_a_proxy_names_has_an_account_from_the_first_request_on(tmp_path: Path) -> None:
    auth = AuthSettings(auth="proxy", trusted_proxies=PROXIES, new_user_role="member")
    message = {"name": uuid.uuid4().hex}
    with served(tmp_path, auth, "10.1.2.3") as client:
        ada = {"X-Forwarded-User": "ada"}
        created = client.post(f"{MLFLOW}/experiments/create", json=message, headers=ada)
        assert created.status_code == 200
        bob = {"X-Forwarded-User": "bob"}
        found = client.get(f"{MLFLOW}/experiments/get", params=created.json(), headers=bob)
        assert found.status_code == 200
        assert (
            client.post(f"{MLFLOW}/experiments/delete", json=created.json(), headers=bob).status_code == 403
        )
        assert (
            client.post(f"{MLFLOW}/experiments/delete", json=created.json(), headers=ada).status_code == 200
        )
        assert whoami(client, {}).status_code == 401
        assert whoami(client, basic("ada", "a password")).status_code == 401
    with served(tmp_path, auth, "10.2.0.1") as client:
        # From anybody else the header is nothing.
        assert whoami(client, {"X-Forwarded-User": "ada"}).status_code == 401


def test_in_mode_on_no_header_is_a_login(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("the first password", encoding="utf-8")
    auth = AuthSettings(auth="on", admin_password_file=file, trusted_proxies=PROXIES)
    with served(tmp_path / "data", auth, "10.1.2.3") as client:
        assert whoami(client, {"X-Forwarded-User": "admin"}).status_code == 401
        twice = [("Authorization", "Bearer a"), ("Authorization", "Bearer b")]
        assert client.get(f"{MLFLOW}/users/current", headers=twice).status_code == 401


def test_the_groups_that_a_proxy_lists_give_and_take_roles(tmp_path: Path) -> None:
    auth = AuthSettings(
        auth="proxy",
        trusted_proxies=PROXIES,
        groups_header="X-Forwarded-Groups",
        proxy_roles='{"team": ["default/member", "default/nobody"], "readers": ["default/viewer"]}',
        proxy_admin_group="root",
    )

    def ada(*groups: str) -> list[tuple[str, str]]:
        return [("X-Forwarded-User", "ada"), *(("X-Forwarded-Groups", each) for each in groups)]

    with served(tmp_path, auth, "10.1.2.3") as client:

        def created(headers: list[tuple[str, str]]) -> int:
            message = {"name": uuid.uuid4().hex}
            return client.post(f"{MLFLOW}/experiments/create", json=message, headers=headers).status_code

        assert created(ada()) == 403
        assert created(ada("others, team")) == 200
        assert created(ada("others", " team ,,")) == 200
        # What a request says counts, in every process: without the group the role is gone.
        assert created(ada("readers")) == 403
        default = f"{MLFLOW}/experiments/get?experiment_id=0"
        assert client.get(default, headers=ada("readers")).status_code == 200
        assert client.get(default, headers=ada()).status_code == 404
        assert whoami(client, dict(ada("root"))).json()["user"]["is_admin"]
        assert not whoami(client, dict(ada("Root"))).json()["user"]["is_admin"]
        # Roles and flags that people gave are not the groups' to take.
        root = dict(ada("root"))
        roles = client.get(f"{MLFLOW_3}/roles/list?workspace=default", headers=root).json()["roles"]
        editor = next(role["id"] for role in roles if role["name"] == "editor")
        message = {"username": "ada", "role_id": editor}
        given = client.post(f"{MLFLOW_3}/roles/assign", json=message, headers=root)
        assert given.status_code == 200
        assert created(ada("readers")) == created(ada()) == 200
        events = client.get(
            f"{OWN}/audit/events", params={"actor": "ada", "max_results": 100}, headers=dict(ada("root"))
        ).json()["events"]
        changes = {(event["action"], event["actor_kind"]) for event in events}
        assert {("created", "proxied"), ("granted", "proxied"), ("revoked", "proxied")} <= changes
        # Groups that give nothing change nothing, whatever they are called.
        for odd in (b"x" * 5_000, b"\xff", b"cn=team", b","):
            headers = {b"X-Forwarded-User": b"ada", b"X-Forwarded-Groups": odd}
            assert client.get(f"{MLFLOW}/users/current", headers=headers).status_code == 200
    with served(tmp_path, auth, "10.2.0.1") as client:
        assert whoami(client, dict(ada("root"))).status_code == 401


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"groups_header": "X-Groups"}, "TRACKHELM_GROUPS_HEADER needs TRACKHELM_AUTH=proxy"),
        ({"auth": "proxy", "groups_header": "x-forwarded-user"}, "the same header"),
        ({"auth": "proxy", "proxy_admin_group": "root"}, "need TRACKHELM_GROUPS_HEADER"),
        ({"auth": "proxy", "groups_header": "G", "proxy_roles": '{"a": "b"}'}, "must be a list of texts"),
        ({"auth": "proxy", "groups_header": "G", "proxy_roles": "["}, "TRACKHELM_PROXY_ROLES is no JSON"),
    ],
)
def test_settings_of_groups_that_do_not_fit_are_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AuthSettings(trusted_proxies=PROXIES, **settings)  # type: ignore[arg-type] # as a test gives them


def test_a_proxy_must_be_named() -> None:
    with pytest.raises(ValueError, match="TRACKHELM_TRUSTED_PROXIES"):
        AuthSettings(auth="proxy")


# Failures.


def test_the_eleventh_failure_waits_and_nobody_else_does() -> None:
    now = [0.0]
    failed = FailedLogins(lambda: now[0])
    for _ in range(NAME_FAILURES):
        failed.check("ada", "10.0.0.1")
        failed.add("ada", "10.0.0.1")
    with pytest.raises(ApiError) as refused:
        failed.check("ADA", "10.0.0.1")
    assert (refused.value.status, refused.value.retry_after_seconds) == (429, 30)
    failed.check("ada", "10.0.0.2")
    failed.check("bob", "10.0.0.1")
    now[0] = WINDOW_SECONDS
    failed.check("ada", "10.0.0.1")


def test_tries_at_the_same_time_are_no_more_than_one_after_another() -> None:
    failed = FailedLogins(lambda: 0.0)
    with ExitStack() as at_once:
        # Ten that are right: they count while they last, and no longer.
        for _ in range(NAME_FAILURES):
            at_once.enter_context(failed.attempt("ada", "10.0.0.1"))
        with pytest.raises(ApiError, match="Too many logins"), failed.attempt("Ada", "10.0.0.1"):
            pass
        with failed.attempt("ada", "10.0.0.2"):
            pass
    for _ in range(NAME_FAILURES):
        with failed.attempt("ada", "10.0.0.1") as attempt:
            attempt.fail()
    with pytest.raises(ApiError), failed.attempt("ada", "10.0.0.1"):
        pass


def test_a_try_that_ends_in_an_error_of_the_server_is_no_failure() -> None:
    failed = FailedLogins(lambda: 0.0)
    for _ in range(NAME_FAILURES + 1):
        with pytest.raises(UnavailableError), failed.attempt("ada", "10.0.0.1"):
            raise UnavailableError("Too many passwords are being checked.")


def test_parallel_guesses_are_ten_and_parallel_logins_all_let_in(site: Site) -> None:
    name = site.new_user()

    def status(password: str) -> int:
        return int(whoami(site.client, basic(name, password)).status_code)

    with ThreadPoolExecutor(60) as threads:
        # The processes of a job begin together, with one password.
        right = set(threads.map(status, [PASSWORD.format(name)] * 60))
        wrong = Counter(threads.map(status, [f"wrong password {number}" for number in range(60)]))
    assert right == {200}
    assert wrong == {401: NAME_FAILURES, 429: 60 - NAME_FAILURES}
    # The address of the tests is free again for those that come after this one.
    app: Any = site.client.app
    app.state.door.failed = FailedLogins()


def test_addresses_of_one_network_of_64_bits_are_one() -> None:
    failed = FailedLogins(lambda: 0.0)
    for number in range(20):
        failed.add(f"user {number}", f"2001:db8::{number:x}")
    with pytest.raises(ApiError):
        failed.check("somebody", "2001:db8::ffff")
    failed.check("somebody", "2001:db8:0:1::1")


def test_a_guesser_waits_and_the_user_does_not(site: Site) -> None:
    name = site.new_user()
    for _ in range(NAME_FAILURES):
        assert (
            site.send(None, "GET", "users/current", headers=basic(name, "wrong password")).status_code == 401
        )
    answer = site.send(None, "GET", "users/current", headers=basic(name, "wrong password, too"))
    assert answer.status_code == 429
    assert answer.headers["retry-after"]
    # A token, and who is remembered, are let in from the same address.
    site.tokens["known"] = site.new_token("admin")
    site.get("known", "users/current")


def test_an_unknown_name_and_a_wrong_password_are_told_alike_and_noted_apart(site: Site) -> None:
    name, unknown = site.new_user(), f"nobody-{uuid.uuid4().hex[:8]}"
    texts = {
        site.send(None, "GET", "users/current", headers=basic(each, "wrong password")).text
        for each in (name, unknown)
    }
    assert len(texts) == 1
    app: Any = site.client.app
    notes = app.state.door.notes
    notes.write()
    with site.runtime.database.reading() as session:
        noted = session.execute(select(AuthEvent.name, AuthEvent.reason)).all()
    assert (name, "wrong_password") in noted
    # What was given as a name may be a mistyped password.
    assert unknown not in {row.name for row in noted}


def test_nothing_stored_is_a_password_or_a_token(site: Site) -> None:
    name = site.new_user()
    token = site.new_token(name)
    with site.runtime.database.reading() as session:
        account = session.scalars(select(Account).where(Account.name == name)).one()
        stored = session.scalars(select(AccessToken).where(AccessToken.account_id == account.id)).one()
    assert account.password_hash
    assert account.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD.format(name) not in account.password_hash
    assert token.encode() not in stored.digest
    assert stored.hint == f"thp_…{token[-4:]}"
    listed = site.get(name, f"{OWN}/tokens/list")
    assert token not in str(listed)
    events = site.get("admin", f"{OWN}/audit/events", actor=name)
    assert token not in str(events)


@pytest.mark.parametrize(
    "name", ["\N{FULLWIDTH LATIN SMALL LETTER A}dmin", "ad\u200bmin", "admin ", "a:b", ""]
)
def test_no_name_is_given_that_passes_for_another(site: Site, name: str) -> None:
    refusal = site.post("admin", "users/create", 400, username=name, password=PASSWORD.format("x"))
    assert "user name" in refusal["message"] or "'username'" in refusal["message"]
    site.post("admin", f"{OWN}/service-accounts/create", 400, name=name)


def test_a_token_sees_and_ends_no_token_that_may_do_more(site: Site) -> None:
    owner = site.new_user(role="manager")
    experiment = site.post(owner, "experiments/create", name=f"of-{owner}")["experiment_id"]
    wanted: dict[str, dict[str, Any]] = {
        "reading": {"scopes": ["read"]},
        "one experiment": {"scopes": ["read"], "experiment_id": experiment},
        "one workspace": {"scopes": ["read", "write"], "workspace": "default"},
        "default": {},
        "managing": {"scopes": ["manage"]},
    }
    for name, more in wanted.items():
        site.tokens[f"{owner} {name}"] = site.new_token(owner, name=name, **more)
    numbers = {each["name"]: each["id"] for each in site.get(owner, f"{OWN}/tokens/list")["tokens"]}
    assert numbers.keys() == wanted.keys()
    for name, seen in {
        "reading": {"reading", "one experiment"},
        "one experiment": {"one experiment"},
        "one workspace": {"one workspace", "one experiment"},
        "default": wanted.keys() - {"managing"},
        "managing": wanted.keys(),
    }.items():
        shown = site.get(f"{owner} {name}", f"{OWN}/tokens/list")["tokens"]
        assert {each["name"] for each in shown} == seen, name
        for hidden in wanted.keys() - seen:
            refusal = site.post(f"{owner} {name}", f"{OWN}/tokens/revoke", 404, id=numbers[hidden])
            assert refusal["message"] == f"There is no token with id={numbers[hidden]}."
    site.post(f"{owner} default", f"{OWN}/tokens/revoke", id=numbers["one experiment"])
    site.post(f"{owner} reading", f"{OWN}/tokens/revoke", id=numbers["reading"])
    site.get(f"{owner} reading", "users/current", 401)


@given(st.sampled_from(TokenKind), st.integers(0, 39), st.characters(codec="ascii"))
def test_a_token_with_another_character_is_none(kind: TokenKind, place: int, character: str) -> None:
    token = new_token(kind).text
    assert is_token(token)
    changed = token[:place] + character + token[place + 1 :]
    assert is_token(changed) == (changed == token)
    assert not is_token(token[:-1])
    assert not is_token(token + "0")
