"""Secrets: given as a value, or as a file that holds it."""

from pathlib import Path

from pydantic import SecretStr


def secret_text(value: SecretStr | None, file: Path | None) -> str:
    """Return a secret's text, of the file where one is given; empty without either. Raises `OSError`."""
    if file is not None:
        return file.read_text(encoding="utf-8").strip()
    return value.get_secret_value() if value else ""
