"""Protections, approval requests, and the history of aliases and stages. Owner: registry."""

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.base import Base, BigId
from trackhelm_core.limits import ACTOR_NAME_LENGTH, ALIAS_LENGTH, REGISTERED_MODEL_NAME_LENGTH

PENDING = "pending"
"""The status of a request that is not decided yet."""


class Protection(Base):
    """A protection of a stage or alias: another actor must approve its change. `*` means all of the kind."""

    __tablename__ = "registry_protection"

    registered_model_id: Mapped[int] = mapped_column(
        ForeignKey("registered_model.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    target: Mapped[str] = mapped_column(String(ALIAS_LENGTH), primary_key=True)


class ApprovalRequest(Base):
    """A change of something protected, and its decision. Times are milliseconds since the epoch.

    `move` is the change as JSON; two requests for the same change have the same text. A request outlives its
    model and then has only the name, which has followed every renaming.
    """

    __tablename__ = "approval_request"
    __table_args__ = (
        Index(
            "uq_approval_request_pending",
            "registered_model_id",
            "move",
            unique=True,
            postgresql_where=text(f"status = '{PENDING}'"),
            sqlite_where=text(f"status = '{PENDING}'"),
        ),
        Index("ix_approval_request_model", "model_name", "id"),
        Index("ix_approval_request_status", "status", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    registered_model_id: Mapped[int | None] = mapped_column(
        ForeignKey("registered_model.id", ondelete="SET NULL")
    )
    model_name: Mapped[str] = mapped_column(String(REGISTERED_MODEL_NAME_LENGTH))
    action: Mapped[str] = mapped_column(String(30))
    move: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(10))
    requested_by: Mapped[str] = mapped_column(String(ACTOR_NAME_LENGTH))
    requested_by_kind: Mapped[str] = mapped_column(String(20))
    requested_at: Mapped[int] = mapped_column(BigInteger)
    comment: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(String(ACTOR_NAME_LENGTH))
    decided_by_kind: Mapped[str | None] = mapped_column(String(20))
    decided_at: Mapped[int | None] = mapped_column(BigInteger)
    decision_comment: Mapped[str | None] = mapped_column(Text)


class AliasHistory(Base):
    """The versions to which an alias was set, in order: the highest position is the newest."""

    __tablename__ = "alias_history"

    registered_model_id: Mapped[int] = mapped_column(
        ForeignKey("registered_model.id", ondelete="CASCADE"), primary_key=True
    )
    alias: Mapped[str] = mapped_column(String(ALIAS_LENGTH), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)


class StageHistory(Base):
    """The versions that each stage transition changed: the version itself, and those that it archived."""

    __tablename__ = "stage_history"

    registered_model_id: Mapped[int] = mapped_column(
        ForeignKey("registered_model.id", ondelete="CASCADE"), primary_key=True
    )
    transition: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    from_stage: Mapped[str] = mapped_column(String(20))
    to_stage: Mapped[str] = mapped_column(String(20))
