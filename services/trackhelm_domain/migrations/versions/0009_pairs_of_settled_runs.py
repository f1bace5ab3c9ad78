"""By what a search finds settled runs that have a param or tag, and documents of another version."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_run_document_version", "run_document", ["version", "run_id"])
    pairs = postgresql.ARRAY(sa.Uuid()).with_variant(sa.LargeBinary(), "sqlite")
    op.add_column("run_document", sa.Column("pairs", pairs, nullable=True))
    if op.get_context().dialect.name == "postgresql":
        op.create_index(
            "ix_run_document_pairs",
            "run_document",
            ["pairs"],
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        )
