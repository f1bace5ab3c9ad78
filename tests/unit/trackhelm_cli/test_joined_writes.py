"""The head of an answer is sent together with the beginning of its body, and nothing waits for long."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from trackhelm_cli.http_protocol import JoinedWrites


class Sent(asyncio.Transport):
    """A transport that notes what one system call would send."""

    def __init__(self) -> None:
        super().__init__()
        self.packets: list[bytes] = []
        self.ended: list[str] = []

    def write(self, data: Any) -> None:
        self.packets.append(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.packets.append(b"".join(list_of_data))

    def close(self) -> None:
        self.ended.append("both")

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended.append("ours")

    def is_closing(self) -> bool:
        return "both" in self.ended


class Ready:
    """What an event loop runs next."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def run(self) -> None:
        callbacks, self.callbacks = self.callbacks, []
        for callback in callbacks:
            callback()


def test_a_head_is_sent_with_the_beginning_of_its_body() -> None:
    sent, ready = Sent(), Ready()
    joined = JoinedWrites(sent, ready.call_soon)
    joined.write(b"head")
    joined.write(b"body")
    assert sent.packets == [b"headbody"]
    ready.run()
    assert sent.packets == [b"headbody"]


def test_a_head_whose_body_does_not_come_is_sent_when_the_loop_has_run_what_is_ready() -> None:
    sent, ready = Sent(), Ready()
    joined = JoinedWrites(sent, ready.call_soon)
    joined.write(b"head")
    ready.run()
    assert sent.packets == [b"head"]
    joined.write(b"first event")
    ready.run()
    assert sent.packets == [b"head", b"first event"]


@pytest.mark.parametrize(("end", "ended"), [("close", "both"), ("write_eof", "ours")])
def test_the_end_comes_after_what_was_written(end: str, ended: str) -> None:
    sent, ready = Sent(), Ready()
    joined = JoinedWrites(sent, ready.call_soon)
    assert joined.can_write_eof()
    joined.write(b"all")
    getattr(joined, end)()
    assert (sent.packets, sent.ended) == ([b"all"], [ended])
    ready.run()
    assert sent.packets == [b"all"]
    assert joined.is_closing() is (end == "close")


def test_nothing_is_sent_for_an_empty_body() -> None:
    sent, ready = Sent(), Ready()
    joined = JoinedWrites(sent, ready.call_soon)
    joined.write(b"head")
    joined.write(b"")
    joined.write(b"")
    ready.run()
    assert sent.packets == [b"head"]
