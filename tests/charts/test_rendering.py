"""Every profile renders with both versions of Helm, and Kubernetes would take each object."""

import os
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
import yaml

from tests.charts.rendering import (
    CHART,
    HELMS,
    KUBERNETES,
    NAMESPACE,
    PROFILES,
    ROOT,
    Object,
    helm,
    name_of,
    objects_of,
    parsed,
    text_of,
)
from tests.charts.schemas import violations

GOLDEN = ROOT / "tests" / "charts" / "golden"

# What is another at each render, or at each version of the chart.
CHANGING = re.compile(r"(checksum/settings|helm\.sh/chart|app\.kubernetes\.io/version): .*")


def without_passwords(objects: tuple[Object, ...] | list[Object]) -> list[Object]:
    """Return the objects without the values of Secrets, which Helm makes up at each render."""
    return [
        found | {"stringData": dict.fromkeys(found["stringData"], "…")}
        if found["kind"] == "Secret"
        else found
        for found in objects
    ]


def without_dashboards(objects: list[Object]) -> list[Object]:
    """Return the objects without the text of dashboards, which are files of the chart as they are."""
    return [
        found | {"data": dict.fromkeys(found["data"], "…")}
        if found["kind"] == "ConfigMap" and all(name.endswith(".json") for name in found["data"])
        else found
        for found in objects
    ]


def test_the_profiles_are_known() -> None:
    assert PROFILES == ["embedded", "evaluation", "everything", "production"]


@pytest.mark.parametrize(("profile", "program"), list(product(PROFILES, HELMS)))
def test_helm_finds_nothing_to_say_of_the_chart(profile: str, program: str) -> None:
    said = helm(program, "lint", "--strict", str(CHART), "-f", str(CHART / "ci" / f"{profile}-values.yaml"))
    assert "1 chart(s) linted, 0 chart(s) failed" in said


@pytest.mark.parametrize("profile", PROFILES)
def test_each_version_of_kubernetes_takes_every_object(profile: str) -> None:
    cases = list(product(KUBERNETES, HELMS))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda case: text_of(profile, *case), cases))
    found = {
        f"{kubernetes}, {program}: {name_of(each)}": wrong
        for kubernetes, program in cases
        for each in objects_of(profile, kubernetes, program)
        if (wrong := violations(each, kubernetes))
    }
    assert found == {}


@pytest.mark.parametrize("profile", PROFILES)
def test_both_versions_of_helm_render_the_same(profile: str) -> None:
    def rendered(program: str) -> dict[str, Object]:
        objects = without_passwords(list(objects_of(profile, program=program)))
        return {name_of(each): each for each in objects}

    assert rendered("helm3") == rendered("helm4")


def test_an_unknown_field_would_be_found() -> None:
    (found,) = parsed(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {selector: {}, template: {"
        "metadata: {}, spec: {securityContxt: {}, containers: [{name: a, image: a}]}}}}"
    )
    assert any("securityContxt" in each for each in violations(found, KUBERNETES[0]))


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_rendered_is_what_was_reviewed(profile: str) -> None:
    """`UPDATE_GOLDEN=1 make test-charts` writes the files; their difference is what a change does."""
    objects = without_dashboards(without_passwords(list(objects_of(profile))))
    text = CHANGING.sub(
        r"\1: …", yaml.safe_dump_all(objects, width=120, allow_unicode=True, default_flow_style=None)
    )
    file = GOLDEN / f"{profile}.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("profile", PROFILES)
def test_every_object_is_in_the_namespace_of_the_release(profile: str) -> None:
    assert {each["metadata"].get("namespace") for each in objects_of(profile)} == {NAMESPACE}


@pytest.mark.parametrize("profile", PROFILES)
def test_no_two_objects_have_one_name(profile: str) -> None:
    names = [name_of(each) for each in objects_of(profile)]
    assert sorted(set(names)) == sorted(names)
