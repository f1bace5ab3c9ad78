"""The index of versions by a tag's value, on SQLite as it is on PostgreSQL."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        beginning = sa.text("substr(value, 1, 100)")
        op.create_index("ix_model_version_tag_value", "model_version_tag", ["key", beginning])
