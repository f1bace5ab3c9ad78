"""Logging in at an identity provider: whose the account is, what groups give, what a browser brings."""

import base64
import json
import logging
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient
from typer.testing import CliRunner

from tests.fixtures.bent_provider import SECRET, BentProvider
from tests.integration.access.conftest import HOST, MLFLOW, OWN, Site
from tests.integration.access.oidc.conftest import (
    BEGIN,
    CALLBACK,
    begin,
    finish,
    log_in,
    refused,
    roles_of,
    session_of,
    site_with,
    whoami,
)
from trackhelm_cli.main import app as command
from trackhelm_core.settings import AuthSettings, OidcSettings, StorageSettings
from trackhelm_domain.tables import Account, AuthEvent, ExternalIdentity
from trackhelm_embedded.app import embedded_app
from trackhelm_identity.oidc.provider import Provider
from trackhelm_stack.program import free_ports

# Who the person is.


def test_a_new_person_gets_an_account_and_the_same_one_each_time(site: Site, bent: BentProvider) -> None:
    subject = uuid.uuid4().hex
    answer = log_in(site, bent, "/#/experiments/3?a=b", sub=subject, preferred_username=f"new-{subject[:8]}")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{HOST}/#/experiments/3?a=b"
    assert "trackhelm-login=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" in answer.headers.get_list(
        "set-cookie"
    )
    user = whoami(site, answer)
    assert (user["username"], user["is_admin"]) == (f"new-{subject[:8]}", False)
    # Names change at providers, and the person stays the one that they are.
    assert whoami(site, log_in(site, bent, sub=subject, preferred_username="admin"))["id"] == user["id"]
    listed = site.client.get(f"{OWN}/sessions/list", headers={"Cookie": session_of(answer) or ""}).json()
    assert {each["way"] for each in listed["sessions"]} == {"Bent"}
    events = site.get("admin", f"{OWN}/audit/events", actor=user["username"])["events"]
    assert (events[0]["action"], events[0]["actor_kind"]) == ("created", "user")


def test_nobody_gets_the_account_of_another_by_its_name(site: Site, bent: BentProvider) -> None:
    for name in ("admin", "ADMIN"):
        refused(log_in(site, bent, sub=uuid.uuid4().hex, preferred_username=name, email="a@b"), "name_taken")
    for wrong in ("a:b", "", " a", "a\u0000", 7, None):
        refused(log_in(site, bent, sub=uuid.uuid4().hex, preferred_username=wrong), "not_allowed")


def test_who_has_an_account_already_is_linked_to_it_on_the_machine(site: Site, bent: BentProvider) -> None:
    name, subject = site.new_user(), uuid.uuid4().hex
    refused(log_in(site, bent, sub=subject, preferred_username=name), "name_taken")
    words = ["admin", "link", name, subject, "--issuer", bent.issuer, "--data", str(site.data)]
    assert CliRunner().invoke(command, words).exit_code == 0
    assert whoami(site, log_in(site, bent, sub=subject, preferred_username="x"))["username"] == name


def test_a_disabled_account_does_not_log_in(site: Site, bent: BentProvider) -> None:
    subject = uuid.uuid4().hex
    name = whoami(site, log_in(site, bent, sub=subject, preferred_username=f"d-{subject}"))["username"]
    with site.runtime.database.writing() as session:
        session.execute(update(Account).where(Account.name == name).values(is_disabled=True))
    refused(log_in(site, bent, sub=subject), "disabled")


def test_a_person_of_a_provider_has_no_password(site: Site, bent: BentProvider) -> None:
    subject = uuid.uuid4().hex
    name = whoami(site, log_in(site, bent, sub=subject, preferred_username=f"p-{subject}"))["username"]
    for password in ("", "None", "a password of somebody"):
        answer = site.client.get(f"{MLFLOW}/users/current", auth=(name, password))
        assert answer.status_code == 401


# What groups give and take.


def test_groups_give_roles_and_take_them_and_leave_what_people_gave(site: Site, bent: BentProvider) -> None:
    person: dict[str, Any] = {"sub": uuid.uuid4().hex, "preferred_username": uuid.uuid4().hex}

    def roles(groups: Any) -> set[str]:
        return roles_of(whoami(site, log_in(site, bent, groups=groups, **person)))

    assert roles(["ml-team", "readers", "lost", "unknown"]) == {"editor", "viewer"}
    assert roles("readers") == {"viewer"}
    site.assign(person["preferred_username"], "member")
    assert roles(["ml-team"]) == {"editor", "member"}
    # The claim is gone altogether: so are the groups.
    assert roles(None) == {"member"}
    # A role that somebody gave by hand is theirs, although a group would give it, too.
    site.assign(person["preferred_username"], "editor")
    assert roles(["ml-team"]) == {"editor", "member"}
    assert roles([]) == {"editor", "member"}
    events = site.get("admin", f"{OWN}/audit/events", actor=person["preferred_username"])["events"]
    assert {event["action"] for event in events} == {"created", "granted", "revoked"}


def test_a_group_makes_administrators_and_ends_that(site: Site, bent: BentProvider) -> None:
    person: dict[str, Any] = {"sub": uuid.uuid4().hex, "preferred_username": uuid.uuid4().hex}
    assert not whoami(site, log_in(site, bent, groups=["ml-team"], **person))["is_admin"]
    before = log_in(site, bent, groups=["admins"], **person)
    assert whoami(site, before)["is_admin"]
    assert not whoami(site, log_in(site, bent, groups=[], **person))["is_admin"]
    ended = site.client.get(f"{MLFLOW}/users/current", headers={"Cookie": session_of(before) or ""})
    assert ended.status_code == 401
    # Whom an administrator has made one stays one.
    message = {"username": person["preferred_username"], "is_admin": True}
    assert site.send("admin", "PATCH", "users/update-admin", json=message).status_code == 200
    assert whoami(site, log_in(site, bent, groups=[], **person))["is_admin"]


def test_groups_that_a_provider_leaves_out_are_not_taken_for_none(site: Site, bent: BentProvider) -> None:
    overage: dict[str, Any] = {"_claim_names": {"groups": "src1"}, "groups": None}
    refused(
        log_in(site, bent, sub=uuid.uuid4().hex, preferred_username=uuid.uuid4().hex, **overage),
        "not_allowed",
    )


def test_claims_may_be_required(bent: BentProvider, tmp_path: Path) -> None:
    bent.straighten()
    required = json.dumps({"hd": "example.com", "groups": "ml-team"})
    # No first account is needed where a group makes administrators.
    with site_with(tmp_path, bent.issuer, oidc_required_claims=required, has_no_account=True) as site:
        wrong: tuple[dict[str, Any], ...] = (
            {},
            {"hd": "evil.example", "groups": ["ml-team"]},
            {"hd": "example.com", "groups": []},
        )
        for claims in wrong:
            refused(log_in(site, bent, **claims), "not_allowed")
        assert (
            whoami(site, log_in(site, bent, hd="example.com", groups=["a", "ml-team"]))["username"] == "ada"
        )


# What a browser brings.


def test_what_the_browser_is_sent_with(site: Site, bent: BentProvider) -> None:
    address, cookie = begin(site)
    query = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{bent.issuer}/authorize?")
    assert query["redirect_uri"] == [f"{HOST}{CALLBACK}"]
    assert (query["response_type"], query["code_challenge_method"]) == (["code"], ["S256"])
    assert query["scope"] == ["openid profile email"]
    for secret in (query["state"][0], query["nonce"][0]):
        assert secret not in base64.urlsafe_b64decode(cookie.partition("=")[2] + "==").decode("latin-1")
    other, _ = begin(site)
    assert not set(parse_qs(urlsplit(other).query)["state"]) & set(query["state"])


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "/\\evil.example", "\\\\evil", "https://evil.example", "evil", "", "/a b", "/\n/evil"],
)
def test_a_login_leads_to_this_server_alone(site: Site, path: str) -> None:
    answer = site.client.get(BEGIN, params={"next": path})
    assert answer.status_code == 400
    assert "'next'" in answer.json()["message"]


def test_a_header_does_not_choose_where_the_provider_sends_people(site: Site) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    answer = site.client.get(BEGIN, headers=headers)
    assert parse_qs(urlsplit(answer.headers["location"]).query)["redirect_uri"] == [f"{HOST}{CALLBACK}"]


def test_a_browser_finishes_the_login_that_it_began_and_no_other(site: Site, bent: BentProvider) -> None:
    address, cookie = begin(site)
    _, other = begin(site)
    brought = bent.authorize(address)
    refused(finish(site, "", brought), "expired")
    refused(finish(site, other, brought), "expired")
    refused(finish(site, "trackhelm-login=nonsense", brought), "expired")
    refused(finish(site, cookie, brought | {"state": "x"}), "expired")
    refused(finish(site, cookie, {"state": brought["state"], "error": "access_denied", "iss": bent.issuer}))
    # Nothing of it was asked of the provider.
    assert "/token" not in bent.asked
    assert session_of(finish(site, cookie, brought))
    # A code is one login.
    refused(finish(site, cookie, brought))


def test_a_login_that_takes_too_long_has_expired(site: Site, bent: BentProvider) -> None:
    provider = site.runtime.part(Provider)
    address, cookie = begin(site)
    try:
        provider._clock = lambda: time.time() + 601
        refused(finish(site, cookie, bent.authorize(address)), "expired")
    finally:
        provider._clock = time.time


def test_an_answer_of_another_issuer_is_refused_before_the_code_is_used(
    site: Site, bent: BentProvider
) -> None:
    for issuer in ("https://evil.example", ""):
        address, cookie = begin(site)
        refused(finish(site, cookie, bent.authorize(address) | {"iss": issuer}))
    assert "/token" not in bent.asked


def test_a_code_without_its_verifier_is_worth_nothing(site: Site, bent: BentProvider) -> None:
    address, cookie = begin(site)
    brought = bent.authorize(address)
    # Somebody else's code, in a login of one's own: the provider compares what it was asked with.
    other, other_cookie = begin(site)
    mine = bent.authorize(other)
    refused(finish(site, other_cookie, mine | {"code": brought["code"]}))
    assert cookie


# Limits, notes, settings.


def linked_people(site: Site) -> set[tuple[str, str]]:
    with site.runtime.database.reading() as session:
        columns = (ExternalIdentity.issuer, ExternalIdentity.subject)
        return {(issuer, subject) for issuer, subject in session.execute(select(*columns))}


def test_failures_make_who_fails_wait_and_are_noted_without_secrets(
    site: Site, bent: BentProvider, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    # The test's own client names the addresses that it asks, which hold the secrets.
    caplog.set_level(logging.WARNING, logger="httpx2")
    bent.claims = {"aud": "another"}
    secrets: list[str] = [SECRET]
    before = linked_people(site)
    for _ in range(10):
        address, cookie = begin(site)
        brought = bent.authorize(address)
        secrets += [cookie.partition("=")[2], brought["code"], brought["state"]]
        refused(finish(site, cookie, brought))
    assert finish(site, cookie, brought).status_code == 429
    app: Any = site.client.app
    app.state.door.notes.write()
    with site.runtime.database.reading() as session:
        noted = session.scalars(select(AuthEvent.reason)).all()
    assert "oidc_refused" in noted
    assert linked_people(site) == before
    printed = "".join(capfd.readouterr())
    assert not [secret for secret in secrets if secret in printed]


def test_a_page_that_sends_browsers_here_makes_nobody_wait(site: Site, bent: BentProvider) -> None:
    for _ in range(21):
        refused(finish(site, "", {"code": "x", "state": "x", "iss": bent.issuer}), "expired")
    assert session_of(log_in(site, bent))


def test_a_new_person_who_logs_in_twice_at_once_has_one_account(site: Site, bent: BentProvider) -> None:
    bent.claims = {"sub": uuid.uuid4().hex, "preferred_username": f"twice-{uuid.uuid4().hex[:8]}"}
    begun = [begin(site) for _ in range(4)]
    brought = [(cookie, bent.authorize(address)) for address, cookie in begun]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda each: finish(site, *each), brought))
    assert len({whoami(site, answer)["id"] for answer in answers}) == 1


def test_a_server_says_that_it_has_a_provider(site: Site, tmp_path: Path) -> None:
    ways = site.get(None, f"{OWN}/logins")["ways"]
    assert ways[1] == {"kind": "oidc", "name": "Bent", "path": "api/2.0/trackhelm/oidc/begin"}
    app = embedded_app(StorageSettings(data=tmp_path))
    with TestClient(app, base_url=HOST) as client:
        assert client.get(BEGIN).status_code == 400


def test_settings_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    on = AuthSettings(auth="on", public_url="https://track.example.com")
    right: dict[str, Any] = {
        "oidc_issuer": "https://login.example.com",
        "oidc_client_id": "t",
        "oidc_client_secret": "s",
    }
    assert Provider.open(OidcSettings(**right), on)
    assert Provider.open(OidcSettings(), AuthSettings()) is None
    for settings, auth, said in (
        (right, AuthSettings(), "TRACKHELM_AUTH=on"),
        (right, AuthSettings(auth="on"), "TRACKHELM_PUBLIC_URL"),
        (right, AuthSettings(auth="on", public_url="http://track.example.com"), "https://"),
        (right | {"oidc_issuer": "http://login.example.com"}, on, "https://"),
        (right | {"oidc_client_id": ""}, on, "TRACKHELM_OIDC_CLIENT_ID"),
        (right | {"oidc_client_secret": None}, on, "TRACKHELM_OIDC_CLIENT_SECRET_FILE"),
        (right | {"oidc_client_secret_file": tmp_path / "none"}, on, "both given"),
        (right | {"oidc_scopes": "profile"}, on, "'openid'"),
        (right | {"oidc_roles": "{"}, on, "no JSON"),
        (right | {"oidc_roles": '{"g": "default/editor"}'}, on, "list of texts"),
        (right | {"oidc_roles": '{"g": ["editor"]}'}, on, "list of texts"),
        (right | {"oidc_required_claims": "[]"}, on, "JSON object"),
    ):
        with pytest.raises(ValueError, match=said):
            Provider.open(OidcSettings(**settings), auth)


# A provider that others have written.

NODE = Path(__file__).parents[4] / ".venvs"


@pytest.mark.skipif(not (NODE / "oidc" / ".ready").exists(), reason="needs `make .venvs/oidc/.ready`")
def test_people_log_in_at_a_provider_of_others(tmp_path: Path) -> None:
    script = Path(__file__).parents[3] / "fixtures" / "oidc_provider.mjs"
    (port,) = free_ports(1)
    command = [str(NODE / "node/bin/node"), str(script), str(NODE / "oidc"), str(port), f"{HOST}{CALLBACK}"]
    issuer = f"http://127.0.0.1:{port}"
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as program,
        site_with(tmp_path, issuer, secret="the secret of a client", oidc_scopes="openid profile") as site,
    ):
        try:
            assert program.stdout
            assert program.stdout.readline() == "listens\n"
            for name, is_admin in (("bob", False), ("ada", True)):
                address, cookie = begin(site, "/#/models")
                brought = _visit(address, f"sub-{name}")
                assert brought["iss"] == issuer
                answer = finish(site, cookie, brought)
                assert answer.headers["location"] == f"{HOST}/#/models", answer.headers
                user = whoami(site, answer)
                assert (user["username"], user["is_admin"], roles_of(user)) == (name, is_admin, {"editor"})
                # The provider gives out each code once.
                refused(finish(site, cookie, brought))
            address, _ = begin(site)
            without = address.replace("code_challenge=", "other=").replace(
                "code_challenge_method=", "another="
            )
            assert httpx2.get(without).headers.get("location", "").find("error=invalid_request") > 0
        finally:
            program.terminate()


def _visit(address: str, login: str) -> dict[str, str]:
    """Return what a browser brings back that visits a provider as somebody."""
    with httpx2.Client(cookies={"login_as": login}) as browser:
        for _ in range(10):
            answer = browser.get(address)
            address = str(answer.url.join(answer.headers["location"]))
            if address.startswith(f"{HOST}{CALLBACK}"):
                return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    raise AssertionError(f"the provider leads to {address}")
