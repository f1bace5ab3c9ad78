"""Secrets that are stored sealed, and the file of the key where no key is given."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from trackhelm_core.security.sealing import CannotOpenError, NoKeyError, SecretBox

KEYS = ("b25lIG9uZSBvbmUgb25lIG9uZSBvbmUgb25lIG9uZSE=", "dHdvIHR3byB0d28gdHdvIHR3byB0d28gdHdvIHR3byE=")


def test_any_key_opens_and_the_first_seals() -> None:
    old = SecretBox(KEYS[1:]).seal("text")
    both = SecretBox(KEYS)
    assert both.open(old) == "text"
    assert SecretBox(KEYS[:1]).open(both.reseal(old)) == "text"
    with pytest.raises(CannotOpenError):
        SecretBox(KEYS[:1]).open(old)
    assert "text" not in old


def test_without_a_key_nothing_is_sealed(tmp_path: Path) -> None:
    with pytest.raises(NoKeyError, match="TRACKHELM_SECRET_KEY"):
        SecretBox().seal("text")
    with pytest.raises(NoKeyError, match="is missing"):
        SecretBox(key_file=tmp_path / "secret.key").open("text")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", ["", "short", "ä" * 44, KEYS[0][:-4]])
def test_what_is_no_key_is_said(key: str) -> None:
    with pytest.raises(ValueError, match="openssl rand"):
        SecretBox([key])


def test_a_key_is_made_once_when_it_is_needed_and_is_ours_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    boxes = [SecretBox(key_file=file) for _ in range(8)]
    assert not file.exists()
    with ThreadPoolExecutor(8) as pool:
        sealed = list(pool.map(lambda box: box.seal("text"), boxes))
    assert [boxes[0].open(each) for each in sealed] == ["text"] * 8
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["secret.key"]
