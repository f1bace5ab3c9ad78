"""Every profile before a real API server, which refuses what schemas let pass, such as `64Mb`."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.charts.rendering import PROFILES, Object, parsed, render, text_of
from tests.cluster.cluster import Cluster, CommandError


def accepted(cluster: Cluster, namespace: str, objects: list[Object]) -> str:
    """Have the server validate objects in a namespace, and return what kubectl says. Nothing is stored."""
    kinds = set(cluster.kubectl("api-resources", "--no-headers", "--output", "name").split())
    # A cluster of others may lack the operators whose resources the profile with everything has.
    there = [each for each in objects if cluster.own or _is_known(each, kinds)]
    for each in there:
        each["metadata"]["namespace"] = namespace
    options = ("--dry-run=server", "--validate=strict", "--warnings-as-errors")
    return cluster.kubectl("apply", *options, "--filename", "-", stdin=yaml.safe_dump_all(there))


def _is_known(found: Object, kinds: set[str]) -> bool:
    group = found["apiVersion"].partition("/")[0]
    return "." not in group or any(kind.endswith(f".{group}") for kind in kinds)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_server_accepts_every_profile_without_a_warning(
    cluster: Cluster, namespace: Callable[[str], str], profile: str
) -> None:
    objects = parsed(text_of(profile, cluster.version))
    said = accepted(cluster, namespace("validate"), objects)
    assert said.count("(server dry run)") == len(objects) or not cluster.own, said


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a quantity": ({"gateway": {"resources": {"limits": {"memory": "64Mb"}}}}, "quantities must match"),
    "a port": (
        {
            "gateway": {
                "extraContainers": [
                    {"name": "x", "image": "x:1", "ports": [{"name": "HTTP_Port", "containerPort": 1}]}
                ]
            }
        },
        "HTTP_Port",
    ),
    "a name": ({"component": {"extraVolumes": [{"name": "A B", "emptyDir": {}}]}}, "A B"),
    "the standard": ({"component": {"extraContainers": [{"name": "x", "image": "x:1"}]}}, "restricted"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_schemas_let_pass_is_refused_here(
    cluster: Cluster, namespace: Callable[[str], str], case: str
) -> None:
    values, said = WRONG[case]
    with pytest.raises(CommandError, match=said):
        accepted(cluster, namespace("validate"), render(values))
