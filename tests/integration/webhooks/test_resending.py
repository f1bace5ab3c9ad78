"""Deliveries as users and operators see them: listed, sent again, dropped; by the API and by the command."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.fixtures.waiting import wait_until
from tests.integration.webhooks.conftest import Hook, Outbox
from trackhelm_cli.main import app

ALL = "/api/2.0/trackhelm/webhooks"


def test_deliveries_are_listed_by_pages_and_states(hook: Hook) -> None:
    webhook_id = hook.create()
    hook.receiver.respond = lambda call: 500 if call.event == "run.failed" else 200
    run = hook.api.new_run()
    hook.api.post("runs/update", run_id=run, status="FAILED")
    wait_until(lambda: hook.deliveries(webhook_id)[0].get("response_status") == 500)
    failed, started = hook.deliveries(webhook_id)
    assert (started["event"], started["state"], started["subject"]) == (
        "run.started",
        "DELIVERED",
        f"run/{run}",
    )
    assert "due_time" not in started
    assert (failed["event"], failed["state"], failed["attempts"]) == ("run.failed", "WAITING", 1)
    assert failed["due_time"] > failed["created_time"]
    assert failed["error"] == "answered 500: thanks"
    assert hook.deliveries(webhook_id, state="WAITING") == [failed]
    assert hook.deliveries(webhook_id, state="DEAD") == []
    page = hook.api.get(f"{ALL}/{webhook_id}/deliveries", max_results=1)
    assert page["deliveries"] == [failed]
    assert hook.deliveries(webhook_id, max_results=1, page_token=page["next_page_token"]) == [started]
    hook.api.refused("GET", f"{ALL}/{webhook_id}/deliveries", "INVALID_PARAMETER_VALUE", state="LOST")


def test_a_delivery_is_sent_again_at_once(hook: Hook) -> None:
    webhook_id = hook.create()
    hook.receiver.respond = lambda _call: 500
    hook.api.new_run()
    wait_until(lambda: hook.deliveries(webhook_id)[0].get("response_status") == 500)
    hook.receiver.respond = lambda _call: 200
    delivery_id = hook.deliveries(webhook_id)[0]["delivery_id"]
    again = f"{ALL}/{webhook_id}/deliveries/{delivery_id}/resend"
    hook.api.post(again)
    wait_until(lambda: hook.states(webhook_id) == ["DELIVERED"], seconds=3)
    hook.api.post(again)
    wait_until(lambda: len(hook.receiver.calls) == 3, seconds=3)
    assert {call.delivery_id for call in hook.receiver.calls} == {delivery_id}
    hook.api.refused("POST", f"{ALL}/{webhook_id}/deliveries/x/resend", "RESOURCE_DOES_NOT_EXIST", 404)
    other = hook.create()
    hook.api.refused("POST", again.replace(webhook_id, other), "RESOURCE_DOES_NOT_EXIST", 404)


def test_the_server_notices_by_itself_what_is_due(hook: Hook) -> None:
    """Nobody tells it of a retry, nor of what a command made due."""
    webhook_id = hook.create()
    hook.receiver.respond = lambda _call: 500
    hook.api.new_run()
    wait_until(lambda: hook.deliveries(webhook_id)[0].get("response_status") == 500)
    hook.receiver.respond = lambda _call: 200
    wait_until(lambda: hook.states(webhook_id) == ["DELIVERED"])


@pytest.fixture
def command(outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Command":
    monkeypatch.setenv("TRACKHELM_DATA", str(tmp_path))
    url = outbox.runtime.database.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("TRACKHELM_DATABASE_URL", url)
    return Command()


class Command:
    """Runs `trackhelm-server webhooks`."""

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["webhooks", *arguments])

    def lines(self, *arguments: str) -> list[str]:
        result = self(*arguments)
        assert result.exit_code == 0, result.output
        return result.output.splitlines()


def fail(outbox: Outbox, count: int) -> str:
    webhook = outbox.create(secret="s")
    outbox.set(webhook_attempts=1)
    outbox.receiver.respond = lambda _call: 500
    for number in range(count):
        outbox.announce(f"r{number}")
    outbox.turn(webhook)
    assert outbox.states(webhook) == ["DEAD"] * count
    return webhook.uuid


def test_the_command_lists_resends_and_drops(outbox: Outbox, command: Command) -> None:
    webhook = fail(outbox, 3)
    (line,) = command.lines("list")
    assert line.split() == [webhook, "ACTIVE", "a", outbox.receiver.url, "run.started", "run.finished"]
    listed = [line.split() for line in command.lines("deliveries", "--webhook", webhook)]
    assert [line[6] for line in listed] == ["run/r2", "run/r1", "run/r0"]
    assert {line[3] for line in listed} == {"DEAD"}
    newest, middle, _ = (line[0] for line in listed)
    assert command.lines("deliveries", "--limit", "1")[0].startswith(newest)
    assert command.lines("resend", newest) == ["1 deliveries are sent again"]
    assert len(command.lines("deliveries", "--state", "DEAD")) == 2
    assert command.lines("drop", middle, "--webhook", webhook) == ["1 deliveries are dropped"]
    assert command.lines("resend", "--dead") == ["1 deliveries are sent again"]
    assert {line.split()[3] for line in command.lines("deliveries")} == {"WAITING"}
    assert command.lines("drop", "--dead") == ["0 deliveries are dropped"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["resend"], "name the ids"),
        (["drop", "--dead", "x"], "name the ids"),
        (["drop", "x"], "no delivery x"),
        (["deliveries", "--webhook", "x"], "not found"),
    ],
)
def test_what_is_wrong_is_said(outbox: Outbox, command: Command, arguments: list[str], said: str) -> None:
    result = command(*arguments)
    assert result.exit_code == 2
    assert said in result.output


def test_secrets_change_over_to_a_new_key(
    outbox: Outbox, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = outbox.create(secret="s")
    old = (tmp_path / "secret.key").read_text()
    new = "bmV3IG5ldyBuZXcgbmV3IG5ldyBuZXcgbmV3IG5ldyE="
    monkeypatch.setenv("TRACKHELM_SECRET_KEY", new)
    refused = command("rekey")
    assert refused.exit_code == 2
    assert "no configured key opens" in refused.output
    monkeypatch.setenv("TRACKHELM_SECRET_KEY", f"{new},{old}")
    assert command.lines("rekey") == ["1 secrets are encrypted with the first key"]
    (tmp_path / "secret.key").write_text(new)
    outbox.announce("r")
    outbox.turn(webhook)
    (call,) = outbox.receiver.calls
    assert call.is_signed_with("s")
    monkeypatch.setenv("TRACKHELM_SECRET_KEY", "short")
    assert "32 random bytes" in command("rekey").output
