"""SQLite finds runs by the values of params and tags."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in ("run_param", "run_tag"):
            op.execute(f"CREATE INDEX ix_{table}_value ON {table} (key_id, substr(value, 1, 32))")
