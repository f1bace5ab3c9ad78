"""The base of every group of settings, and secrets: given as a value, or as a file that holds it."""

from pathlib import Path
from typing import Final

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

# The base of every group of settings.

PREFIX: Final = "TRACKHELM_"


class SettingsGroup(BaseSettings):
    """Settings that belong together, each read from the variable that is `PREFIX` and its name."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")


# Secrets: given as a value, or as a file that holds it.


def secret_text(value: SecretStr | None, file: Path | None) -> str:
    """Return a secret's text, of the file where one is given; empty without either. Raises `OSError`."""
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    return value.get_secret_value() if value else ""


def url_of(url: str | None, file: Path | None, names: str) -> str | None:
    """Return a URL that may hold a password, of the file where one is given.

    Raises:
        ValueError: The file cannot be read or is empty; `names` says which setting.
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
