"""SQLite has the indexed values of runs that go on, too, and their last points as one text."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Whoever writes a series, an earlier version for example, leaves it as it must be: else searches would be
# wrong without an error. A migration that copies one of these tables must make them again.
_TRIGGERS = (
    """
    CREATE TRIGGER series_inserted AFTER INSERT ON series
    WHEN NEW.label_set_id = 0 AND (NEW.indexed_value IS NOT NEW.last_value OR NEW.indexed_in IS NULL)
    BEGIN
        UPDATE series
        SET indexed_in = (SELECT experiment_id FROM run WHERE id = NEW.run_id), indexed_value = NEW.last_value
        WHERE id = NEW.id;
    END
    """,
    """
    CREATE TRIGGER series_updated AFTER UPDATE OF last_value ON series
    WHEN NEW.label_set_id = 0 AND (NEW.indexed_value IS NOT NEW.last_value OR NEW.indexed_in IS NULL)
    BEGIN
        UPDATE series
        SET indexed_in = (SELECT experiment_id FROM run WHERE id = NEW.run_id), indexed_value = NEW.last_value
        WHERE id = NEW.id;
    END
    """,
    """
    CREATE TRIGGER last_point_inserted AFTER INSERT ON series WHEN NEW.label_set_id = 0
    BEGIN
        UPDATE run_snapshot SET metrics = NULL WHERE run_id = NEW.run_id AND metrics IS NOT NULL;
    END
    """,
    """
    CREATE TRIGGER last_point_updated AFTER UPDATE OF last_json ON series WHEN NEW.label_set_id = 0
    BEGIN
        UPDATE run_snapshot SET metrics = NULL WHERE run_id = NEW.run_id AND metrics IS NOT NULL;
    END
    """,
)


def upgrade() -> None:
    # Documents of another form are made anew within seconds; until then pages read rows.
    op.execute("UPDATE run SET documented = false WHERE documented")
    op.add_column("run_snapshot", sa.Column("metrics", sa.Text(), nullable=True))
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute(
        """
        UPDATE series
        SET indexed_in = (SELECT experiment_id FROM run WHERE run.id = series.run_id),
            indexed_value = last_value
        WHERE label_set_id = 0 AND (indexed_value IS NOT last_value OR indexed_in IS NULL)
        """
    )
    for trigger in _TRIGGERS:
        op.execute(trigger)
