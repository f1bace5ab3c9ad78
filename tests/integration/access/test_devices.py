"""Logins of programs: a person approves a code, and the program gets one token, for nobody else."""

import uuid
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.integration.access.conftest import HOST, MLFLOW, OTHER, OWN, SAME, Browser, Site
from tests.integration.access.test_logins import served
from trackhelm_core.security.actor import Actor, ActorKind
from trackhelm_core.settings import AuthSettings
from trackhelm_domain.access.logins import FailedLogins
from trackhelm_domain.audit import AuditContext
from trackhelm_domain.tables import AccessToken, Account, AuthEvent, DeviceLogin
from trackhelm_identity.users.logic import reset_admin, update_password

OPERATOR = Actor("ada", ActorKind.OPERATOR, "", "r")
DEVICES = f"{OWN}/devices"


@pytest.fixture(autouse=True)
def _nobody_waits(site: Site) -> None:
    door: Any = site.client.app
    door.state.door.failed, door.state.door.begun = FailedLogins(), FailedLogins()


def begin(site: Site, **wanted: Any) -> dict[str, Any]:
    return site.post(None, f"{DEVICES}/begin", name="ada on laptop", **wanted)


def poll(site: Site, begun: dict[str, Any], expected: int = 200, **more: Any) -> dict[str, Any]:
    """Return what the program is told, as if it had waited for as long as it must."""
    with site.runtime.database.writing() as session:
        session.execute(update(DeviceLogin).values(last_poll_time=0))
    message = {"device_code": begun["device_code"], **more}
    answer = site.send(None, "POST", f"{DEVICES}/poll", json=message)
    assert answer.status_code == expected, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_program_gets_a_token_once_its_user_has_approved_it(site: Site) -> None:
    browser = Browser(site.client, site.new_user(role="editor"))
    begun = begin(site, days=7, scopes=["read", "write"])
    code = begun["user_code"]
    assert len(code) == 9
    assert (begun["expires_in"], begun["interval"]) == (600, 5)
    assert begun["verification_uri"] == f"{HOST}/#/device"
    assert begun["verification_uri_complete"] == f"{HOST}/#/device?code={code}"
    assert poll(site, begun) == {"status": "authorization_pending", "interval": 5}
    shown = browser.send("GET", f"{DEVICES}/get", params={"user_code": code.lower()}).json()["device"]
    assert {name: shown[name] for name in ("user_code", "name", "scopes", "days")} == {
        "user_code": code,
        "name": "ada on laptop",
        "scopes": ["read", "write"],
        "days": 7,
    }
    assert shown["source_address"]
    answer = browser.send("POST", f"{DEVICES}/approve", json={"user_code": code.replace("-", " ")})
    assert answer.status_code == 200, answer.text
    told = poll(site, begun)
    assert (told["status"], told["username"]) == ("approved", browser.name)
    site.tokens["program"] = told["token"]
    assert site.get("program", "users/current")["user"]["username"] == browser.name
    # As the stock client does it, which knows names and passwords alone.
    basic = site.client.get(f"{MLFLOW}/users/current", auth=(browser.name, told["token"]))
    assert basic.status_code == 200
    site.post("program", "users/create", 403, username="x", password="a long password")
    (listed,) = site.get(browser.name, f"{OWN}/tokens/list")["tokens"]
    assert (listed["name"], listed["scopes"]) == ("ada on laptop", ["read", "write"])
    assert listed["expiry_time"] == told["expiry_time"]
    assert listed["expiry_time"] - listed["creation_time"] == 7 * 24 * 3_600_000
    # It is given out once.
    assert poll(site, begun)["status"] == "expired_token"
    events = site.get("admin", f"{OWN}/audit/events", actor=browser.name)["events"]
    assert ("token", "created") in {(event["entity_type"], event["action"]) for event in events}


def test_a_token_of_a_program_may_be_confined_to_a_workspace(site: Site) -> None:
    name = site.new_user(role="editor")
    site.assign(name, "viewer", OTHER)
    begun = begin(site)
    site.post(name, f"{DEVICES}/approve", user_code=begun["user_code"])
    # What is not its user's does not exist, and the program may ask again.
    assert "not found" in poll(site, begun, 404, workspace="elsewhere")["message"]
    site.tokens["confined"] = poll(site, begun, workspace=OTHER)["token"]
    site.post("confined", "experiments/create", 403, name=uuid.uuid4().hex)
    site.post("confined", "experiments/search", max_results=1)
    assert (
        site.send("confined", "POST", "experiments/search", workspace="default", json={}).status_code == 404
    )


def test_a_program_that_is_denied_hears_it_once(site: Site) -> None:
    begun = begin(site)
    site.post("admin", f"{DEVICES}/deny", user_code=begun["user_code"])
    site.post("admin", f"{DEVICES}/approve", 404, user_code=begun["user_code"])
    assert poll(site, begun) == {"status": "access_denied", "interval": 5}
    assert poll(site, begun)["status"] == "expired_token"


def test_who_asks_too_often_must_ask_less_often(site: Site) -> None:
    begun = begin(site)
    message = {"device_code": begun["device_code"]}
    assert site.post(None, f"{DEVICES}/poll", **message)["status"] == "authorization_pending"
    for interval in (10, 15):
        told = site.post(None, f"{DEVICES}/poll", **message)
        assert told == {"status": "slow_down", "interval": interval}
    site.post("admin", f"{DEVICES}/approve", user_code=begun["user_code"])
    assert site.post(None, f"{DEVICES}/poll", **message)["status"] == "slow_down"
    assert poll(site, begun)["status"] == "approved"


def test_a_code_is_worth_nothing_after_ten_minutes(site: Site) -> None:
    begun = begin(site)
    with site.runtime.database.writing() as session:
        session.execute(update(DeviceLogin).values(expiry_time=site.runtime.clock()))
    site.post("admin", f"{DEVICES}/approve", 404, user_code=begun["user_code"])
    assert poll(site, begun)["status"] == "expired_token"
    assert poll(site, {"device_code": "of nobody"})["status"] == "expired_token"
    begin(site)
    with site.runtime.database.reading() as session:
        assert len(session.scalars(select(DeviceLogin.id)).all()) == 1


def test_who_may_approve(site: Site) -> None:
    name = site.new_user(role="editor")
    begun = begin(site)
    message = {"user_code": begun["user_code"]}
    site.tokens["bearer"] = site.new_token(name, scopes=["manage"])
    for path in ("approve", "deny"):
        site.post(None, f"{DEVICES}/{path}", 401, **message)
        site.post("bearer", f"{DEVICES}/{path}", 403, **message)
    site.get("bearer", f"{DEVICES}/get", 403, **message)
    browser = Browser(site.client, name)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert browser.send("POST", f"{DEVICES}/approve", foreign, json=message).status_code == 403
    with site.runtime.database.writing() as session:
        session.execute(update(Account).where(Account.name == name).values(is_disabled=False))
    assert browser.send("POST", f"{DEVICES}/approve", SAME, json=message).status_code == 200


@pytest.mark.parametrize("change", ["password", "reset"])
def test_what_was_approved_before_a_new_password_is_worth_nothing(site: Site, change: str) -> None:
    name = site.new_user(role="editor")
    begun, others = begin(site), begin(site)
    site.post(name, f"{DEVICES}/approve", user_code=begun["user_code"])
    site.post("admin", f"{DEVICES}/approve", user_code=others["user_code"])
    context = AuditContext(OPERATOR, site.runtime.clock())
    with site.runtime.database.writing() as session:
        if change == "reset":
            reset_admin(session, name, "a hash", context)
        else:
            update_password(session, name, "a hash", context)
    assert poll(site, begun)["status"] == "expired_token"
    assert poll(site, others)["status"] == "approved"


def test_a_user_who_is_disabled_or_deleted_meanwhile_gives_no_token(site: Site) -> None:
    name, other = site.new_user(), site.new_user()
    begun, of_other = begin(site), begin(site)
    site.post(name, f"{DEVICES}/approve", user_code=begun["user_code"])
    site.post(other, f"{DEVICES}/approve", user_code=of_other["user_code"])
    with site.runtime.database.writing() as session:
        session.execute(update(Account).where(Account.name == name).values(is_disabled=True))
    assert site.send("admin", "DELETE", "users/delete", json={"username": other}).status_code == 200
    assert poll(site, begun)["status"] == "access_denied"
    assert poll(site, of_other)["status"] == "expired_token"


def test_who_guesses_codes_or_begins_many_logins_must_wait(site: Site) -> None:
    name = site.new_user()
    for _ in range(10):
        site.get(name, f"{DEVICES}/get", 404, user_code="BBBB-BBBB")
    site.get(name, f"{DEVICES}/get", 429, user_code="BBBB-BBBB")
    site.post(name, f"{DEVICES}/approve", 429, user_code="BBBB-BBBB")
    for _ in range(10):
        begin(site)
    site.post(None, f"{DEVICES}/begin", 429, name="ada on laptop")


def test_codes_and_tokens_are_stored_as_digests(site: Site) -> None:
    begun = begin(site)
    site.post("admin", f"{DEVICES}/approve", user_code=begun["user_code"])
    app: Any = site.client.app
    with site.runtime.database.reading() as session:
        row = session.scalars(select(DeviceLogin).order_by(DeviceLogin.id.desc())).first()
    assert row
    assert begun["device_code"].encode() not in row.digest
    token = poll(site, begun)["token"]
    app.state.door.notes.write()
    with site.runtime.database.reading() as session:
        digests = session.scalars(select(AccessToken.digest)).all()
        noted = session.scalars(select(AuthEvent.reason)).all()
    assert token.encode() not in digests
    assert "device_approved" in noted


def test_a_server_without_logins_begins_none(tmp_path: Any) -> None:
    with served(tmp_path, AuthSettings()) as client:
        answer = client.post(f"{DEVICES}/begin", json={"name": "x"})
        assert answer.status_code == 400
