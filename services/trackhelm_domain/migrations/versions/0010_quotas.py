"""Quotas of workspaces, and what of them is used."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_QUOTAS = (
    *("points_per_second", "points_burst", "requests_per_second", "series_per_run", "bytes", "runs"),
    *("experiments", "registered_models", "tokens", "webhooks"),
)


def _workspace() -> sa.Column[int]:
    return sa.Column(
        "workspace_id",
        _BIG_ID,
        sa.ForeignKey("workspace.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )


def upgrade() -> None:
    op.create_table(
        "workspace_quota",
        _workspace(),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _QUOTAS),
        sa.Column("set_time", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "workspace_usage",
        _workspace(),
        sa.Column("runs", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("announced", sa.String(200), nullable=False),
        sa.Column("counted_time", sa.BigInteger(), nullable=False),
    )
