"""Rendering the chart by Helm's own program, and finding one's way in the objects.

Owns the profiles that the other tests go through. Renders are remembered: Helm takes half a second for each.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

Object: TypeAlias = dict[str, Any]

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "charts" / "trackhelm"
PROFILES: Final = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*.yaml"))
KUBERNETES: Final = ("1.34.0", "1.35.0", "1.36.0", "1.37.0")
HELMS: Final = ("helm4", "helm3")
NAMESPACE: Final = "trackhelm"
RELEASE: Final = "trackhelm"

WITH_PODS: Final = ("Deployment", "StatefulSet", "Job")


def tools() -> Path:
    """Return the folder of Helm and the schemas."""
    folder = os.environ.get("TEST_CHART_TOOLS")
    assert folder, "TEST_CHART_TOOLS names no folder: run `make test-charts`"
    return Path(folder)


@dataclass(frozen=True, slots=True)
class RefusedError(Exception):
    """Helm refused values; `said` is what it printed."""

    said: str


def helm(program: str, *arguments: str) -> str:
    """Run Helm and return what it printed; raises `RefusedError`."""
    environment = {"HOME": "/nonexistent", "PATH": os.environ["PATH"]}
    ended = subprocess.run(
        [str(tools() / program), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )
    if ended.returncode:
        raise RefusedError(ended.stderr + ended.stdout)
    return ended.stdout


@cache
def text_of(profile: str, kubernetes: str = KUBERNETES[-1], program: str = "helm4") -> str:
    """Return what Helm renders of a profile."""
    values = CHART / "ci" / f"{profile}-values.yaml"
    return _template(program, kubernetes, values)


def _template(program: str, kubernetes: str, values: Path, *more: str) -> str:
    place = ("--namespace", NAMESPACE, "--kube-version", kubernetes)
    return helm(program, "template", RELEASE, str(CHART), *place, "--values", str(values), *more)


def parsed(text: str) -> list[Object]:
    """Return the objects of a text."""
    return [found for found in yaml.load_all(text, Loader=_Loader) if found]


# The parser in C is ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def _rendered(profile: str, kubernetes: str, program: str) -> tuple[Object, ...]:
    return tuple(parsed(text_of(profile, kubernetes, program)))


def objects_of(profile: str, kubernetes: str = KUBERNETES[-1], program: str = "helm4") -> Sequence[Object]:
    """Return the objects of a profile, which must not be changed."""
    return _rendered(profile, kubernetes, program)


def render(values: Mapping[str, Any], profile: str = "evaluation", program: str = "helm4") -> list[Object]:
    """Return the objects of values over those of a profile; raises `RefusedError`."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as own:
        json.dump(values, own)
        own.flush()
        base = CHART / "ci" / f"{profile}-values.yaml"
        return parsed(_template(program, KUBERNETES[-1], base, "--values", own.name))


def name_of(found: Object) -> str:
    """Return the kind and the name of an object."""
    return f"{found['kind']}/{found['metadata']['name']}"


def of_kind(objects: Sequence[Object], *kinds: str) -> list[Object]:
    """Return the objects of these kinds."""
    return [found for found in objects if found["kind"] in kinds]


def one(objects: Sequence[Object], kind: str, name: str) -> Object:
    """Return the object of a kind and name."""
    (found,) = (each for each in of_kind(objects, kind) if each["metadata"]["name"] == name)
    return found


def pods(objects: Sequence[Object]) -> Iterator[tuple[str, Object]]:
    """Yield every template of pods, and every pod, with the name of its object."""
    for found in objects:
        if found["kind"] in WITH_PODS:
            yield name_of(found), found["spec"]["template"]
        elif found["kind"] == "Pod":
            yield name_of(found), found


def containers(pod: Object) -> list[Object]:
    """Return all containers of a pod."""
    return [*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]]


def component_of(found: Object) -> str:
    """Return the name of the component that an object belongs to."""
    return str(found["metadata"]["labels"].get("app.kubernetes.io/component", ""))


def variables(container: Object, objects: Sequence[Object]) -> dict[str, str]:
    """Return the variables of a container, those of the chart's ConfigMap among them."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        name = source["configMapRef"]["name"]
        for each in of_kind(objects, "ConfigMap"):
            if each["metadata"]["name"] == name:
                found |= each["data"]
    return found | {each["name"]: each.get("value", "") for each in container.get("env", ())}
