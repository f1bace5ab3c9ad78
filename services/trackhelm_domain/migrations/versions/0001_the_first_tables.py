"""The first tables, the default experiment, and the label set of plain points."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "experiment",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("artifact_location", sa.String(length=2048), nullable=False),
        sa.Column("lifecycle_stage", sa.String(length=10), nullable=False),
        sa.Column("creation_time", sa.BigInteger(), nullable=False),
        sa.Column("last_update_time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiment")),
        sa.UniqueConstraint("name", name=op.f("uq_experiment_name")),
    )
    op.create_table(
        "key",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=250), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key")),
        sa.UniqueConstraint("name", name=op.f("uq_key_name")),
    )
    op.create_table(
        "label_set",
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_set")),
        sa.UniqueConstraint("digest", name=op.f("uq_label_set_digest")),
    )
    op.create_index(op.f("ix_label_set_model_id"), "label_set", ["model_id"], unique=False)

    op.create_table(
        "registered_model",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("creation_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("last_updated_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("next_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registered_model")),
        sa.UniqueConstraint("name", name=op.f("uq_registered_model_name")),
    )
    op.create_table(
        "dataset",
        sa.Column("id", ID, nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("digest", sa.String(length=36), nullable=False),
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=True),
        sa.Column("profile", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiment.id"], name=op.f("fk_dataset_experiment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint(
            "experiment_id", "name", "digest", name=op.f("uq_dataset_experiment_id_name_digest")
        ),
    )
    op.create_table(
        "experiment_tag",
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("key", sa.String(length=250), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiment.id"],
            name=op.f("fk_experiment_tag_experiment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("experiment_id", "key", name=op.f("pk_experiment_tag")),
    )
    op.create_table(
        "logged_model",
        sa.Column("id", ID, nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("model_type", sa.Text(), nullable=True),
        sa.Column("source_run_id", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("status_message", sa.Text(), nullable=True),
        sa.Column("artifact_uri", sa.Text(), nullable=False),
        sa.Column("creation_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("last_updated_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("lifecycle_stage", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name=op.f("fk_logged_model_experiment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logged_model")),
        sa.UniqueConstraint("model_id", name=op.f("uq_logged_model_model_id")),
    )
    op.create_index(
        "ix_logged_model_page", "logged_model", ["experiment_id", "creation_timestamp"], unique=False
    )
    op.create_index(op.f("ix_logged_model_source_run_id"), "logged_model", ["source_run_id"], unique=False)

    op.create_table(
        "model_version",
        sa.Column("id", ID, nullable=False),
        sa.Column("registered_model_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("current_stage", sa.String(length=20), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("storage_location", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=True),
        sa.Column("run_link", sa.Text(), nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=True),
        sa.Column("creation_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("last_updated_timestamp", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registered_model_id"],
            ["registered_model.id"],
            name=op.f("fk_model_version_registered_model_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_version")),
    )
    op.create_index("ix_model_version_model_id", "model_version", ["model_id"], unique=False)
    op.create_index("ix_model_version_run_id", "model_version", ["run_id"], unique=False)
    op.create_index("ix_model_version_updated", "model_version", ["last_updated_timestamp"], unique=False)
    op.create_index(
        "uq_model_version_number", "model_version", ["registered_model_id", "version"], unique=True
    )

    op.create_table(
        "registered_model_alias",
        sa.Column("registered_model_id", ID, nullable=False),
        sa.Column("alias", sa.String(length=255), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registered_model_id"],
            ["registered_model.id"],
            name=op.f("fk_registered_model_alias_registered_model_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("registered_model_id", "alias", name=op.f("pk_registered_model_alias")),
    )
    op.create_table(
        "registered_model_tag",
        sa.Column("registered_model_id", ID, nullable=False),
        sa.Column("key", sa.String(length=250), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registered_model_id"],
            ["registered_model.id"],
            name=op.f("fk_registered_model_tag_registered_model_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("registered_model_id", "key", name=op.f("pk_registered_model_tag")),
    )
    op.create_table(
        "run",
        sa.Column("id", ID, nullable=False),
        sa.Column("uuid", sa.String(length=32), nullable=False),
        sa.Column("experiment_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("start_time", sa.BigInteger(), nullable=False),
        sa.Column("end_time", sa.BigInteger(), nullable=True),
        sa.Column("lifecycle_stage", sa.String(length=10), nullable=False),
        sa.Column("deleted_time", sa.BigInteger(), nullable=True),
        sa.Column("artifact_uri", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["experiment_id"], ["experiment.id"], name=op.f("fk_run_experiment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("uuid", name=op.f("uq_run_uuid")),
    )
    op.create_table(
        "logged_model_param",
        sa.Column("logged_model_id", ID, nullable=False),
        sa.Column("key", sa.String(length=250), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["logged_model_id"],
            ["logged_model.id"],
            name=op.f("fk_logged_model_param_logged_model_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("logged_model_id", "key", name=op.f("pk_logged_model_param")),
    )
    op.create_table(
        "logged_model_tag",
        sa.Column("logged_model_id", ID, nullable=False),
        sa.Column("key", sa.String(length=250), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["logged_model_id"],
            ["logged_model.id"],
            name=op.f("fk_logged_model_tag_logged_model_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("logged_model_id", "key", name=op.f("pk_logged_model_tag")),
    )
    op.create_table(
        "model_version_tag",
        sa.Column("model_version_id", ID, nullable=False),
        sa.Column("key", sa.String(length=250), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_version.id"],
            name=op.f("fk_model_version_tag_model_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("model_version_id", "key", name=op.f("pk_model_version_tag")),
    )
    op.create_table(
        "run_dataset",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("dataset_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_run_dataset_dataset_id")),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_run_dataset_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_dataset")),
        sa.UniqueConstraint("run_id", "dataset_id", name=op.f("uq_run_dataset_run_id_dataset_id")),
    )
    op.create_index(op.f("ix_run_dataset_dataset_id"), "run_dataset", ["dataset_id"], unique=False)

    op.create_table(
        "run_model_input",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_run_model_input_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "model_id", name=op.f("pk_run_model_input")),
    )
    op.create_table(
        "run_model_output",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["run.id"], name=op.f("fk_run_model_output_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", "model_id", "step", name=op.f("pk_run_model_output")),
    )
    op.create_table(
        "run_param",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("key_id", ID, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["key.id"], name=op.f("fk_run_param_key_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_param_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "key_id", name=op.f("pk_run_param")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_tag",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("key_id", ID, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["key.id"], name=op.f("fk_run_tag_key_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_run_tag_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "key_id", name=op.f("pk_run_tag")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "series",
        sa.Column("id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("key_id", ID, nullable=False),
        sa.Column("label_set_id", ID, nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("last_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("last_value", sa.Double(), nullable=True),
        sa.Column("min_value", sa.Double(), nullable=True),
        sa.Column("max_value", sa.Double(), nullable=True),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("nonfinite_count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["key_id"], ["key.id"], name=op.f("fk_series_key_id")),
        sa.ForeignKeyConstraint(["label_set_id"], ["label_set.id"], name=op.f("fk_series_label_set_id")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_series_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint(
            "run_id", "label_set_id", "key_id", name=op.f("uq_series_run_id_label_set_id_key_id")
        ),
    )
    op.create_index(
        "ix_series_labelled",
        "series",
        ["run_id", "key_id"],
        unique=False,
        sqlite_where=sa.text("label_set_id <> 0"),
        postgresql_where=sa.text("label_set_id <> 0"),
    )
    op.create_index(
        "ix_series_label_set_id",
        "series",
        ["label_set_id"],
        unique=False,
        sqlite_where=sa.text("label_set_id <> 0"),
        postgresql_where=sa.text("label_set_id <> 0"),
    )

    op.create_table(
        "metric_chunk",
        sa.Column("id", ID, nullable=False),
        sa.Column("series_id", ID, nullable=False),
        sa.Column("min_step", sa.BigInteger(), nullable=False),
        sa.Column("max_step", sa.BigInteger(), nullable=False),
        sa.Column("min_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("max_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["series.id"], name=op.f("fk_metric_chunk_series_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metric_chunk")),
    )
    op.create_index(
        "ix_run_page", "run", ["experiment_id", "lifecycle_stage", sa.text("start_time DESC"), "uuid"]
    )
    op.create_index("ix_metric_chunk_time", "metric_chunk", ["series_id", "min_timestamp"], unique=False)

    op.create_table(
        "run_dataset_tag",
        sa.Column("run_dataset_id", ID, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_dataset_id"],
            ["run_dataset.id"],
            name=op.f("fk_run_dataset_tag_run_dataset_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_dataset_id", "key", name=op.f("pk_run_dataset_tag")),
    )
    _insert_first_rows()


def _insert_first_rows() -> None:
    now = time.time_ns() // 1_000_000
    op.get_bind().execute(
        sa.text(
            "INSERT INTO experiment"
            " (id, name, artifact_location, lifecycle_stage, creation_time, last_update_time)"
            " VALUES (0, 'Default', 'mlflow-artifacts:/0', 'active', :now, :now)"
        ),
        {"now": now},
    )
    # The digest is the SHA-256 of "{}".
    op.get_bind().execute(
        sa.text("INSERT INTO label_set (id, digest, labels) VALUES (0, :digest, '{}')"),
        {"digest": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
    )
