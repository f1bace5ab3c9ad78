"""Settings of the artifact store: what contradicts itself is refused, and no secret is shown."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from trackhelm_core.settings import ObjectSettings


def settings(**values: Any) -> ObjectSettings:
    return ObjectSettings(**values)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"s3_access_key": SecretStr("a")}, "given together"),
        ({"s3_secret_key_file": Path("s")}, "given together"),
        ({"s3_access_key": SecretStr("a"), "s3_access_key_file": Path("a")}, "one is enough"),
        ({"s3_endpoint": "http://minio:9000"}, "s3_allow_http"),
        ({"s3_public_endpoint": "http://minio:9000"}, "s3_allow_http"),
        ({"s3_endpoint": "minio:9000"}, "https://"),
        ({"artifacts_timeout_seconds": 0}, "greater than 0"),
    ],
)
def test_what_contradicts_itself_is_refused(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        settings(**values)


def test_a_key_is_read_from_a_variable_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    monkeypatch.setenv("TRACKHELM_S3_ACCESS_KEY", "from a variable")
    monkeypatch.setenv("TRACKHELM_S3_SECRET_KEY_FILE", str(tmp_path / "secret"))
    assert settings().s3_keys() == ("from a variable", "from a file")
    assert "from a" not in str(settings().model_dump())
    monkeypatch.undo()
    assert settings().s3_keys() is None
