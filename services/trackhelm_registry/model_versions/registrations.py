"""The list that a logged model carries of the versions it was registered as.

MLflow's server and its client both add an entry for one and the same version, with the number as a number and
as text. Here an entry is listed once, whoever comes first, with the number that MLflow's server writes.
"""

import json
import re
from typing import Any, Final

from sqlalchemy.orm import Session

from trackhelm_core.wire.json import decode_json
from trackhelm_registry.lineage import links

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")


def add_registration(session: Session, model_id: str, name: str, number: int) -> None:
    """Add a version to the list of its logged model, unless the model was deleted since.

    The model's row is locked first: two versions registered at once must both be listed.
    """
    logged_model = links.lock_logged_model(session, model_id)
    if logged_model is not None:
        text = links.registrations(session, logged_model)
        links.set_registrations(session, logged_model, with_registration(text, name, number))


def with_registration(text: str | None, name: str, number: int) -> str:
    """Return the text of a list with one more entry; what clients wrote that is no list is replaced."""
    return _written([*(_read(text or "") or ()), {"name": name, "version": number}])


def normal_registrations(text: str) -> str:
    """Return the text of a list with each entry once; what is no list stays as it is."""
    listed = _read(text)
    return text if listed is None else _written(listed)


def _read(text: str) -> list[Any] | None:
    try:
        listed = decode_json(text)
    except json.JSONDecodeError:
        return None
    return listed if isinstance(listed, list) else None


def _written(listed: list[Any]) -> str:
    # By their texts, in which the keys of an entry are sorted; the first of equal ones keeps its place.
    entries = {json.dumps(entry, sort_keys=True): entry for entry in map(_normal, listed)}
    return json.dumps(list(entries.values()))


def _normal(entry: Any) -> Any:
    version = entry.get("version") if isinstance(entry, dict) else None
    if isinstance(version, str) and _NUMBER.fullmatch(version):
        return entry | {"version": int(version)}
    return entry
