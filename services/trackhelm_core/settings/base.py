"""The base of every group of settings, and secrets, which are given as a value or as a file."""

from pathlib import Path
from typing import Final

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "TRACKHELM_"


class SettingsGroup(BaseSettings):
    """Settings that belong together. Each is read from the variable `PREFIX` followed by its name."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")


def secret_text(value: SecretStr | None, file: Path | None) -> str:
    """Return a secret: the contents of the file if one is given, else the value. Empty without either.

    Raises `OSError`.
    """
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    return value.get_secret_value() if value else ""


def url_of(url: str | None, file: Path | None, names: str) -> str | None:
    """Return a URL that may contain a password: the contents of the file if one is given, else the value.

    Raises:
        ValueError: The file cannot be read or is empty; `names` are the settings that the message names.
    """
    if file is None:
        return url
    try:
        text = secret_text(None, file)
    except OSError as error:
        raise ValueError(f"{names}: {file} cannot be read: {error.strerror}") from error
    if not text:
        raise ValueError(f"{names}: {file} is empty")
    return text
