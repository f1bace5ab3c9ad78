"""The audit trail. Owner: registry. Only `trackhelm_domain.audit` writes it, for every service."""

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.statements import Base, BigId
from trackhelm_core.limits import (
    ACTOR_NAME_LENGTH,
    REGISTERED_MODEL_NAME_LENGTH,
    REQUEST_ID_LENGTH,
    SOURCE_ADDRESS_LENGTH,
)

HASH_LENGTH = 64
"""SHA-256 in hexadecimal."""


class AuditEvent(Base):
    """One change: who, when, what, from which state to which, and why. A row is never updated or deleted.

    The workspace is NULL for `default`, to which every event of versions without workspaces belongs.
    Ids have no gaps and are the order of the changes. `before` and `after` are canonical JSON. `hash` covers
    every other column, including `previous_hash`, the hash of the event before.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_entity", "entity_id", "id"),
        # Finds the events of one version among very many of a model.
        Index("ix_audit_event_version", "entity_id", "entity_version", "id"),
        Index("ix_audit_event_entity_type", "entity_type", "id"),
        Index("ix_audit_event_actor", "actor", "id"),
        Index("ix_audit_event_action", "action", "id"),
        Index("ix_audit_event_time", "time"),
        Index("ix_audit_event_workspace_id", "workspace_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    time: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(ACTOR_NAME_LENGTH))
    actor_kind: Mapped[str] = mapped_column(String(20))
    workspace_id: Mapped[int | None] = mapped_column(BigInteger)
    entity_type: Mapped[str] = mapped_column(String(30))
    entity_id: Mapped[str] = mapped_column(String(REGISTERED_MODEL_NAME_LENGTH))
    entity_version: Mapped[int | None] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(String(30))
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    comment: Mapped[str] = mapped_column(Text)
    request_id: Mapped[str] = mapped_column(String(REQUEST_ID_LENGTH))
    source_address: Mapped[str] = mapped_column(String(SOURCE_ADDRESS_LENGTH))
    previous_hash: Mapped[str] = mapped_column(String(HASH_LENGTH))
    hash: Mapped[str] = mapped_column(String(HASH_LENGTH))


class AuditHead(Base):
    """The newest event. It is one row, which appending transactions lock so that they take turns.

    Without it, the removal of the newest events could not be detected.
    """

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(HASH_LENGTH))
