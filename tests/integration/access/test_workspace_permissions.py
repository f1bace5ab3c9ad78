"""Permissions on a whole workspace, as clients of MLflow 3.10 to 3.12 give them: each is as a role."""

from typing import Any

import pytest

from tests.integration.access.conftest import MLFLOW_3, OTHER, Site
from tests.integration.access.test_names_and_lists import unique

PERMISSIONS = f"{MLFLOW_3}/workspaces/{OTHER}/permissions"


def listed(site: Site, who: str = "admin") -> dict[str, str]:
    found = site.get(who, PERMISSIONS)["permissions"]
    assert {each["workspace"] for each in found} <= {OTHER}
    return {each["username"]: each["permission"] for each in found}


def statuses(site: Site, who: str, experiment: str) -> tuple[int, int, int, int]:
    """Return what is answered to reading, logging, changing, and creating."""
    sent: tuple[tuple[str, dict[str, Any]], ...] = (
        ("runs/search", {"experiment_ids": [experiment]}),
        ("runs/create", {"experiment_id": experiment}),
        ("experiments/set-experiment-tag", {"experiment_id": experiment, "key": "k", "value": "v"}),
        ("experiments/create", {"name": unique()}),
    )
    found = [
        site.send(who, "POST", path, workspace=OTHER, json=message).status_code for path, message in sent
    ]
    return found[0], found[1], found[2], found[3]


@pytest.mark.parametrize(
    ("permission", "allowed"),
    [
        ("READ", (200, 403, 403, 403)),
        ("USE", (200, 403, 403, 200)),
        ("EDIT", (200, 200, 200, 200)),
        ("MANAGE", (200, 200, 200, 200)),
        ("NO_PERMISSIONS", (404, 404, 404, 404)),
    ],
)
def test_a_permission_gives_what_it_says_until_it_is_taken_away(
    site: Site, permission: str, allowed: tuple[int, ...]
) -> None:
    experiment = site.post("admin", "experiments/create", workspace=OTHER, name=unique())["experiment_id"]
    user = site.new_user()
    assert statuses(site, user, experiment) == (404, 404, 404, 404)
    # One takes the place of another.
    site.post("admin", PERMISSIONS, username=user, permission="MANAGE")
    made = site.post("admin", PERMISSIONS, username=user, permission=permission)["permission"]
    assert (made["workspace"], made["username"], made["permission"]) == (OTHER, user, permission)
    assert statuses(site, user, experiment) == allowed
    if permission == "NO_PERMISSIONS":
        assert user not in listed(site)
        return
    assert listed(site)[user] == permission
    own = site.get(user, f"{MLFLOW_3}/workspace-permissions", username=user)["permissions"]
    assert [each["permission"] for each in own] == [permission]
    gone = site.send("admin", "DELETE", PERMISSIONS, params={"username": user})
    assert (gone.status_code, gone.content) == (204, b"")
    assert statuses(site, user, experiment)[1] == 404
    assert site.send("admin", "DELETE", PERMISSIONS, params={"username": user}).status_code == 404


def test_only_who_manages_the_workspace_gives_and_sees_them(site: Site) -> None:
    manager = site.new_user(role="manager", workspace=OTHER)
    editor = site.new_user(role="editor", workspace=OTHER)
    elsewhere = site.new_user(role="manager")
    user = site.new_user()
    site.post(manager, PERMISSIONS, username=user, permission="READ")
    assert listed(site, manager)[user] == "READ"
    for who, expected in ((editor, 403), (elsewhere, 404), (user, 403)):
        site.get(who, PERMISSIONS, expected)
        site.post(who, PERMISSIONS, expected, username=who, permission="MANAGE")
        answer = site.send(who, "DELETE", PERMISSIONS, params={"username": user})
        assert answer.status_code == expected
    # A manager of another workspace learns nothing of this one's.
    assert site.get(elsewhere, f"{MLFLOW_3}/workspace-permissions", username=user)["permissions"] == []
    assert listed(site, manager)[user] == "READ"
    refusal = site.post(manager, PERMISSIONS, 400, username=user, permission="KING")
    assert "READ, USE, EDIT, MANAGE" in refusal["message"]
