"""The rule of what may be stored by one statement: a param or tag by itself, of a key that is known.

Everything else (a new key, a run that is missing, deleted or settled, a param that is there, a name) goes the
way of `logic.runs`, which unsettles, compares and refuses.
"""

from trackhelm_core.db.keys import keys_of
from trackhelm_core.db.unit_of_work import Database
from trackhelm_core.run_tags import RUN_NAME
from trackhelm_ingest.store import lone_pairs as store


def add_param(database: Database, uuid: str, key: str, value: str) -> bool:
    """Add a param durably by one statement, and return whether that was possible."""
    if database.is_sqlite:
        return False
    with database.committing_each() as session:
        key_id = keys_of(session).known_ids([key]).get(key)
        return key_id is not None and store.add_param(session, uuid, key_id, value)


def set_tag(database: Database, uuid: str, key: str, value: str) -> bool:
    """Set a tag durably by one statement, and return whether that was possible."""
    if database.is_sqlite or key == RUN_NAME:
        return False
    with database.committing_each() as session:
        key_id = keys_of(session).known_ids([key]).get(key)
        return key_id is not None and store.set_tag(session, uuid, key_id, value)
