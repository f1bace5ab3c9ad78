"""The list, in a tag of a logged model, of the versions that it was registered as.

MLflow's server and its client both add an entry for the same version, the one with the number as a number and
the other as text. Here an entry is listed once, whichever comes first, with the number as MLflow's server
writes it.
"""

import json
import re
from typing import Any, Final

from sqlalchemy.orm import Session

from trackhelm_core.wire.requests import decode_json
from trackhelm_registry.model_versions import store

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")


def add_registration(session: Session, model_id: str, name: str, number: int) -> None:
    """Add a version to the list of its logged model, unless the model was deleted since.

    The model's row is locked first, because two versions registered concurrently must both be listed.
    """
    logged_model = store.lock_logged_model(session, model_id)
    if logged_model is not None:
        text = store.registrations(session, logged_model)
        store.set_registrations(session, logged_model, with_registration(text, name, number))


def with_registration(text: str | None, name: str, number: int) -> str:
    """Return the text of a list with one more entry; a text of clients that is not a list is replaced."""
    return _written([*(_read(text or "") or ()), {"name": name, "version": number}])


def normal_registrations(text: str) -> str:
    """Return the text of a list with each entry once; a text that is not a list is returned unchanged."""
    listed = _read(text)
    return text if listed is None else _written(listed)


def _read(text: str) -> list[Any] | None:
    try:
        listed = decode_json(text)
    except json.JSONDecodeError:
        return None
    return listed if isinstance(listed, list) else None


def _written(listed: list[Any]) -> str:
    # Entries are compared by their texts with sorted keys; of equal entries the first keeps its place.
    entries = {json.dumps(entry, sort_keys=True): entry for entry in map(_normal, listed)}
    return json.dumps(list(entries.values()))


def _normal(entry: Any) -> Any:
    version = entry.get("version") if isinstance(entry, dict) else None
    if isinstance(version, str) and _NUMBER.fullmatch(version):
        return entry | {"version": int(version)}
    return entry
