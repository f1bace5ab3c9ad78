"""A stack's queue keeps the number of partitions that it began with."""

import os
from pathlib import Path

import pytest

from trackhelm_stack.redis import Redis


def queue(folder: Path) -> Redis:
    return Redis(folder, 1, "secret")


def test_a_new_queue_has_a_partition_for_each_processor_and_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert queue(tmp_path / "redis").partitions() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert queue(tmp_path / "redis").partitions() == 3


def test_a_queue_that_is_older_than_the_note_keeps_the_default(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    assert queue(tmp_path / "redis").partitions() is None
