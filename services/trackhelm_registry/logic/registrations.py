"""The list that a logged model carries of the versions it was registered as."""

import json

from sqlalchemy.orm import Session

from trackhelm_registry.store import lineage as store


def add_registration(session: Session, model_id: str, name: str, number: int) -> None:
    """Add a version to the list of its logged model, unless the model was deleted since.

    The model's row is locked first: two versions registered at once must both be listed.
    """
    logged_model = store.lock_logged_model(session, model_id)
    if logged_model is not None:
        text = store.registrations(session, logged_model)
        store.set_registrations(
            session, logged_model, with_registration(text, {"name": name, "version": str(number)})
        )


def with_registration(text: str | None, registration: dict[str, str]) -> str:
    """Return the text of a list with one more entry; what clients wrote that is no list is replaced."""
    try:
        listed = json.loads(text or "[]")
    except (ValueError, RecursionError):
        listed = []
    if not isinstance(listed, list):
        listed = []
    return json.dumps([*listed, registration])
