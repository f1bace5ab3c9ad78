"""Rules about people who log in at an identity provider: which account is theirs, and what groups give it."""

import re
from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from trackhelm_core.errors import AlreadyExistsError, InvalidParameterError
from trackhelm_core.security.actor import ActorKind
from trackhelm_core.settings import OidcSettings
from trackhelm_domain.access.groups import GroupRules, follow_groups
from trackhelm_domain.access.rights import account_by_name, assign_default_role, change_access
from trackhelm_domain.audit import Action, AuditContext, Change, State, record
from trackhelm_domain.tables import Account, ExternalIdentity
from trackhelm_domain.tables.identity import AccountKind
from trackhelm_identity.oidc import store
from trackhelm_identity.oidc.provider import Person
from trackhelm_identity.oidc.statements import LoginFailedError
from trackhelm_identity.users.logic import check_user_name, entity_of, locked_user

MANAGED_BY: Final = "oidc"
"""What the rows of roles say that groups gave, and groups take."""

_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]{0,1023}")


def check_path(path: str) -> str:
    """Return where to go after the login, if that is on this server; raises `InvalidParameterError`."""
    if not _PATH.fullmatch(path):
        raise InvalidParameterError(
            f"Invalid value {path[:200]!r} for parameter 'next': a path of printable ASCII characters is "
            "expected, that begins with one slash and has no backslash."
        )
    return path


def enter(
    session: Session, person: Person, settings: OidcSettings, context: AuditContext, *, new_user_role: str
) -> Account:
    """Return the account of a person who has logged in, with the roles that their groups give now.

    The person is who the issuer and the subject say. A name or an address is never taken for that: at most
    providers people may choose them. What is recorded, the person does: nobody else has sent the request.

    Raises:
        LoginFailedError: The account is disabled, or another user has the name of a new person.
    """
    account = store.account_of(session, person.issuer, person.subject)
    name = person.name if account is None else account.name
    context = replace(context, actor=replace(context.actor, name=name, kind=ActorKind.USER))
    if account is None:
        # Who makes accounts takes turns, so nobody else makes this one from here on.
        change_access(session)
        account = store.account_of(session, person.issuer, person.subject)
    if account is None:
        account = _create(session, person, context, new_user_role)
    if account.is_disabled:
        raise LoginFailedError("disabled", f"the account '{account.name}' is disabled")
    rules = GroupRules("TRACKHELM_OIDC_ROLES", MANAGED_BY, settings.roles, settings.oidc_admin_group)
    follow_groups(session, account, person.groups, rules, context)
    return account


def _create(session: Session, person: Person, context: AuditContext, new_user_role: str) -> Account:
    try:
        check_user_name(person.name)
    except InvalidParameterError as error:
        raise LoginFailedError("not_allowed", error.message) from error
    if account_by_name(session, person.name) is not None:
        raise LoginFailedError(
            "name_taken",
            f"there is a user '{person.name}' already; if it is the same person: `trackhelm-server admin "
            f"link '{person.name}' '{person.subject}'`",
        )
    account = Account(
        name=person.name,
        name_key=person.name.casefold(),
        kind=AccountKind.USER,
        is_admin=False,
        is_disabled=False,
        creation_time=context.time,
    )
    store.insert(session, account)
    state: State = {"is_admin": False, "issuer": person.issuer, "subject": person.subject}
    record(session, Change(entity_of(account), Action.CREATED, None, state), context)
    _link(session, account, person.issuer, person.subject, context.time)
    assign_default_role(session, account.id, new_user_role)
    return account


def link_account(session: Session, name: str, issuer: str, subject: str, context: AuditContext) -> None:
    """Let a person of a provider log in to the account that a user has already."""
    account = locked_user(session, name)
    if store.account_of(session, issuer, subject) is not None:
        raise AlreadyExistsError(f"The person '{subject}' of {issuer} has an account already.")
    _link(session, account, issuer, subject, context.time)
    state: State = {"issuer": issuer, "subject": subject}
    record(session, Change(entity_of(account), Action.UPDATED, None, state), context)


def _link(session: Session, account: Account, issuer: str, subject: str, now: int) -> None:
    store.insert(
        session,
        ExternalIdentity(account_id=account.id, issuer=issuer, subject=subject, creation_time=now),
    )
