"""Workspaces, quotas, accounts, tokens, sessions, roles, grants. Owner: identity. Readers: every service.

`trackhelm_domain.access` reads them for every service. A row of `access_epoch` counts the changes of what
anybody may do: a service that remembers rights compares it with the number that it remembers them by.
"""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    false,
    text,
)
from sqlalchemy import UniqueConstraint as Unique
from sqlalchemy.orm import Mapped, mapped_column

from trackhelm_core.db.statements import Base, BigId
from trackhelm_core.limits import ACTOR_NAME_LENGTH, ARTIFACT_LOCATION_LENGTH, SOURCE_ADDRESS_LENGTH

WORKSPACE_NAME_LENGTH = 63
ROLE_NAME_LENGTH = 256
# Case folding makes up to three characters of one.
NAME_KEY_LENGTH = 3 * ACTOR_NAME_LENGTH
DIGEST_BYTES = 32
WAY_LENGTH = 64
USER_AGENT_LENGTH = 256
ISSUER_LENGTH = 512
SUBJECT_LENGTH = 255


class Workspace(Base):
    """A workspace. What belongs to one is to everybody outside of it as if it did not exist."""

    __tablename__ = "workspace"
    __table_args__ = (Unique("name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(WORKSPACE_NAME_LENGTH))
    description: Mapped[str] = mapped_column(Text)
    artifact_root: Mapped[str] = mapped_column(String(ARTIFACT_LOCATION_LENGTH))
    """The URI below which new experiments have their files; empty for the server's own store."""
    creation_time: Mapped[int] = mapped_column(BigInteger)


class AccountKind(StrEnum):
    """Whether an account is a person's."""

    USER = "user"
    SERVICE = "service"
    KUBERNETES = "kubernetes"
    """A service account of the cluster, made when it first comes with its token."""


class Account(Base):
    """A user or a service account. `name_key` is the name without case: no two accounts differ in case only.

    A service account belongs to a workspace and has no password; nor has who is authenticated elsewhere.
    """

    __tablename__ = "account"
    __table_args__ = (Unique("name_key"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(ACTOR_NAME_LENGTH))
    name_key: Mapped[str] = mapped_column(String(NAME_KEY_LENGTH))
    kind: Mapped[str] = mapped_column(String(10))
    workspace_id: Mapped[int | None] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"))
    password_hash: Mapped[str | None] = mapped_column(Text)
    is_admin: Mapped[bool] = mapped_column(server_default=false(), default=False)
    is_disabled: Mapped[bool] = mapped_column(server_default=false(), default=False)
    is_admin_by_group: Mapped[bool] = mapped_column(server_default=false(), default=False)
    """Whether a group of an identity provider makes it an administrator, until it no longer does."""
    creation_time: Mapped[int] = mapped_column(BigInteger)


class AccessToken(Base):
    """A token of an account. Its digest alone is stored: SHA-256, for it has 178 random bits.

    `hint` is what of it may be shown: how it begins and ends. `scopes` are separated by commas.
    """

    __tablename__ = "access_token"
    __table_args__ = (Unique("digest"), Index("ix_access_token_account_id", "account_id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    digest: Mapped[bytes] = mapped_column(LargeBinary(DIGEST_BYTES))
    hint: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(ACTOR_NAME_LENGTH))
    scopes: Mapped[str] = mapped_column(String(100))
    workspace_id: Mapped[int | None] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"))
    experiment_id: Mapped[int | None] = mapped_column(ForeignKey("experiment.id", ondelete="CASCADE"))
    created_by: Mapped[str] = mapped_column(String(ACTOR_NAME_LENGTH))
    creation_time: Mapped[int] = mapped_column(BigInteger)
    expiry_time: Mapped[int] = mapped_column(BigInteger)
    last_used_time: Mapped[int | None] = mapped_column(BigInteger)


class WebSession(Base):
    """A browser in which an account has logged in. Of its key, which is random, the SHA-256 is stored.

    It ends at `expiry_time`, and earlier when it is not used. `way` says how its user logged in.
    """

    __tablename__ = "web_session"
    __table_args__ = (Unique("digest"), Index("ix_web_session_account_id", "account_id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    digest: Mapped[bytes] = mapped_column(LargeBinary(DIGEST_BYTES))
    way: Mapped[str] = mapped_column(String(WAY_LENGTH))
    source_address: Mapped[str] = mapped_column(String(SOURCE_ADDRESS_LENGTH))
    user_agent: Mapped[str] = mapped_column(String(USER_AGENT_LENGTH))
    creation_time: Mapped[int] = mapped_column(BigInteger)
    last_used_time: Mapped[int] = mapped_column(BigInteger)
    expiry_time: Mapped[int] = mapped_column(BigInteger)


class ExternalIdentity(Base):
    """Who an account's user is at an identity provider: its `sub`, which is the same for ever."""

    __tablename__ = "external_identity"
    __table_args__ = (Unique("issuer", "subject"), Index("ix_external_identity_account_id", "account_id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(ISSUER_LENGTH))
    subject: Mapped[str] = mapped_column(String(SUBJECT_LENGTH))
    creation_time: Mapped[int] = mapped_column(BigInteger)


class DeviceLogin(Base):
    """A program that asks for a token, and waits until its user approves it in a browser.

    The program keeps asking by a key, of which the digest is stored; its user types the short code. The row
    ends when the token is fetched. `account_id` is that of who approved, `scopes` are separated by commas.
    """

    __tablename__ = "device_login"
    __table_args__ = (
        Unique("digest"),
        Unique("user_code"),
        Index("ix_device_login_account_id", "account_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(DIGEST_BYTES))
    user_code: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(ACTOR_NAME_LENGTH))
    scopes: Mapped[str] = mapped_column(String(100))
    days: Mapped[int] = mapped_column(Integer)
    source_address: Mapped[str] = mapped_column(String(SOURCE_ADDRESS_LENGTH))
    creation_time: Mapped[int] = mapped_column(BigInteger)
    expiry_time: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(10))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    poll_seconds: Mapped[int] = mapped_column(Integer)
    last_poll_time: Mapped[int | None] = mapped_column(BigInteger)


class Role(Base):
    """A named set of grants in a workspace, which accounts are assigned to."""

    __tablename__ = "role"
    __table_args__ = (Unique("workspace_id", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(ROLE_NAME_LENGTH))
    description: Mapped[str] = mapped_column(Text)


class RoleAssignment(Base):
    """An account's role. `managed_by` names the identity provider whose groups gave it, or is empty."""

    __tablename__ = "role_assignment"
    __table_args__ = (Unique("account_id", "role_id"), Index("ix_role_assignment_role_id", "role_id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id", ondelete="CASCADE"))
    managed_by: Mapped[str] = mapped_column(String(WAY_LENGTH), server_default=text("''"), default="")


class KubernetesBinding(Base):
    """A role that a service account of the cluster has, or every one of a namespace (`*`)."""

    __tablename__ = "kubernetes_binding"
    __table_args__ = (
        Unique("namespace", "service_account", "role_id"),
        Index("ix_kubernetes_binding_role_id", "role_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    namespace: Mapped[str] = mapped_column(String(WORKSPACE_NAME_LENGTH))
    service_account: Mapped[str] = mapped_column(String(253))
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id", ondelete="CASCADE"))
    created_by: Mapped[str] = mapped_column(String(ACTOR_NAME_LENGTH))
    creation_time: Mapped[int] = mapped_column(BigInteger)


class ResourceType(StrEnum):
    """The kind of what is granted."""

    WORKSPACE = "workspace"
    EXPERIMENT = "experiment"
    MODEL = "registered_model"


class AccessGrant(Base):
    """A level that a role has, or an account by itself, on one thing or on all of a kind in a workspace.

    Without an experiment or a registered model, it is on all of its kind. It ends with what it is about, so
    that what is created under the same name later inherits nothing. `level` is one of
    `trackhelm_core.access.Level`.
    """

    __tablename__ = "access_grant"
    __table_args__ = (
        Index("ix_access_grant_account_id", "account_id"),
        Index("ix_access_grant_role_id", "role_id"),
        Index("ix_access_grant_experiment_id", "experiment_id"),
        Index("ix_access_grant_registered_model_id", "registered_model_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    role_id: Mapped[int | None] = mapped_column(ForeignKey("role.id", ondelete="CASCADE"))
    workspace_id: Mapped[int] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"))
    resource_type: Mapped[str] = mapped_column(String(20))
    experiment_id: Mapped[int | None] = mapped_column(ForeignKey("experiment.id", ondelete="CASCADE"))
    registered_model_id: Mapped[int | None] = mapped_column(
        ForeignKey("registered_model.id", ondelete="CASCADE")
    )
    level: Mapped[int] = mapped_column(SmallInteger)


class AccessEpoch(Base):
    """One row: how often what anybody may do has changed. Who changes it holds its lock until the commit."""

    __tablename__ = "access_epoch"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    epoch: Mapped[int] = mapped_column(BigInteger)


class AuthEvent(Base):
    """How often, in one minute, somebody was let in or refused, for one reason, from one address.

    It is apart from the audit trail, which takes turns at its end and is never shortened: who guesses
    passwords could otherwise hold up every governed change. `minute` is its first millisecond.
    """

    __tablename__ = "auth_event"
    __table_args__ = (Unique("minute", "source_address", "name", "reason"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    minute: Mapped[int] = mapped_column(BigInteger)
    source_address: Mapped[str] = mapped_column(String(SOURCE_ADDRESS_LENGTH))
    name: Mapped[str] = mapped_column(String(ACTOR_NAME_LENGTH))
    reason: Mapped[str] = mapped_column(String(30))
    count: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)


class WorkspaceQuota(Base):
    """The quotas of a workspace. A column without a value is no quota."""

    __tablename__ = "workspace_quota"

    workspace_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    points_per_second: Mapped[int | None] = mapped_column(BigInteger)
    points_burst: Mapped[int | None] = mapped_column(BigInteger)
    requests_per_second: Mapped[int | None] = mapped_column(BigInteger)
    """How many requests each of its callers may send."""
    series_per_run: Mapped[int | None] = mapped_column(BigInteger)
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    runs: Mapped[int | None] = mapped_column(BigInteger)
    experiments: Mapped[int | None] = mapped_column(BigInteger)
    registered_models: Mapped[int | None] = mapped_column(BigInteger)
    tokens: Mapped[int | None] = mapped_column(BigInteger)
    webhooks: Mapped[int | None] = mapped_column(BigInteger)
    set_time: Mapped[int] = mapped_column(BigInteger)


class WorkspaceUsage(Base):
    """How many runs and bytes a workspace has. Who changes it holds its lock until the commit.

    While the workspace has quotas it is changed together with what it counts, and it is counted anew once a
    day. What can be counted in milliseconds, such as experiments, is not kept here.
    """

    __tablename__ = "workspace_usage"

    workspace_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    runs: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
    announced: Mapped[str] = mapped_column(String(200))
    """The quotas of which webhooks were told that they are nearly used, separated by commas."""
    counted_time: Mapped[int] = mapped_column(BigInteger)
