"""Rules about tokens: whose they are, what they may do, how long; and about service accounts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from trackhelm_core.access import Access, Level, Principal
from trackhelm_core.errors import AlreadyExistsError, NotFoundError
from trackhelm_core.validation import parse_experiment_id
from trackhelm_core.wire.arguments import invalid_value
from trackhelm_domain.access.checks import permits_experiment
from trackhelm_domain.access.rights import account_by_name, change_access, principal_of
from trackhelm_domain.access.tokens import Scope, TokenKind, digest_of, new_token
from trackhelm_domain.audit import Action, AuditContext, Change, Entity, EntityType, State, record
from trackhelm_domain.quotas.usage import Stock, note_use
from trackhelm_domain.tables import AccessToken, Account
from trackhelm_domain.tables.identity import AccountKind
from trackhelm_identity.tokens import store
from trackhelm_identity.users.logic import check_fresh_login, check_user_name, entity_of

_DAY_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """The token that a request asks for."""

    name: str
    scopes: Sequence[Scope]
    days: int
    workspace: str = ""
    experiment_id: str = ""
    service_account: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A token that was just made, with what is stored of it."""

    row: AccessToken
    workspace: str
    text: str = field(repr=False)


def create_token(session: Session, wanted: Wanted, access: Access, context: AuditContext) -> Made:
    """Make a token for who asks, or for a service account of the workspace that they manage."""
    check_fresh_login(access.principal, context.time)
    if not wanted.scopes:
        raise invalid_value(
            [], "scopes", f"at least one of {', '.join(scope.value for scope in Scope)} is expected"
        )
    change_access(session)
    account = _account(session, wanted.service_account, access)
    workspace_id = _workspace(session, wanted.workspace, access.principal)
    experiment_id = None
    if wanted.experiment_id:
        experiment_id = parse_experiment_id(wanted.experiment_id)
        if not permits_experiment(session, experiment_id, Level.READ):
            raise NotFoundError(f"No Experiment with id={wanted.experiment_id} exists.")
        workspace_id = store.workspace_of_experiment(session, experiment_id)
    if workspace_id is None:
        workspace_id = account.workspace_id
    row, text = _insert(session, account, wanted, (workspace_id, experiment_id), context)
    return Made(row, wanted.workspace or (access.workspace_name if workspace_id is not None else ""), text)


def create_token_of_login(session: Session, account: Account, wanted: Wanted, context: AuditContext) -> Made:
    """Make a token for a program of a user who has just approved it; it may be confined to a workspace."""
    change_access(session)
    workspace_id = _workspace(session, wanted.workspace, principal_of(session, account))
    row, text = _insert(session, account, wanted, (workspace_id, None), context)
    return Made(row, wanted.workspace, text)


def _insert(
    session: Session,
    account: Account,
    wanted: Wanted,
    confined_to: tuple[int | None, int | None],
    context: AuditContext,
) -> tuple[AccessToken, str]:
    made = new_token(TokenKind.SERVICE if account.kind == AccountKind.SERVICE else TokenKind.PERSONAL)
    workspace_id, experiment_id = confined_to
    row = AccessToken(
        account_id=account.id,
        digest=made.digest,
        hint=made.hint,
        name=wanted.name,
        scopes=",".join(dict.fromkeys(wanted.scopes)),
        workspace_id=workspace_id,
        experiment_id=experiment_id,
        created_by=context.actor.name,
        creation_time=context.time,
        expiry_time=context.time + wanted.days * _DAY_MS,
    )
    store.insert(session, row)
    if row.workspace_id is not None:
        note_use(session, row.workspace_id, Stock.TOKENS)
    record(session, Change(_entity(row, account), Action.CREATED, None, _state(row)), context)
    return row, made.text


def list_tokens(session: Session, service_account: str, access: Access) -> Sequence[tuple[AccessToken, str]]:
    """Return the tokens of who asks, or of a service account of the workspace that they manage.

    Who shows a token sees those that may do no more than it.
    """
    found = store.tokens_of(session, _account(session, service_account, access).id)
    return [(row, workspace) for row, workspace in found if _is_within_shown(session, row, access)]


def revoke_token(
    session: Session, token_id: int | None, token: str, access: Access, context: AuditContext
) -> None:
    """Revoke a token. It is its own proof; its id is enough for its owner."""
    change_access(session)
    if token:
        found = store.token_by_digest(session, digest_of(token))
    else:
        found = None if token_id is None else store.token_by_id(session, token_id)
        if found is not None and not _may_revoke(session, *found, access):
            found = None
    if found is None:
        raise NotFoundError(
            f"There is no token with id={token_id}." if not token else "There is no such token."
        )
    row, account = found
    before = _state(row)
    entity = _entity(row, account)
    store.delete(session, row)
    record(session, Change(entity, Action.REVOKED, before, None), context)


def _may_revoke(session: Session, row: AccessToken, account: Account, access: Access) -> bool:
    if access.principal.is_admin:
        return True
    if account.id == access.principal.id:
        return _is_within_shown(session, row, access)
    home = account.workspace_id
    return home is not None and access.principal.rights_in(home).manages


def _is_within_shown(session: Session, row: AccessToken, access: Access) -> bool:
    """Return whether a token may do no more than the one that was shown, if one was.

    So a token for reading, in whose hands ever, ends nobody's training.
    """
    if access.principal.token_id is None:
        return True
    shown = session.get_one(AccessToken, access.principal.token_id)
    scopes = set(shown.scopes.split(","))
    return (
        (Scope.MANAGE in scopes or scopes.issuperset(row.scopes.split(",")))
        and shown.workspace_id in {None, row.workspace_id}
        and shown.experiment_id in {None, row.experiment_id}
    )


def _account(session: Session, service_account: str, access: Access) -> Account:
    if service_account:
        return _service_account(session, service_account, access)
    account = session.get(Account, access.principal.id)
    if account is None:
        raise NotFoundError("Who sent this request has no account, and so no tokens.")
    return account


def _service_account(session: Session, name: str, access: Access) -> Account:
    if not access.rights.manages:
        raise access.denied("use its service accounts")
    account = account_by_name(session, name)
    if account is None or account.workspace_id != access.workspace_id:
        raise NotFoundError(f"There is no service account '{name}' in workspace '{access.workspace_name}'.")
    return account


def _workspace(session: Session, name: str, owner: Principal) -> int | None:
    if not name:
        return None
    found = store.workspace_by_name(session, name)
    if found is None or not owner.rights_in(found).is_member:
        raise NotFoundError(f"Workspace '{name}' not found")
    return found


def _entity(row: AccessToken, account: Account) -> Entity:
    return Entity(EntityType.TOKEN, f"{account.name}/{row.id}"[:256])


def _state(row: AccessToken) -> State:
    return {
        "name": row.name,
        "hint": row.hint,
        "scopes": row.scopes,
        "expiry_time": row.expiry_time,
        "workspace": row.workspace_id,
        "experiment": row.experiment_id,
    }


# Service accounts.


def create_service_account(session: Session, name: str, access: Access, context: AuditContext) -> Account:
    """Create a service account in the workspace. It may do nothing until it gets a role or a grant."""
    check_user_name(name)
    change_access(session)
    if account_by_name(session, name) is not None:
        raise AlreadyExistsError(f"An account with the name '{name}' already exists.")
    account = Account(
        name=name,
        name_key=name.casefold(),
        kind=AccountKind.SERVICE,
        workspace_id=access.workspace_id,
        is_admin=False,
        is_disabled=False,
        creation_time=context.time,
    )
    store.insert(session, account)
    record(session, Change(entity_of(account), Action.CREATED, None, {"kind": "service"}), context)
    return account


def list_service_accounts(session: Session, access: Access) -> Sequence[Account]:
    """Return the service accounts of the workspace."""
    return store.service_accounts(session, access.workspace_id or 0)


def delete_service_account(session: Session, name: str, access: Access, context: AuditContext) -> None:
    """Delete a service account with its tokens."""
    change_access(session)
    account = _service_account(session, name, access)
    entity = entity_of(account)
    store.delete(session, account)
    record(session, Change(entity, Action.DELETED, {"kind": "service"}, None), context)
