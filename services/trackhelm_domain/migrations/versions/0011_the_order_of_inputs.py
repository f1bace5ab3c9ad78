"""The order in which the models of a run were logged."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: a batch copies the table on SQLite, and both databases add such columns in place.
    for table in ("run_model_input", "run_model_output"):
        op.add_column(table, sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False))
