"""The one JSON text of a state, and the hash of an event. A change here breaks every chain there is."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from trackhelm_core.audit.changes import JsonValue, State
from trackhelm_core.limits import AUDITED_STATE_LENGTH, AUDITED_TEXT_LENGTH

NO_EVENT: Final = "0" * 64
"""What the first event has for the hash of the event before."""


def canonical(value: Any) -> str:
    """Return the JSON text of a value: keys sorted, no space, characters as themselves."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(text: str) -> str:
    """Return the SHA-256 of a text's UTF-8 form, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def event_hash(content: Mapping[str, Any]) -> str:
    """Return the hash of an event: of all its fields but the hash, as `content` lists them."""
    return sha256(canonical(content))


def state_text(state: State | None) -> str | None:
    """Return the text to store for a state.

    A long text is kept as its beginning with length and digest, and a state that is still long as its
    digest: a page of a thousand events must stay one that can be answered with.
    """
    if state is None:
        return None
    text = canonical(_shortened(state))
    return text if len(text) <= AUDITED_STATE_LENGTH else canonical(_digest_of(canonical(state)))


def _shortened(value: JsonValue) -> JsonValue:
    match value:
        case str() if len(value) > AUDITED_TEXT_LENGTH:
            return {"starts": value[:AUDITED_TEXT_LENGTH], **_digest_of(value)}
        case list() | tuple():
            return [_shortened(item) for item in value]
        case Mapping():
            return {key: _shortened(item) for key, item in value.items()}
        case _:
            return value


def _digest_of(text: str) -> dict[str, JsonValue]:
    return {"length": len(text), "sha256": sha256(text)}
