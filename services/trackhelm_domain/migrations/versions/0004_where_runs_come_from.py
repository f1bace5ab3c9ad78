"""The address from which a run was created or resumed, and when, and an index of the runs that go on."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("run", sa.Column("source_address", sa.String(length=64), nullable=True))
    op.add_column("run", sa.Column("source_time", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_run_running",
        "run",
        ["id"],
        sqlite_where=sa.text("status = 'RUNNING'"),
        postgresql_where=sa.text("status = 'RUNNING'"),
    )
