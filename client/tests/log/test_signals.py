"""The handler of a signal logs in the middle of a call: at no instruction of it is anything lost or torn."""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from trackhelm.log import runlog, writer
from trackhelm.log.runlog import RunLog
from trackhelm.log.segments import Entry, Rows, SegmentReader

RUN = "0123456789abcdef0123456789abcdef"
TRACED = {runlog.__file__, writer.__file__}
SEGMENT_BYTES = 2 * 4_096
KNOWN = {"known": 1.0}


class Interruption:
    """Calls a handler before one instruction of the log, as a signal might."""

    def __init__(self, instruction: int, handler: Callable[[], None]) -> None:
        self._left = instruction
        self._handler = handler

    @property
    def has_happened(self) -> bool:
        return self._left < 0

    def call(self, function: Callable[[], None]) -> None:
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            function()
        finally:
            sys.settrace(before)

    def _trace(self, frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename not in TRACED:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            self._left -= 1
            if self._left == -1:
                self._handler()
        return self._trace


def logged(log: RunLog) -> Counter[tuple[Any, ...]]:
    """Return what the segments of a log hold, which are whole to their ends."""
    found: Counter[tuple[Any, ...]] = Counter()
    for segment in sorted(log.folder.path.rglob("*.seg")):
        data = segment.read_bytes()
        records, end = SegmentReader().read(data)
        assert not data[end:].strip(b"\0"), "what follows the last record is reserved"
        for record in records:
            if isinstance(record, Entry):
                found.update(record.fields["tags"].items())
            elif isinstance(record, Rows):
                steps = (int.from_bytes(part[:8], "little", signed=True) for part in record.parts)
                found.update((*record.shape.key.keys, step) for step in steps)
    return found


def interrupted_call(place: Path, instruction: int, filled: int, call: dict[str, float]) -> bool:
    """Log up to a size, then a row that is interrupted, and some after it; return whether it was."""
    log = RunLog(None, place)
    expected: Counter[tuple[object, ...]] = Counter()

    def row(values: dict[str, float], step: int) -> None:
        log.metrics(RUN, values, step, 1)
        point = (*values, step)
        expected[point] += 1

    def handle() -> None:
        row(KNOWN, 2_000_000)
        row({"new": 1.0}, 2_000_001)
        row({"new": 1.0}, 2_000_002)
        log.tags(RUN, {"note": "x" * 3_000})
        expected["note", "x" * 3_000] += 1

    row(KNOWN, 0)
    text = "x" * (filled - 500)
    log.tags(RUN, {"filling": text})
    expected["filling", text] += 1
    step = 1
    while log.stats()["logged_bytes"] < filled:
        row(KNOWN, step)
        step += 1
    interruption = Interruption(instruction, handle)
    interruption.call(lambda: row(call, 1_000_000))
    for last in range(3):
        row(KNOWN, 3_000_000 + last)
        row({"new": 1.0}, 3_000_000 + last)
    found = logged(log)
    assert found == expected, (instruction, found - expected, expected - found)
    log.close()
    assert logged(log) == expected
    return interruption.has_happened


@pytest.mark.parametrize("maps", [True, False], ids=["mapped", "written"])
@pytest.mark.parametrize("call", [KNOWN, {"first": 1.0}], ids=["known shape", "new shape"])
@pytest.mark.parametrize(
    "filled", [2_000, 4_050, 8_150], ids=["in a window", "at its end", "at a segment's end"]
)
def test_the_handler_of_a_signal_may_log_at_every_instruction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filled: int, call: dict[str, float], maps: bool
) -> None:
    monkeypatch.setattr(writer, "SEGMENT_BYTES", SEGMENT_BYTES)
    monkeypatch.setattr(writer, "WINDOW_BYTES", SEGMENT_BYTES // 2)
    monkeypatch.setattr(writer, "can_map", lambda _path: maps)
    instruction = 0
    while interrupted_call(tmp_path / str(instruction), instruction, filled, call):
        instruction += 1
    assert instruction > 20
