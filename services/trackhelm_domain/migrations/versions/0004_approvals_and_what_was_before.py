"""Protected stages and aliases, requests to move them, and what stages and aliases were before."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of_model(table: str) -> tuple[sa.Column[int], sa.ForeignKeyConstraint]:
    return (
        sa.Column("registered_model_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["registered_model_id"],
            ["registered_model.id"],
            name=op.f(f"fk_{table}_registered_model_id"),
            ondelete="CASCADE",
        ),
    )


def upgrade() -> None:
    op.create_table(
        "registry_protection",
        *_of_model("registry_protection"),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("target", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("registered_model_id", "kind", "target", name=op.f("pk_registry_protection")),
    )
    op.create_table(
        "approval_request",
        sa.Column("id", ID, nullable=False),
        sa.Column("registered_model_id", ID, nullable=True),
        sa.Column("model_name", sa.String(length=256), nullable=False),
        sa.Column("action", sa.String(length=30), nullable=False),
        sa.Column("move", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("requested_by", sa.String(length=256), nullable=False),
        sa.Column("requested_by_kind", sa.String(length=20), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=256), nullable=True),
        sa.Column("decided_by_kind", sa.String(length=20), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decision_comment", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["registered_model_id"],
            ["registered_model.id"],
            name=op.f("fk_approval_request_registered_model_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_request")),
    )
    pending = sa.text("status = 'pending'")
    op.create_index(
        "uq_approval_request_pending",
        "approval_request",
        ["registered_model_id", "move"],
        unique=True,
        postgresql_where=pending,
        sqlite_where=pending,
    )
    op.create_index("ix_approval_request_model", "approval_request", ["model_name", "id"])
    op.create_index("ix_approval_request_status", "approval_request", ["status", "id"])
    op.create_table(
        "alias_history",
        *_of_model("alias_history"),
        sa.Column("alias", sa.String(length=255), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("registered_model_id", "alias", "position", name=op.f("pk_alias_history")),
    )
    # What an alias is now is what it was before, once it is moved.
    op.execute(
        "INSERT INTO alias_history (registered_model_id, alias, position, version)"
        " SELECT registered_model_id, alias, 1, version FROM registered_model_alias"
    )
    op.create_table(
        "stage_history",
        *_of_model("stage_history"),
        sa.Column("transition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_stage", sa.String(length=20), nullable=False),
        sa.Column("to_stage", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint(
            "registered_model_id", "transition", "version", name=op.f("pk_stage_history")
        ),
    )
    # The newest version of each stage, and all that are in one, without a walk over all versions of a model.
    op.create_index(
        "ix_model_version_stage", "model_version", ["registered_model_id", "current_stage", "version"]
    )
    # A page of a model's versions in the default order.
    op.create_index(
        "ix_model_version_page", "model_version", ["registered_model_id", "last_updated_timestamp", "version"]
    )
    # Versions by a tag, of which few may have it. SQLite keeps no statistics to tell when that is of use.
    if op.get_bind().dialect.name == "postgresql":
        beginning = sa.text("substr(value, 1, 100)")
        op.create_index("ix_model_version_tag_value", "model_version_tag", ["key", beginning])
    # What happened to one version among very many.
    op.create_index("ix_audit_event_version", "audit_event", ["entity_id", "entity_version", "id"])
    # Lineage goes from models and datasets to runs, too.
    op.create_index("ix_run_model_input_model_id", "run_model_input", ["model_id"])
    op.create_index("ix_run_model_output_model_id", "run_model_output", ["model_id"])
    op.create_index("ix_dataset_digest", "dataset", ["digest", "name"])
