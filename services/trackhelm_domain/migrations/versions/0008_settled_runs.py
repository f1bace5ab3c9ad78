"""What search and tables read of runs that have ended: a document a run, and values by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: a batch copies the table on SQLite, and both databases add such columns in place.
    op.add_column("run", sa.Column("settled", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_run_unsettled",
        "run",
        ["experiment_id"],
        sqlite_where=sa.text("settled = 0"),
        postgresql_where=sa.text("NOT settled"),
    )
    op.create_table(
        "run_document",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_run_document_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run_document")),
    )
    op.add_column("series", sa.Column("settled_in", sa.BigInteger(), nullable=True))
    op.add_column("series", sa.Column("settled_value", sa.Double(), nullable=True))
    op.create_index(
        "ix_series_settled",
        "series",
        ["settled_in", "key_id", "settled_value", "run_id"],
        sqlite_where=sa.text("settled_value IS NOT NULL"),
        postgresql_where=sa.text("settled_value IS NOT NULL"),
    )
