"""The ids of keys, and the canonical text of a label set.

Rows of params, tags and series have only the id of their key, so its text is cached. A key is never updated
or deleted, so an id that was read stays valid. That a key does not exist is never cached. A session that
writes may see a key that is rolled back later, so what it finds is cached only after its commit (`known_ids`,
`remember_when_committed`).
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from weakref import WeakKeyDictionary

from sqlalchemy import event, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from trackhelm_core.db.statements import is_any_of, upsert
from trackhelm_domain.tables import Key

# The text of a label set.


def canonical(labels: Mapping[str, str]) -> str:
    """Return labels as the JSON text that is stored and hashed."""
    return json.dumps(labels, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(labels: Mapping[str, str]) -> str:
    """Return the value of `label_set.digest` for labels."""
    return hashlib.sha256(canonical(labels).encode()).hexdigest()


# The ids of keys.

# A key has at most 250 characters, so this is some tens of megabytes. Only scripts that put data into keys
# reach it.
_REMEMBERED = 200_000


class Keys:
    """The keys of one database that this process has cached."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._ids: dict[str, int] = {}

    def names(self, session: Session, ids: Collection[int]) -> Mapping[int, str]:
        """Return the texts of these keys, and perhaps of others."""
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
        """Return the ids of those keys that are cached, without a statement."""
        known = self._ids
        return {name: key_id for name in names if (key_id := known.get(name)) is not None}

    def remember_when_committed(self, session: Session, ids: Mapping[str, int]) -> None:
        """Cache keys that a session found or inserted, when its transaction has committed."""
        found = [(key_id, name) for name, key_id in ids.items()]
        event.listen(session, "after_commit", lambda _session: self._remember(found), once=True)

    def _remember(self, keys: Collection[tuple[int, str]]) -> dict[int, str]:
        # Other threads may still use the dictionaries, so these are only extended, or replaced by new ones.
        known = self._names
        if len(known) + len(keys) > _REMEMBERED:
            self._names, self._ids = {}, {}
            return known | dict(keys)
        for key_id, name in keys:
            self._names[key_id] = name
            self._ids[name] = key_id
        return known


# By the pool, because engines of one database with different options share it.
_keys: WeakKeyDictionary[Pool, Keys] = WeakKeyDictionary()


def keys_of(session: Session) -> Keys:
    """Return this process's cache of the keys of the session's database."""
    return _keys.setdefault(session.get_bind().engine.pool, Keys())


def key_ids(session: Session, names: Iterable[str]) -> dict[str, int]:
    """Return the id of each key; new keys are inserted."""
    wanted = sorted(set(names))
    remembered = keys_of(session)
    known = remembered.known_ids(wanted)
    if not (unknown := [name for name in wanted if name not in known]):
        return known
    found = _find_keys(session, unknown)
    if new := [name for name in unknown if name not in found]:
        upsert(session, Key, [{"name": name} for name in new])
        # Selected afterwards, because an insert that conflicts with another transaction returns nothing.
        found |= _find_keys(session, new)
    remembered.remember_when_committed(session, found)
    return known | found


def _find_keys(session: Session, names: Collection[str]) -> dict[str, int]:
    rows = session.execute(select(Key.name, Key.id).where(Key.name.in_(names)))
    return dict(rows.all())
