"""The fields of an event as they are hashed, exported and answered, made from its row."""

import json
from collections.abc import Mapping
from typing import Any, Final

_STATES: Final = {"before": "from", "after": "to"}
_FIELDS: Final = (
    "id",
    "time",
    "actor",
    "actor_kind",
    "entity_type",
    "entity_id",
    "entity_version",
    "action",
    "before",
    "after",
    "comment",
    "request_id",
    "source_address",
    "previous_hash",
)


def content_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the hash of an event covers: its fields as they are exported, without the hash itself.

    Raises:
        ValueError: A state is no JSON text.
    """
    return {
        _STATES.get(name, name): json.loads(row[name]) if name in _STATES else row[name]
        for name in _FIELDS
        if row[name] is not None
    }
