"""The forms of a `models:/` URI. Pure functions: nothing is looked up."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from trackhelm_registry.logic.names import LATEST

SCHEME: Final = "models"
FORMS: Final = (
    "models:/<model id>, models:/<name>/<version>, models:/<name>/<stage>, models:/<name>/latest "
    "and models:/<name>@<alias>"
)


@dataclass(frozen=True, slots=True)
class LoggedModelUri:
    """`models:/m-…`: a logged model."""

    model_id: str


@dataclass(frozen=True, slots=True)
class VersionUri:
    """`models:/name/3`: a version of a registered model."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class StageUri:
    """`models:/name/Production` or `models:/name/latest` (no stage): the newest version of those."""

    name: str
    stage: str | None


@dataclass(frozen=True, slots=True)
class AliasUri:
    """`models:/name@alias`: the version an alias points to."""

    name: str
    alias: str


ModelUri: TypeAlias = LoggedModelUri | VersionUri | StageUri | AliasUri


def parse_model_uri(uri: str) -> ModelUri | None:
    """Return what a URI of the scheme `models` names; None if it has none of the forms."""
    _, _, path = uri.partition(":")
    # Two slashes would name another server's registry.
    if not path.startswith("/") or path.startswith("//"):
        return None
    name, slash, suffix = path[1:].partition("/")
    if slash:
        if not name.strip() or not suffix.strip() or "/" in suffix:
            return None
        if suffix.isascii() and suffix.isdigit():
            return VersionUri(name, suffix)
        return StageUri(name, None if suffix.lower() == LATEST else suffix)
    name, at, alias = path[1:].rpartition("@")
    if at:
        return AliasUri(name, alias) if name.strip() and alias.strip() else None
    return LoggedModelUri(alias) if alias.strip() else None
