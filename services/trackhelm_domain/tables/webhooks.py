"""Webhooks and their deliveries. Owner: registry. Only `trackhelm_domain.outbox` inserts deliveries."""

from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.statements import Base, BigId
from trackhelm_core.limits import REGISTERED_MODEL_NAME_LENGTH, WEBHOOK_NAME_LENGTH

ID_LENGTH = 32
EVENT_LENGTH = 50


class WebhookStatus(StrEnum):
    """Whether a webhook is called."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


class DeliveryState(StrEnum):
    """The state of a delivery."""

    WAITING = "WAITING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"


class Webhook(Base):
    """A webhook. `secret` is sealed by `security.sealing`; it is None if deliveries are not signed."""

    __tablename__ = "webhook"
    __table_args__ = (UniqueConstraint("uuid"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uuid: Mapped[str] = mapped_column(String(ID_LENGTH))
    workspace_id: Mapped[int] = mapped_column(BigInteger, server_default=text("1"), default=1)
    name: Mapped[str] = mapped_column(String(WEBHOOK_NAME_LENGTH))
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    secret: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20))
    creation_time: Mapped[int] = mapped_column(BigInteger)
    last_update_time: Mapped[int] = mapped_column(BigInteger)


class WebhookEvent(Base):
    """An event to which a webhook subscribes."""

    __tablename__ = "webhook_event"

    webhook_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("webhook.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    event: Mapped[str] = mapped_column(String(EVENT_LENGTH), primary_key=True)


_WAITING = text("state = 'WAITING'")
_CLAIMED = text("claimed_until > 0")
_DELIVERED = text("state = 'DELIVERED'")


class WebhookDelivery(Base):
    """One event on its way to one webhook. Deliveries of a subject are sent in the order of their ids.

    A waiting delivery is due at `due_time`. A worker has the lease of it until `claimed_until` (0: no
    worker). `attempts` is the number of attempts that have begun. `settled_time` is the time at which it was
    delivered or given up. Times are milliseconds since the epoch.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "uuid"),
        Index("ix_webhook_delivery_webhook", "webhook_id", "id"),
        Index(
            "ix_webhook_delivery_order",
            "webhook_id",
            "subject",
            "id",
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index(
            "ix_webhook_delivery_due",
            "webhook_id",
            "due_time",
            "id",
            sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index(
            "ix_webhook_delivery_claimed",
            "webhook_id",
            "claimed_until",
            sqlite_where=_CLAIMED,
            postgresql_where=_CLAIMED,
        ),
        Index(
            "ix_webhook_delivery_settled",
            "settled_time",
            sqlite_where=_DELIVERED,
            postgresql_where=_DELIVERED,
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(BigId, ForeignKey("webhook.id", ondelete="CASCADE"))
    uuid: Mapped[str] = mapped_column(String(ID_LENGTH))
    event: Mapped[str] = mapped_column(String(EVENT_LENGTH))
    subject: Mapped[str] = mapped_column(String(REGISTERED_MODEL_NAME_LENGTH + 10))
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int]
    created_time: Mapped[int] = mapped_column(BigInteger)
    due_time: Mapped[int] = mapped_column(BigInteger)
    claimed_until: Mapped[int] = mapped_column(BigInteger)
    settled_time: Mapped[int | None] = mapped_column(BigInteger)
    response_status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)
