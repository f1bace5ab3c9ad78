"""What a process is made of, by its settings."""

from pathlib import Path

import pytest

from trackhelm_core.runtime import Runtime
from trackhelm_core.settings import RedisSettings, StorageSettings


def test_without_an_address_there_is_no_redis(tmp_path: Path) -> None:
    runtime = Runtime.from_settings(StorageSettings(data=tmp_path), RedisSettings())
    assert runtime.redis is None
    runtime.close()


def test_a_queue_before_sqlite_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs PostgreSQL"):
        Runtime.from_settings(StorageSettings(data=tmp_path), RedisSettings(redis_url="redis://127.0.0.1:1"))
