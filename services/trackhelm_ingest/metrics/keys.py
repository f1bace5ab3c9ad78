"""The ids of keys and label sets, which are inserted if they are new."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from trackhelm_core.db.statements import upsert
from trackhelm_domain.keys import keys_of
from trackhelm_domain.labels import canonical, digest_of
from trackhelm_domain.tables import Key, LabelSet
from trackhelm_ingest.metrics.series import Labels


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


def label_set_ids(session: Session, label_sets: Iterable[Labels]) -> dict[Labels, int]:
    """Return the id of each label set; new label sets are inserted."""
    wanted = {digest_of(dict(labels)): labels for labels in label_sets}
    found = _find_label_sets(session, wanted)
    if new := sorted(digest for digest, labels in wanted.items() if labels not in found):
        upsert(session, LabelSet, [_label_set_row(digest, wanted[digest]) for digest in new])
        found |= _find_label_sets(session, {digest: wanted[digest] for digest in new})
    return found


def _label_set_row(digest: str, labels: Labels) -> dict[str, str | None]:
    named = dict(labels)
    return {"digest": digest, "labels": canonical(named), "model_id": named.get("model_id")}


def _find_keys(session: Session, names: Sequence[str]) -> dict[str, int]:
    rows = session.execute(select(Key.name, Key.id).where(Key.name.in_(names)))
    return dict(rows.all())


def _find_label_sets(session: Session, by_digest: Mapping[str, Labels]) -> dict[Labels, int]:
    rows = session.execute(select(LabelSet.digest, LabelSet.id).where(LabelSet.digest.in_(by_digest)))
    return {by_digest[digest]: label_set_id for digest, label_set_id in rows}
