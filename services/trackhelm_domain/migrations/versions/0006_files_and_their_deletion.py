"""What is known of files, files that are to be deleted, and runs whose rows are."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Compared by bytes on both databases: what is below a directory is one range of keys.
KEY = sa.String(length=1024).with_variant(sa.String(length=1024, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "artifact_record",
        sa.Column("key", KEY, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("recorded_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_artifact_record")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "artifact_tombstone",
        sa.Column("id", ID, nullable=False),
        sa.Column("entity_type", sa.String(length=30), nullable=False),
        sa.Column("entity_id", sa.String(length=64), nullable=False),
        sa.Column("artifact_uri", sa.Text(), nullable=False),
        sa.Column("deleted_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_tombstone")),
    )
    # Finds what is still to be deleted; empty nearly always.
    purged = sa.text("lifecycle_stage = 'purged'")
    op.create_index("ix_run_purged", "run", ["id"], sqlite_where=purged, postgresql_where=purged)
