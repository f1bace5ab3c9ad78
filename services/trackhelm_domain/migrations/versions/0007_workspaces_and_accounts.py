"""Workspaces, to which everything belongs from now on, and accounts with their tokens, roles and grants."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# USE, MANAGE, READ, EDIT as `trackhelm_core.access.Level` numbers them.
_READ, _USE, _EDIT, _MANAGE = 1, 2, 3, 4

# The roles that every workspace begins with.
_ROLES = (
    (1, "viewer", "Reads every experiment and model."),
    (2, "member", "Reads everything, creates experiments and models, and owns what it creates."),
    (3, "editor", "A member who changes every experiment and model."),
    (4, "manager", "Manages the workspace and everything in it."),
)
_GRANTS = (
    (1, "experiment", _READ),
    (1, "registered_model", _READ),
    (2, "workspace", _USE),
    (3, "workspace", _USE),
    (3, "experiment", _EDIT),
    (3, "registered_model", _EDIT),
    (4, "workspace", _MANAGE),
)


def _id() -> sa.Column[int]:
    return sa.Column("id", _BIG_ID, primary_key=True)


def _reference(table: str, name: str = "", *, optional: bool = False) -> sa.Column[int]:
    return sa.Column(
        name or f"{table}_id",
        _BIG_ID,
        sa.ForeignKey(f"{table}.id", ondelete="CASCADE"),
        nullable=optional,
    )


def _create_tables() -> None:
    now = time.time_ns() // 1_000_000
    workspace = op.create_table(
        "workspace",
        _id(),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("artifact_root", sa.String(2048), nullable=False),
        sa.Column("creation_time", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("name"),
    )
    default = {"name": "default", "description": "", "artifact_root": "", "creation_time": now}
    op.bulk_insert(workspace, [default])
    op.create_table(
        "account",
        _id(),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("name_key", sa.String(768), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        _reference("workspace", optional=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("is_admin", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("creation_time", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("name_key"),
    )
    op.create_table(
        "access_token",
        _id(),
        _reference("account"),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("hint", sa.String(16), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("scopes", sa.String(100), nullable=False),
        _reference("workspace", optional=True),
        _reference("experiment", optional=True),
        sa.Column("created_by", sa.String(256), nullable=False),
        sa.Column("creation_time", sa.BigInteger(), nullable=False),
        sa.Column("expiry_time", sa.BigInteger(), nullable=False),
        sa.Column("last_used_time", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_access_token_account_id", "access_token", ["account_id"])
    role = op.create_table(
        "role",
        _id(),
        _reference("workspace"),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.UniqueConstraint("workspace_id", "name"),
    )
    op.bulk_insert(role, [{"workspace_id": 1, "name": name, "description": text} for _, name, text in _ROLES])
    op.create_table(
        "role_assignment",
        _id(),
        _reference("account"),
        _reference("role"),
        sa.UniqueConstraint("account_id", "role_id"),
    )
    op.create_index("ix_role_assignment_role_id", "role_assignment", ["role_id"])
    grant = op.create_table(
        "access_grant",
        _id(),
        _reference("account", optional=True),
        _reference("role", optional=True),
        _reference("workspace"),
        sa.Column("resource_type", sa.String(20), nullable=False),
        _reference("experiment", optional=True),
        _reference("registered_model", optional=True),
        sa.Column("level", sa.SmallInteger(), nullable=False),
    )
    for column in ("account_id", "role_id", "experiment_id", "registered_model_id"):
        op.create_index(f"ix_access_grant_{column}", "access_grant", [column])
    op.bulk_insert(
        grant,
        [
            {"role_id": number, "workspace_id": 1, "resource_type": kind, "level": level}
            for number, kind, level in _GRANTS
        ],
    )
    epoch = op.create_table(
        "access_epoch",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
    )
    op.bulk_insert(epoch, [{"id": 1, "epoch": 0}])
    op.create_table(
        "auth_event",
        _id(),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("source_address", sa.String(64), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("reason", sa.String(30), nullable=False),
        sa.Column("count", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.UniqueConstraint("minute", "source_address", "name", "reason"),
    )


def _workspace_column() -> sa.Column[int]:
    # Not a foreign key: SQLite could not add one without copying the table.
    return sa.Column("workspace_id", sa.BigInteger(), server_default=sa.text("1"), nullable=False)


def _name_within_workspaces(table: str) -> None:
    # SQLite copies the table: `trackhelm_domain.migrate` has switched off what foreign keys would do then.
    with op.batch_alter_table(table) as batch:
        batch.add_column(_workspace_column())
        batch.drop_constraint(f"uq_{table}_name", type_="unique")
        batch.create_unique_constraint(f"uq_{table}_workspace_id_name", ["workspace_id", "name"])


def upgrade() -> None:
    _name_within_workspaces("experiment")
    _name_within_workspaces("registered_model")
    op.add_column("webhook", _workspace_column())
    op.add_column("approval_request", _workspace_column())
    op.add_column("audit_event", sa.Column("workspace_id", sa.BigInteger(), nullable=True))
    op.create_index("ix_audit_event_workspace_id", "audit_event", ["workspace_id", "id"])
    _create_tables()
