"""Roles of the service accounts of a Kubernetes cluster."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "kubernetes_binding",
        sa.Column("id", _BIG_ID, primary_key=True),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("service_account", sa.String(253), nullable=False),
        sa.Column("role_id", _BIG_ID, sa.ForeignKey("role.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created_by", sa.String(256), nullable=False),
        sa.Column("creation_time", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("namespace", "service_account", "role_id"),
    )
    op.create_index("ix_kubernetes_binding_role_id", "kubernetes_binding", ["role_id"])
