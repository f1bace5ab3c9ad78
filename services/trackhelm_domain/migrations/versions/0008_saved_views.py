"""Views that a team has saved, and an index that finds metrics whose last value is NaN."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IS_NAN = "indexed_in IS NOT NULL AND indexed_value IS NULL"


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", ID, nullable=False),
        sa.Column("uuid", sa.String(length=32), nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_by", sa.String(length=256), nullable=False),
        sa.Column("updated_by", sa.String(length=256), nullable=False),
        sa.Column("creation_time", sa.BigInteger(), nullable=False),
        sa.Column("last_update_time", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiment.id"],
            name=op.f("fk_saved_view_experiment_id_experiment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("uuid", name=op.f("uq_saved_view_uuid")),
        sa.UniqueConstraint("experiment_id", "name", name=op.f("uq_saved_view_experiment_id_name")),
    )
    op.create_index(
        "ix_series_indexed_nan",
        "series",
        ["indexed_in", "key_id"],
        sqlite_where=sa.text(IS_NAN),
        postgresql_where=sa.text(IS_NAN),
    )
