"""How far the queue of metrics is stored, and how many chunks a series has."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "partition_position",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("pk_partition_position")),
    )
    # Not in a batch: a batch copies the table on SQLite, and both databases add such a column in place.
    op.add_column("series", sa.Column("chunks", sa.Integer(), server_default=sa.text("0"), nullable=False))
