"""The first schema: every table of version 0.1.0, grouped by noun, and the first rows.

Constraints are named by the convention of `trackhelm_core.db.statements`. Lengths are written as numbers,
because a migration must not change when a limit changes later.
"""

import time
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite generates ids only for a column whose type is exactly INTEGER (which holds 64 bits).
ID: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Compared by bytes on both databases, so that everything below a directory is one range of keys.
OBJECT_KEY: Final = sa.String(1024).with_variant(sa.String(1024, collation="C"), "postgresql")

# Compared by bytes, too, so that everything below a location is one range. NULL if a location is no URI.
LOCATION_KEY: Final = sa.String(2048).with_variant(sa.String(2048, collation="C"), "postgresql")

# SQLite keeps the rows in the order of the primary key, without a separate B-tree for it.
CLUSTERED: Final[dict[str, Any]] = {"sqlite_with_rowid": False}


def upgrade() -> None:
    _experiments()
    _runs()
    _metrics()
    _datasets()
    _logged_models()
    _registry()
    _governance()
    _audit()
    _webhooks()
    _artifacts()
    _queue()


# Columns that occur in several tables. All except the optional ones are NOT NULL.


def _id(**options: Any) -> sa.Column[int]:
    return sa.Column("id", ID, primary_key=True, **options)


def _reference(
    table: str, column: str | None = None, *, on_delete: str | None = "CASCADE", **options: Any
) -> sa.Column[int]:
    """Return a column with the id of another table; by default a row is deleted with the other's row."""
    foreign_key = sa.ForeignKey(f"{table}.id", ondelete=on_delete)
    return sa.Column(column or f"{table}_id", ID, foreign_key, **{"nullable": False, **options})


def _text(
    name: str, length: int | None = None, *, optional: bool = False, key: bool = False
) -> sa.Column[str]:
    column_type = sa.Text() if length is None else sa.String(length)
    return sa.Column(name, column_type, nullable=optional, primary_key=key)


def _integer(name: str, *, optional: bool = False, key: bool = False) -> sa.Column[int]:
    """Return a column of 32 bits whose values the database never generates."""
    return sa.Column(name, sa.Integer(), nullable=optional, primary_key=key, autoincrement=False)


def _long(name: str, *, optional: bool = False, key: bool = False) -> sa.Column[int]:
    """Return a column of 64 bits: times in milliseconds, steps, counts, sizes."""
    return sa.Column(name, sa.BigInteger(), nullable=optional, primary_key=key, autoincrement=False)


def _double(name: str) -> sa.Column[float]:
    """Return a metric's value. NaN is stored as NULL: SQLite and PostgreSQL treat NaN differently."""
    return sa.Column(name, sa.Double(), nullable=True)


def _bytes(name: str, length: int | None = None, *, optional: bool = False) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(length), nullable=optional)


def _create_pairs_table(table: str, parent: str, key_length: int = 250) -> None:
    """Make a table of tags or params, whose keys are stored as text."""
    op.create_table(
        table, _reference(parent, primary_key=True), _text("key", key_length, key=True), _text("value")
    )


def _create_partial_index(
    name: str,
    table: str,
    columns: Sequence[str],
    where: str,
    *,
    sqlite: str | None = None,
    unique: bool = False,
) -> None:
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        postgresql_where=sa.text(where),
        sqlite_where=sa.text(sqlite or where),
    )


def _is_postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


# The tables.


def _experiments() -> None:
    experiment = op.create_table(
        "experiment",
        _id(),
        _text("name", 500),
        _text("artifact_location", 2048),
        sa.Column("location_key", LOCATION_KEY),
        _text("lifecycle_stage", 10),
        _long("creation_time"),
        _long("last_update_time"),
        sa.UniqueConstraint("name"),
    )
    # A new location is compared with those of others.
    op.create_index("ix_experiment_location_key", "experiment", ["location_key"])
    _create_pairs_table("experiment_tag", "experiment")
    # `mlflow.start_run()` uses this experiment if none is set.
    now = time.time_ns() // 1_000_000
    default = {
        "id": 0,
        "name": "Default",
        "artifact_location": "mlflow-artifacts:/0",
        # The key that `trackhelm_domain.locations.location_key` returns for it.
        "location_key": "78850eda5ed75119e4a6a0577479b2b4842b7d9d43cddf75",
        "lifecycle_stage": "active",
        "creation_time": now,
        "last_update_time": now,
    }
    op.bulk_insert(experiment, [default])


def _runs() -> None:
    op.create_table("key", _id(), _text("name", 250), sa.UniqueConstraint("name"))
    op.create_table(
        "run",
        _id(),
        _text("uuid", 32),
        _reference("experiment", on_delete=None),
        _text("name"),
        _text("user_id"),
        _text("status", 10),
        _long("start_time"),
        _long("end_time", optional=True),
        _text("lifecycle_stage", 10),
        _long("deleted_time", optional=True),
        _text("artifact_uri"),
        sa.Column("finalized", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.UniqueConstraint("uuid"),
    )
    # A page of an experiment in the default order is one range of this index.
    op.create_index(
        "ix_run_page", "run", ["experiment_id", "lifecycle_stage", sa.text("start_time DESC"), "uuid"]
    )
    # Finds runs that were deleted for good but still have their rows. Nearly always there are none.
    _create_partial_index("ix_run_purged", "run", ["id"], "lifecycle_stage = 'purged'")
    # At any time only a few runs match. SQLite uses a partial index only for exactly the same condition.
    _create_partial_index(
        "ix_run_not_finalized", "run", ["experiment_id"], "NOT finalized", sqlite="finalized = 0"
    )
    for table in ("run_param", "run_tag"):
        op.create_table(
            table,
            _reference("run", primary_key=True),
            _reference("key", on_delete=None, primary_key=True),
            _text("value"),
            **CLUSTERED,
        )
    op.create_table(
        "run_snapshot",
        _reference("run", primary_key=True, autoincrement=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        _bytes("document"),
        # Digests of the run's params and tags, on PostgreSQL only: SQLite cannot index the members of a list.
        sa.Column("pairs", postgresql.ARRAY(sa.Uuid()).with_variant(sa.LargeBinary(), "sqlite")),
    )
    # Finds snapshots of another version: they are made again, and their runs are found by other conditions
    # until then.
    op.create_index("ix_run_snapshot_version", "run_snapshot", ["version", "run_id"])
    if _is_postgresql():
        # With fast updates the index would gather new entries in a list that every search reads completely.
        op.create_index(
            "ix_run_snapshot_pairs",
            "run_snapshot",
            ["pairs"],
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        )


def _metrics() -> None:
    label_set = op.create_table(
        "label_set",
        _id(),
        _text("digest", 64),
        _text("labels"),
        _text("model_id", 64, optional=True),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_label_set_model_id", "label_set", ["model_id"])
    # The label set of plain points. The digest is the SHA-256 of "{}".
    digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    op.bulk_insert(label_set, [{"id": 0, "digest": digest, "labels": "{}"}])
    op.create_table(
        "series",
        _id(),
        _reference("run"),
        _reference("key", on_delete=None),
        _reference("label_set", on_delete=None),
        _long("last_step"),
        _long("last_timestamp"),
        _double("last_value"),
        _double("min_value"),
        _double("max_value"),
        _long("count"),
        _long("nonfinite_count"),
        sa.Column("chunks", sa.Integer(), server_default=sa.text("0"), nullable=False),
        _long("indexed_in", optional=True),
        _double("indexed_value"),
        # The label set comes before the key: a table of runs reads the series without labels of many runs,
        # and must not read those of a run's thousand ranks.
        sa.UniqueConstraint("run_id", "label_set_id", "key_id"),
    )
    # The labelled series of a key, for its history. Partial, because nearly every series has no labels.
    _create_partial_index("ix_series_labelled", "series", ["run_id", "key_id"], "label_set_id <> 0")
    # A logged model's metrics.
    _create_partial_index("ix_series_label_set_id", "series", ["label_set_id"], "label_set_id <> 0")
    # An experiment's finalized runs in the order of a metric. Its columns are written when a run is
    # finalized, never by points: an index on `last_value` would be written by every batch of them.
    _create_partial_index(
        "ix_series_indexed",
        "series",
        ["indexed_in", "key_id", "indexed_value", "run_id"],
        "indexed_value IS NOT NULL",
    )
    op.create_table(
        "metric_chunk",
        _id(),
        _reference("series"),
        _long("min_step"),
        _long("max_step"),
        _long("min_timestamp"),
        _long("max_timestamp"),
        _integer("count"),
        _bytes("data"),
    )
    # A page of history is ordered by time: the index returns a series' chunks in the order that is needed.
    op.create_index("ix_metric_chunk_time", "metric_chunk", ["series_id", "min_timestamp"])


def _datasets() -> None:
    op.create_table(
        "dataset",
        _id(),
        _reference("experiment", on_delete=None),
        _text("name", 500),
        _text("digest", 36),
        _text("source_type"),
        _text("source"),
        _text("schema", optional=True),
        _text("profile", optional=True),
        sa.UniqueConstraint("experiment_id", "name", "digest"),
    )
    # The same data in other experiments.
    op.create_index("ix_dataset_digest", "dataset", ["digest", "name"])
    op.create_table(
        "run_dataset",
        _id(),
        _reference("run"),
        _reference("dataset", on_delete=None),
        sa.UniqueConstraint("run_id", "dataset_id"),
    )
    op.create_index("ix_run_dataset_dataset_id", "run_dataset", ["dataset_id"])
    _create_pairs_table("run_dataset_tag", "run_dataset", key_length=255)


def _logged_models() -> None:
    op.create_table(
        "logged_model",
        _id(),
        _text("model_id", 64),
        _reference("experiment", on_delete=None),
        _text("name"),
        _text("model_type", optional=True),
        # The public id that the client sent, because a model may outlive its run.
        _text("source_run_id", 32, optional=True),
        _text("status", 32),
        _text("status_message", optional=True),
        _text("artifact_uri"),
        _long("creation_timestamp"),
        _long("last_updated_timestamp"),
        _text("lifecycle_stage", 10),
        sa.UniqueConstraint("model_id"),
    )
    op.create_index("ix_logged_model_page", "logged_model", ["experiment_id", "creation_timestamp"])
    op.create_index("ix_logged_model_source_run_id", "logged_model", ["source_run_id"])
    _create_pairs_table("logged_model_param", "logged_model")
    _create_pairs_table("logged_model_tag", "logged_model")
    for table, steps in (("run_model_input", ()), ("run_model_output", (_long("step", key=True),))):
        op.create_table(
            table,
            _reference("run", primary_key=True),
            # The id that the client sent; such a model need not exist.
            _text("model_id", 64, key=True),
            *steps,
            sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        )
        # Lineage goes from models to runs, too.
        op.create_index(f"ix_{table}_model_id", table, ["model_id"])


def _registry() -> None:
    op.create_table(
        "registered_model",
        _id(),
        _text("name", 256),
        _text("description"),
        _long("creation_timestamp"),
        _long("last_updated_timestamp"),
        _integer("next_version"),
        sa.UniqueConstraint("name"),
    )
    _create_pairs_table("registered_model_tag", "registered_model")
    op.create_table(
        "registered_model_alias",
        _reference("registered_model", primary_key=True),
        _text("alias", 255, key=True),
        _integer("version"),
    )
    op.create_table(
        "model_version",
        _id(),
        _reference("registered_model"),
        _integer("version"),
        _text("description"),
        _text("current_stage", 20),
        _text("source"),
        _text("storage_location"),
        sa.Column("location_key", LOCATION_KEY),
        _text("run_id", 64, optional=True),
        _text("run_link"),
        _text("model_id", 64, optional=True),
        _long("creation_timestamp"),
        _long("last_updated_timestamp"),
    )
    op.create_index(
        "uq_model_version_number", "model_version", ["registered_model_id", "version"], unique=True
    )
    # The newest version of each stage, and all versions in a stage, without reading all versions of a model.
    op.create_index(
        "ix_model_version_stage", "model_version", ["registered_model_id", "current_stage", "version"]
    )
    # A page of a model's versions in the default order.
    op.create_index(
        "ix_model_version_page", "model_version", ["registered_model_id", "last_updated_timestamp", "version"]
    )
    op.create_index("ix_model_version_run_id", "model_version", ["run_id"])
    # The versions that were made from a logged model.
    op.create_index("ix_model_version_model_id", "model_version", ["model_id"])
    op.create_index("ix_model_version_updated", "model_version", ["last_updated_timestamp"])
    op.create_index("ix_model_version_location_key", "model_version", ["location_key"])
    _create_pairs_table("model_version_tag", "model_version")
    # Versions by a tag that few of them may have. Only the beginning of the value, as an index cannot hold
    # long ones.
    op.create_index(
        "ix_model_version_tag_value", "model_version_tag", ["key", sa.text("substr(value, 1, 100)")]
    )


def _governance() -> None:
    op.create_table(
        "registry_protection",
        _reference("registered_model", primary_key=True),
        _text("kind", 10, key=True),
        _text("target", 255, key=True),
    )
    op.create_table(
        "approval_request",
        _id(),
        # A request outlives its model.
        _reference("registered_model", on_delete="SET NULL", nullable=True),
        _text("model_name", 256),
        _text("action", 30),
        _text("move"),
        _text("status", 10),
        _text("requested_by", 256),
        _text("requested_by_kind", 20),
        _long("requested_at"),
        _text("comment"),
        _text("decided_by", 256, optional=True),
        _text("decided_by_kind", 20, optional=True),
        _long("decided_at", optional=True),
        _text("decision_comment", optional=True),
    )
    # A second request for the same change is the same request, until that is decided.
    _create_partial_index(
        "uq_approval_request_pending",
        "approval_request",
        ["registered_model_id", "move"],
        "status = 'pending'",
        unique=True,
    )
    op.create_index("ix_approval_request_model", "approval_request", ["model_name", "id"])
    op.create_index("ix_approval_request_status", "approval_request", ["status", "id"])
    op.create_table(
        "alias_history",
        _reference("registered_model", primary_key=True),
        _text("alias", 255, key=True),
        _integer("position", key=True),
        _integer("version"),
    )
    op.create_table(
        "stage_history",
        _reference("registered_model", primary_key=True),
        _integer("transition", key=True),
        _integer("version", key=True),
        _text("from_stage", 20),
        _text("to_stage", 20),
    )


# The database itself prevents changes of the audit trail. The owner of the tables can remove the triggers;
# docs/audit.md says how to run a service as another role, and with which grants.
APPEND_ONLY_ON_POSTGRESQL: Final = (
    """
    CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    """
    CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
        FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
    """,
    """
    CREATE TRIGGER audit_head_stays BEFORE INSERT OR DELETE OR TRUNCATE ON audit_head
        FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
    """,
    """
    CREATE TRIGGER audit_head_goes_forward BEFORE UPDATE ON audit_head
        FOR EACH ROW WHEN (NEW.event_id <= OLD.event_id) EXECUTE FUNCTION audit_refuse()
    """,
)

APPEND_ONLY_ON_SQLITE: Final = (
    """
    CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'audit_event is append-only: UPDATE is refused'); END
    """,
    """
    CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'audit_event is append-only: DELETE is refused'); END
    """,
    # INSERT OR REPLACE deletes rows without running the trigger on DELETE.
    """
    CREATE TRIGGER audit_event_no_replace BEFORE INSERT ON audit_event
    WHEN EXISTS (SELECT 1 FROM audit_event WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'audit_event is append-only: the event is there'); END
    """,
    """
    CREATE TRIGGER audit_head_no_insert BEFORE INSERT ON audit_head
    BEGIN SELECT RAISE(ABORT, 'audit_head has one row: INSERT is refused'); END
    """,
    """
    CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
    BEGIN SELECT RAISE(ABORT, 'audit_head has one row: DELETE is refused'); END
    """,
    """
    CREATE TRIGGER audit_head_goes_forward BEFORE UPDATE ON audit_head
    WHEN NEW.event_id <= OLD.event_id
    BEGIN SELECT RAISE(ABORT, 'audit_head only goes forward'); END
    """,
)


def _audit() -> None:
    op.create_table(
        "audit_event",
        # Ids must have no gaps, and a sequence would leave some.
        _id(autoincrement=False),
        _long("time"),
        _text("actor", 256),
        _text("actor_kind", 20),
        _text("entity_type", 30),
        _text("entity_id", 256),
        _long("entity_version", optional=True),
        _text("action", 30),
        _text("before", optional=True),
        _text("after", optional=True),
        _text("comment"),
        _text("request_id", 64),
        _text("source_address", 64),
        _text("previous_hash", 64),
        _text("hash", 64),
    )
    op.create_index("ix_audit_event_entity", "audit_event", ["entity_id", "id"])
    # The events of one version among very many.
    op.create_index("ix_audit_event_version", "audit_event", ["entity_id", "entity_version", "id"])
    op.create_index("ix_audit_event_entity_type", "audit_event", ["entity_type", "id"])
    op.create_index("ix_audit_event_actor", "audit_event", ["actor", "id"])
    op.create_index("ix_audit_event_action", "audit_event", ["action", "id"])
    op.create_index("ix_audit_event_time", "audit_event", ["time"])
    head = op.create_table("audit_head", _id(autoincrement=False), _long("event_id"), _text("hash", 64))
    # Inserted before the triggers, which refuse a second row. The hash is the one before the first event.
    op.bulk_insert(head, [{"id": 1, "event_id": 0, "hash": "0" * 64}])
    for statement in APPEND_ONLY_ON_POSTGRESQL if _is_postgresql() else APPEND_ONLY_ON_SQLITE:
        op.execute(statement)


def _webhooks() -> None:
    op.create_table(
        "webhook",
        _id(),
        _text("uuid", 32),
        _text("name", 63),
        _text("url"),
        _text("description"),
        _text("secret", optional=True),
        _text("status", 20),
        _long("creation_time"),
        _long("last_update_time"),
        sa.UniqueConstraint("uuid"),
    )
    op.create_table("webhook_event", _reference("webhook", primary_key=True), _text("event", 50, key=True))
    op.create_table(
        "webhook_delivery",
        _id(),
        _reference("webhook"),
        _text("uuid", 32),
        _text("event", 50),
        _text("subject", 266),
        _text("body"),
        _text("state", 20),
        _integer("attempts"),
        _long("created_time"),
        _long("due_time"),
        _long("claimed_until"),
        _long("settled_time", optional=True),
        _integer("response_status", optional=True),
        _text("error", optional=True),
        sa.UniqueConstraint("webhook_id", "uuid"),
    )
    op.create_index("ix_webhook_delivery_webhook", "webhook_delivery", ["webhook_id", "id"])
    # All are partial, because nearly every delivery succeeded long ago, and dead ones are kept.
    waiting, claimed, delivered = "state = 'WAITING'", "claimed_until > 0", "state = 'DELIVERED'"
    for name, columns, where in (
        ("order", ["webhook_id", "subject", "id"], waiting),
        ("due", ["webhook_id", "due_time", "id"], waiting),
        ("claimed", ["webhook_id", "claimed_until"], claimed),
        ("settled", ["settled_time"], delivered),
    ):
        _create_partial_index(f"ix_webhook_delivery_{name}", "webhook_delivery", columns, where)


def _artifacts() -> None:
    op.create_table(
        "artifact_record",
        sa.Column("key", OBJECT_KEY, primary_key=True),
        _long("size"),
        # NULL if a client sent the bytes directly to the store.
        _bytes("sha256", 32, optional=True),
        _text("etag"),
        _long("recorded_time"),
        **CLUSTERED,
    )
    op.create_table(
        "artifact_tombstone",
        _id(),
        _text("entity_type", 30),
        _text("entity_id", 64),
        _text("artifact_uri"),
        _long("deleted_time"),
    )


def _queue() -> None:
    op.create_table(
        "partition_position", _integer("partition", key=True), _long("milliseconds"), _long("sequence")
    )
