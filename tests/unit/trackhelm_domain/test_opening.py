"""The runtime that settings describe."""

from pathlib import Path

import pytest

from trackhelm_core.settings import RedisSettings, StorageSettings
from trackhelm_domain.opening import open_runtime


def test_without_an_address_there_is_no_redis(tmp_path: Path) -> None:
    runtime = open_runtime(StorageSettings(data=tmp_path), RedisSettings())
    assert runtime.redis is None
    runtime.close()


def test_a_queue_before_sqlite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs PostgreSQL"):
        open_runtime(StorageSettings(data=tmp_path), RedisSettings(redis_url="redis://127.0.0.1:1"))


def test_what_only_some_services_use_is_opened_when_it_is_asked_for(tmp_path: Path) -> None:
    opened: list[int] = []

    def opener() -> str:
        opened.append(len(opened))
        return "key"

    runtime = open_runtime(StorageSettings(data=tmp_path), openers={str: opener})
    assert opened == []
    assert [runtime.part(str), runtime.part(str)] == ["key", "key"]
    assert opened == [0]
    with pytest.raises(KeyError):
        runtime.part(bytes)
    runtime.close()
