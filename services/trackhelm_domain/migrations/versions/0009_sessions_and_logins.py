"""Sessions of browsers, logins by identity providers and by devices, and what a provider's groups gave."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _account(*, optional: bool = False) -> sa.Column[int]:
    account = sa.ForeignKey("account.id", ondelete="CASCADE")
    return sa.Column("account_id", _BIG_ID, account, nullable=optional)


def upgrade() -> None:
    op.create_table(
        "web_session",
        sa.Column("id", _BIG_ID, primary_key=True),
        _account(),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("way", sa.String(64), nullable=False),
        sa.Column("source_address", sa.String(64), nullable=False),
        sa.Column("user_agent", sa.String(256), nullable=False),
        sa.Column("creation_time", sa.BigInteger(), nullable=False),
        sa.Column("last_used_time", sa.BigInteger(), nullable=False),
        sa.Column("expiry_time", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_web_session_account_id", "web_session", ["account_id"])
    op.create_table(
        "external_identity",
        sa.Column("id", _BIG_ID, primary_key=True),
        _account(),
        sa.Column("issuer", sa.String(512), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("creation_time", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("issuer", "subject"),
    )
    op.create_index("ix_external_identity_account_id", "external_identity", ["account_id"])
    op.create_table(
        "device_login",
        sa.Column("id", _BIG_ID, primary_key=True),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("user_code", sa.String(8), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("scopes", sa.String(100), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("source_address", sa.String(64), nullable=False),
        sa.Column("creation_time", sa.BigInteger(), nullable=False),
        sa.Column("expiry_time", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        _account(optional=True),
        sa.Column("poll_seconds", sa.Integer(), nullable=False),
        sa.Column("last_poll_time", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("digest"),
        sa.UniqueConstraint("user_code"),
    )
    op.create_index("ix_device_login_account_id", "device_login", ["account_id"])
    op.add_column(
        "account", sa.Column("is_admin_by_group", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column(
        "role_assignment",
        sa.Column("managed_by", sa.String(64), server_default=sa.text("''"), nullable=False),
    )
