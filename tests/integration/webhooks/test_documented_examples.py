"""The examples of docs/webhooks.md, run as they stand but for addresses."""

import re
import time
from pathlib import Path
from typing import Any

from tests.fixtures.waiting import wait_until
from tests.integration.webhooks.conftest import SECRET, Hook, Outbox
from tests.integration.webhooks.test_resending import Command, command, fail
from trackhelm_domain.outbox import Event

__all__ = ["command"]

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")


def test_a_receiver_that_checks_as_the_page_says_knows_what_is_genuine(hook: Hook) -> None:
    example = next(
        code
        for code in re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
        if "hmac" in code
    )
    names: dict[str, Any] = {}
    exec(example, names)
    hook.create()
    hook.api.new_run()
    wait_until(lambda: hook.receiver.calls)
    (call,) = hook.receiver.calls
    assert names["is_genuine"](SECRET, call.headers, call.body)
    assert not names["is_genuine"]("another", call.headers, call.body)
    assert not names["is_genuine"](SECRET, call.headers, call.body + b" ")
    old = {**call.headers, "X-MLflow-Timestamp": str(int(time.time()) - 1_000)}
    assert not names["is_genuine"](SECRET, old, call.body)


def test_the_page_lists_every_event() -> None:
    assert {event.value for event in Event} <= set(re.findall(r"`([a-z_]+\.[a-z_]+)`", PAGE))


def test_the_commands_do_what_the_page_says(outbox: Outbox, command: Command) -> None:
    fail(outbox, 2)
    documented = re.findall(r"^trackhelm-server webhooks (.+)$", PAGE, re.MULTILINE)
    assert len(documented) == 4
    answers = [command.lines(*line.split()) for line in documented]
    assert [len(lines) for lines in answers] == [1, 2, 1, 1]
    assert answers[2] == ["2 deliveries are sent again"]
