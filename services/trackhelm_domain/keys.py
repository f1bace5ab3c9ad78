"""The texts of keys and their ids, remembered: rows of params, tags and series carry only the id.

A key is never updated or deleted, so what was once read of it stays true. That a key does not exist is
never remembered. A session that writes may see a key that is then rolled back: what it finds is remembered
when it has committed (`known_ids`, `remember_when_committed`).
"""

from collections.abc import Collection, Mapping
from weakref import WeakKeyDictionary

from sqlalchemy import event, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from trackhelm_core.db.statements import is_any_of
from trackhelm_domain.tables import Key

# A key has at most 250 characters: some tens of megabytes, reached only by scripts that put data into keys.
_REMEMBERED = 200_000


class Keys:
    """The keys of one database that this process has met."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._ids: dict[str, int] = {}

    def names(self, session: Session, ids: Collection[int]) -> Mapping[int, str]:
        """Return the texts of keys: of these, and perhaps of others."""
        known = self._names
        if missing := {key_id for key_id in ids if key_id not in known}:
            rows = session.execute(
                select(Key.id, Key.name).where(is_any_of(session, Key.id, sorted(missing)))
            ).all()
            known = self._remember([(key_id, name) for key_id, name in rows])
        return known

    def ids(self, session: Session, names: Collection[str]) -> Mapping[str, int]:
        """Return the ids of those keys of `names` that exist."""
        known = self._ids
        if missing := {name for name in names if name not in known}:
            rows = session.execute(
                select(Key.id, Key.name).where(is_any_of(session, Key.name, sorted(missing)))
            ).all()
            found = {name: key_id for key_id, name in rows}
            result = {name: known[name] for name in names if name in known} | found
            self._remember([(key_id, name) for key_id, name in rows])
            return result
        return known

    def known_ids(self, names: Collection[str]) -> dict[str, int]:
        """Return the ids of those keys that are remembered, without asking the database."""
        known = self._ids
        return {name: key_id for name in names if (key_id := known.get(name)) is not None}

    def remember_when_committed(self, session: Session, ids: Mapping[str, int]) -> None:
        """Remember keys that a session found or inserted, once its transaction is committed."""
        found = [(key_id, name) for name, key_id in ids.items()]
        event.listen(session, "after_commit", lambda _session: self._remember(found), once=True)

    def _remember(self, keys: Collection[tuple[int, str]]) -> dict[int, str]:
        # Other threads hold on to the present dictionaries: they are extended, or left behind whole.
        known = self._names
        if len(known) + len(keys) > _REMEMBERED:
            self._names, self._ids = {}, {}
            return known | dict(keys)
        for key_id, name in keys:
            self._names[key_id] = name
            self._ids[name] = key_id
        return known


# By the pool, which engines of one database with different options share.
_keys: WeakKeyDictionary[Pool, Keys] = WeakKeyDictionary()


def keys_of(session: Session) -> Keys:
    """Return what this process remembers of the keys of the session's database."""
    return _keys.setdefault(session.get_bind().engine.pool, Keys())
