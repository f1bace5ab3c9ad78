"""Roles that groups of users give, as settings name them: for an identity provider, and for a proxy."""

import json
from collections.abc import Mapping
from typing import Any


def json_object(text: str, name: str) -> dict[str, Any]:
    """Return the JSON object that a setting has; raises `ValueError`."""
    try:
        found = json.loads(text) if text else {}
    except ValueError as error:
        raise ValueError(f"{name} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{name} must be a JSON object")  # noqa: TRY004 - settings report values
    return found


def check_roles_of_groups(text: str, name: str) -> str:
    """Return the text of a setting that names the roles of groups; raises `ValueError`."""
    for group, roles in json_object(text, name).items():
        if not isinstance(roles, list) or not all(isinstance(role, str) and "/" in role for role in roles):
            raise ValueError(
                f"the roles of group {group!r} must be a list of texts such as 'default/editor': the "
                "name of a workspace, a slash, and that of a role"
            )
    return text


def roles_of_groups(text: str, name: str) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Return the roles that each group gives, each as the names of its workspace and its own."""
    return {group: tuple(_parts(role) for role in roles) for group, roles in json_object(text, name).items()}


def _parts(role: str) -> tuple[str, str]:
    workspace, _, name = role.partition("/")
    return workspace, name
