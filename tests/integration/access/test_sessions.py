"""Sessions of browsers: how they begin and end, their cookie, and what a page of another site can do."""

import hashlib
import uuid
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.integration.access.conftest import HOST, MLFLOW, OWN, PASSWORD, SAME, Browser, Site
from tests.integration.access.test_logins import basic, served
from trackhelm_core.settings import AuthSettings
from trackhelm_domain.access.logins import NAME_FAILURES
from trackhelm_domain.tables import Account, AuthEvent, WebSession

HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def module_database_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of a database of SQLite alone: `test_many_processes` has sessions on PostgreSQL."""
    return f"sqlite:///{tmp_path_factory.mktemp('sessions') / 'test.db'}"


def row_of(site: Site, browser: Browser, **values: int) -> WebSession:
    """Return the row of a browser's session, after a change of it."""
    digest = hashlib.sha256(browser.key.encode()).digest()
    with site.runtime.database.writing() as session:
        if values:
            session.execute(update(WebSession).where(WebSession.digest == digest).values(**values))
        return session.scalars(select(WebSession).where(WebSession.digest == digest)).one()


def test_a_browser_logs_in_works_and_logs_out(site: Site) -> None:
    browser = Browser(site.client, site.new_user(role="editor"))
    current = browser.send("GET", "users/current").json()
    assert (current["user"]["username"], current["is_basic_auth"]) == (browser.name, False)
    made = browser.send("POST", "experiments/create", json={"name": uuid.uuid4().hex})
    assert made.status_code == 200
    (listed,) = browser.send("GET", f"{OWN}/sessions/list").json()["sessions"]
    assert (listed["is_current"], listed["way"]) == (True, "password")
    ended = browser.send("POST", f"{OWN}/sessions/end", json={})
    assert ended.status_code == 200
    assert "trackhelm=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" in ended.headers["set-cookie"]
    answer = browser.send("GET", "users/current")
    assert answer.status_code == 401
    assert "session has ended" in answer.json()["message"]
    assert browser.send("POST", f"{OWN}/sessions/end", json={}).status_code == 401


def test_the_cookie_is_the_key_and_nothing_else_is(site: Site) -> None:
    name = site.new_user()
    answer = site.send(
        None, "POST", f"{OWN}/sessions/create", json={"username": name, "password": PASSWORD.format(name)}
    )
    site.client.cookies.clear()
    cookie = answer.headers["set-cookie"]
    key = cookie.partition(";")[0].partition("=")[2]
    assert cookie == f"trackhelm={key}; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax"
    assert answer.headers["cache-control"] == "no-store"
    assert len(key) == 43
    assert key not in answer.text
    with site.runtime.database.reading() as session:
        account = session.scalars(select(Account.id).where(Account.name == name)).one()
        stored = session.scalars(select(WebSession).where(WebSession.account_id == account)).one()
    assert stored.digest == hashlib.sha256(key.encode()).digest()
    assert key not in str(site.get("admin", f"{OWN}/audit/events"))


@pytest.mark.parametrize(
    ("public_url", "cookie"),
    [
        (
            "https://track.example.com",
            "__Host-trackhelm={}; Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax; Secure",
        ),
        (
            "https://track.example.com/ml/",
            "__Secure-trackhelm={}; Path=/ml; Max-Age=1209600; HttpOnly; SameSite=Lax; Secure",
        ),
        ("http://track.example.com/ml", "trackhelm={}; Path=/ml; Max-Age=1209600; HttpOnly; SameSite=Lax"),
    ],
)
def test_behind_tls_and_a_prefix_the_cookie_is_for_that_address_alone(
    tmp_path: Any, public_url: str, cookie: str
) -> None:
    file = tmp_path / "password"
    file.write_text("the first password", encoding="utf-8")
    auth = AuthSettings(auth="on", admin_password_file=file, public_url=public_url)
    with served(tmp_path / "data", auth) as client:
        message = {"username": "admin", "password": "the first password"}
        answer = client.post(f"{OWN}/sessions/create", json=message)
        given = answer.headers["set-cookie"]
        client.cookies.clear()
        name, _, rest = given.partition("=")
        key = rest.partition(";")[0]
        assert given == cookie.format(key)
        current = f"{MLFLOW}/users/current"
        assert client.get(current, headers={"Cookie": f"a=b; {name}={key}"}).status_code == 200
        if name != "trackhelm":
            # Anybody on the network could have planted a cookie of the plain name.
            assert client.get(current, headers={"Cookie": f"trackhelm={key}"}).status_code == 401


def test_an_address_for_browsers_is_one() -> None:
    for wrong in (
        "track.example.com",
        "ftp://track.example.com",
        "https://track.example.com/a b",
        "https://u@h",
    ):
        with pytest.raises(ValueError, match=r"is no (origin|path) such as"):
            AuthSettings(public_url=wrong)


def test_a_login_ends_the_session_before_it_and_a_stranger_s_key_begins_none(site: Site) -> None:
    browser = Browser(site.client, site.new_user())
    first = browser.cookie
    assert browser.log_in(PASSWORD.format(browser.name)).status_code == 200
    assert browser.cookie != first
    browser.cookie, second = first, browser.cookie
    assert browser.status() == 401
    browser.cookie = second
    assert browser.status() == 200
    # A key that somebody else chose is no session, and does not become one by a login.
    browser.cookie = "trackhelm=" + "A" * 43
    assert browser.status() == 401
    browser.log_in(PASSWORD.format(browser.name))
    assert browser.key != "A" * 43


def test_sessions_end_when_they_are_not_used_and_in_the_end(site: Site) -> None:
    browser = Browser(site.client, site.new_user())
    now = site.runtime.clock()
    row_of(site, browser, last_used_time=now - 11 * HOUR_MS)
    assert browser.status() == 200
    other = Browser(site.client, browser.name)
    row_of(site, other, last_used_time=now - 11 * HOUR_MS)
    assert other.status() == 200
    row_of(site, other, last_used_time=now - 12 * HOUR_MS)
    assert other.status() == 401
    row_of(site, browser, expiry_time=now)
    assert browser.status() == 401


def test_it_is_stored_when_a_session_was_last_used(site: Site) -> None:
    browser = Browser(site.client, site.new_user())
    before = row_of(site, browser, last_used_time=site.runtime.clock() - HOUR_MS).last_used_time
    assert browser.status() == 200
    assert row_of(site, browser).last_used_time > before + HOUR_MS // 2


# Who ends sessions.


def test_one_ends_one_s_own_sessions_and_nobody_else_s(site: Site) -> None:
    name = site.new_user()
    here, there = Browser(site.client, name), Browser(site.client, name)
    stranger = Browser(site.client, site.new_user())
    sessions = here.send("GET", f"{OWN}/sessions/list").json()["sessions"]
    (other,) = [each["id"] for each in sessions if not each["is_current"]]
    for message in ({}, {"id": other, "all": True}):
        assert here.send("POST", f"{OWN}/sessions/revoke", json=message).status_code == 400
    assert stranger.send("POST", f"{OWN}/sessions/revoke", json={"id": other}).status_code == 404
    assert there.status() == 200
    assert here.send("POST", f"{OWN}/sessions/revoke", json={"id": other}).status_code == 200
    assert (here.status(), there.status()) == (200, 401)
    there.log_in(PASSWORD.format(name))
    assert here.send("POST", f"{OWN}/sessions/revoke", json={"all": True}).status_code == 200
    assert (here.status(), there.status(), stranger.status()) == (401, 401, 200)


def test_a_token_sees_and_ends_no_sessions(site: Site) -> None:
    name = site.new_user()
    browser = Browser(site.client, name)
    site.tokens["bearer"] = site.new_token(name, scopes=["manage"])
    site.get("bearer", f"{OWN}/sessions/list", 403)
    site.post("bearer", f"{OWN}/sessions/revoke", 403, all=True)
    site.post("bearer", f"{OWN}/sessions/end", 400)
    assert browser.status() == 200


@pytest.mark.parametrize(
    "change", ["password by oneself", "password by an admin", "promotion", "demotion", "deletion"]
)
def test_what_changes_an_account_ends_its_sessions(site: Site, change: str) -> None:
    name = site.new_user()
    if change == "demotion":
        site.send("admin", "PATCH", "users/update-admin", json={"username": name, "is_admin": True})
    browser = Browser(site.client, name)
    message = {"username": name}
    match change:
        case "password by oneself":
            words = {"password": "another password", "current_password": PASSWORD.format(name)}
            answer = browser.send("PATCH", "users/update-password", json=message | words)
        case "password by an admin":
            words = {"password": "another password"}
            answer = site.send("admin", "PATCH", "users/update-password", json=message | words)
        case "promotion" | "demotion":
            flag = {"is_admin": change == "promotion"}
            answer = site.send("admin", "PATCH", "users/update-admin", json=message | flag)
        case _:
            answer = site.send("admin", "DELETE", "users/delete", json=message)
    assert answer.status_code == 200, answer.text
    assert browser.status() == 401


def test_a_disabled_account_has_no_session(site: Site) -> None:
    browser = Browser(site.client, site.new_user())
    assert browser.status() == 200
    with site.runtime.database.writing() as session:
        session.execute(update(Account).where(Account.name == browser.name).values(is_disabled=True))
    # The epoch has not changed: the request looks at what a change of rights would have told.
    site.new_user()
    assert browser.status() == 401


def test_what_outlasts_a_session_needs_a_login_that_is_new(site: Site) -> None:
    admin = Browser(site.client, "admin")
    name = site.new_user()
    requests = (
        ("POST", f"{OWN}/tokens/create", {"name": "t"}),
        ("PATCH", "users/update-password", {"username": name, "password": "another password"}),
        ("POST", "users/create", {"username": f"{name}-2", "password": "another password"}),
    )
    row_of(site, admin, creation_time=site.runtime.clock() - 16 * 60_000)
    site.new_user()  # Rights are read again, and with them when the login was.
    for method, path, message in requests:
        answer = admin.send(method, path, json=message)
        assert answer.status_code == 403, path
        assert "Log in again" in answer.json()["message"]
    admin.log_in(PASSWORD.format("admin"))
    for method, path, message in requests:
        assert admin.send(method, path, json=message).status_code == 200, path


# Pages of other sites.


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": HOST}, 200),
        ({}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": HOST}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 403),
    ],
)
def test_only_pages_of_the_server_change_things_in_a_session(
    site: Site, headers: dict[str, str], expected: int
) -> None:
    browser = Browser(site.client, site.new_user(role="editor"))
    message = {"name": uuid.uuid4().hex}
    made = browser.send("POST", "experiments/create", headers, json=message)
    assert made.status_code == expected
    by_name = {"experiment_name": message["name"]}
    found = browser.send("GET", "experiments/get-by-name", params=by_name)
    assert found.status_code == (200 if expected == 200 else 404)
    # Reading needs no page: links lead to files.
    assert browser.send("GET", "users/current", headers).status_code == 200


def test_a_form_of_another_site_logs_nobody_in(site: Site) -> None:
    name = site.new_user()
    message = {"username": name, "password": PASSWORD.format(name)}
    path = f"{OWN}/sessions/create"
    foreign = {"Origin": "https://evil.example"}
    assert site.send(None, "POST", path, headers=foreign, json=message).status_code == 403
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        answer = site.send(
            None,
            "POST",
            path,
            headers={"Content-Type": content_type},
            content=b'{"username":"a","password":"b"}',
        )
        assert answer.status_code in {400, 415}, answer.text
        assert "set-cookie" not in answer.headers


def test_a_browser_is_not_told_to_ask_for_a_password_and_a_program_is(site: Site) -> None:
    for headers in (
        {"Sec-Fetch-Mode": "cors"},
        {"Accept": "text/html,application/xhtml+xml"},
        {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"},
    ):
        for path in ("users/current", "/openapi.json", "/docs"):
            answer = site.send(None, "GET", path, headers=headers)
            assert answer.status_code == 401
            assert answer.headers.get_list("www-authenticate") == ['Bearer realm="Trackhelm"']
    answer = site.send(None, "GET", "users/current", headers={"User-Agent": "mlflow-python-client/3.17"})
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_header_and_a_session_of_two_users_are_nobody(site: Site) -> None:
    name, other = site.new_user(), site.new_user()
    browser = Browser(site.client, name)
    assert browser.send("GET", "users/current", SAME | site.headers(name)).status_code == 200
    answer = browser.send("GET", "users/current", SAME | site.headers(other))
    assert answer.status_code == 401
    assert "two users" in answer.json()["message"]
    browser.send("POST", f"{OWN}/sessions/end", json={})
    # A session that has ended says nothing.
    assert browser.send("GET", "users/current", SAME | site.headers(other)).status_code == 200


# Limits and what is noted.


def test_failed_logins_of_browsers_are_limited_like_others(site: Site) -> None:
    name = site.new_user()
    path, message = f"{OWN}/sessions/create", {"username": name, "password": "a wrong password"}
    answers = [site.send(None, "POST", path, json=message) for _ in range(NAME_FAILURES)]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    for right in (PASSWORD.format(name), "a wrong password"):
        assert site.send(None, "POST", path, json=message | {"password": right}).status_code == 429
    # It is one limit for all ways to give a password.
    assert site.send(None, "GET", "users/current", headers=basic(name, "x")).status_code == 429
    failed: Any = site.client.app
    failed.state.door.failed.__init__()


def test_who_finds_an_open_browser_does_not_guess_its_password(site: Site) -> None:
    browser = Browser(site.client, site.new_user())
    message = {"username": browser.name, "password": "another password", "current_password": "guessed"}
    statuses = [
        browser.send("PATCH", "users/update-password", json=message).status_code
        for _ in range(NAME_FAILURES + 1)
    ]
    assert statuses == [403] * NAME_FAILURES + [429]
    failed: Any = site.client.app
    failed.state.door.failed.__init__()


def test_logins_and_logouts_are_noted(site: Site) -> None:
    browser = Browser(site.client, site.new_user())
    browser.send("POST", f"{OWN}/sessions/end", json={})
    browser.log_in(PASSWORD.format(browser.name))
    browser.send("POST", f"{OWN}/sessions/revoke", json={"all": True})
    browser.status()
    app: Any = site.client.app
    app.state.door.notes.write()
    with site.runtime.database.reading() as session:
        noted = session.execute(select(AuthEvent.name, AuthEvent.reason)).all()
    assert {row.reason for row in noted if row.name == browser.name} == {"login", "logout", "session_revoked"}
    assert ("", "unknown_session") in noted


def test_an_account_has_fifty_sessions_at_the_most(site: Site) -> None:
    name = site.new_user()
    first = Browser(site.client, name)
    with site.runtime.database.writing() as session:
        account = session.scalars(select(Account.id).where(Account.name == name)).one()
        now = site.runtime.clock()
        for number in range(49):
            session.add(
                WebSession(
                    account_id=account,
                    digest=uuid.uuid4().bytes * 2,
                    way="password",
                    source_address="",
                    user_agent="",
                    creation_time=now,
                    last_used_time=now + 1 + number,
                    expiry_time=now + HOUR_MS,
                )
            )
    second = Browser(site.client, name)
    assert len(second.send("GET", f"{OWN}/sessions/list").json()["sessions"]) == 50
    assert (first.status(), second.status()) == (401, 200)


# Servers at which nobody logs in.


def test_a_server_says_how_one_logs_in(site: Site, tmp_path: Any) -> None:
    ways = [{"kind": "password", "name": "Password", "path": ""}]
    assert site.get(None, f"{OWN}/logins") == {"mode": "on", "ways": ways}
    proxy = AuthSettings(auth="proxy", trusted_proxies="10.1.0.0/16")
    for mode, auth in (("off", AuthSettings()), ("proxy", proxy)):
        with served(tmp_path / mode, auth, "10.1.2.3") as client:
            assert client.get(f"{OWN}/logins").json() == {"mode": mode, "ways": []}
            message = {"username": "a", "password": "b"}
            answer = client.post(f"{OWN}/sessions/create", json=message)
            assert answer.status_code == 400
            assert f"TRACKHELM_AUTH is '{mode}'" in answer.json()["message"]
            named = {"X-Forwarded-User": "ada"} if mode == "proxy" else {}
            # A cookie is nothing there.
            cookie = {"Cookie": "trackhelm=" + "A" * 43}
            answer = client.post(
                f"{MLFLOW}/experiments/search", json={"max_results": 1}, headers=cookie | named
            )
            assert answer.status_code == 200
