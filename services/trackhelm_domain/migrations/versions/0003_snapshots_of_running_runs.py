"""What a page reads of runs that go on: a document, and the last point of each metric as JSON."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: a batch copies the table on SQLite, and both databases add such columns in place.
    op.add_column("run", sa.Column("documented", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("series", sa.Column("last_json", sa.Text(), nullable=True))
