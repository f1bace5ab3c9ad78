"""The images agree with the chart that runs them, and with the package that they hold.

`make check` lints the files with hadolint, and `make test-images` builds them where there is a builder.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.charts.rendering import CHART, PROFILES, ROOT, Object, containers, objects_of, pods
from trackhelm_cli.main import load_command
from trackhelm_core import __version__
from trackhelm_core.http.web_ui import WEB_UI_FOLDER

DEPLOY = ROOT / "deploy"
IMAGES = {"trackhelm-server": "server", "trackhelm-gateway": "gateway"}

Instruction = tuple[str, str]


def instructions(name: str) -> list[Instruction]:
    """Return the instructions of a Dockerfile, each with what is written behind it."""
    text = (DEPLOY / f"{name}.Dockerfile").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found = (line.partition(" ") for line in joined.splitlines())
    return [(word, rest.strip()) for word, _, rest in found]


def result(name: str) -> list[Instruction]:
    """Return the instructions of the last stage, which is the image."""
    found = instructions(name)
    (start,) = [place for place, (word, _) in enumerate(found) if word == "FROM"][-1:]
    return found[start:]


def the(word: str, found: list[Instruction]) -> str:
    (only,) = (rest for each, rest in found if each == word)
    return only


def run_by_the_chart(name: str) -> Iterator[tuple[Object, Object]]:
    """Yield each container of an image in any profile, and its pod."""
    for profile in PROFILES:
        for _, pod in pods(objects_of(profile)):
            for container in containers(pod):
                repository = re.split(r"[:@]", container["image"].rpartition("/")[2])[0]
                if IMAGES.get(repository) == name:
                    yield container, pod


def values() -> Any:
    return yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))


def test_the_chart_runs_both_images() -> None:
    for name in IMAGES.values():
        assert list(run_by_the_chart(name)), name


@pytest.mark.parametrize("name", IMAGES.values())
def test_the_user_is_the_charts(name: str) -> None:
    user = the("USER", result(name))
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "a name cannot be told from root"
    for _, pod in run_by_the_chart(name):
        security = pod["spec"]["securityContext"]
        assert user == f"{security['runAsUser']}:{security['runAsGroup']}"


@pytest.mark.parametrize("name", IMAGES.values())
def test_the_ports_are_the_charts(name: str) -> None:
    ports = {
        port["containerPort"]
        for container, _ in run_by_the_chart(name)
        for port in container.get("ports", ())
    }
    assert {int(port) for port in the("EXPOSE", result(name)).split()} == ports


def test_the_server_has_the_programs_that_the_chart_starts() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    # A Debian with Python has the other two.
    programs = {*scripts, "python3", "/bin/sh"}
    assert {container["command"][0] for container, _ in run_by_the_chart("server")} <= programs
    (program,) = json.loads(the("ENTRYPOINT", result("server")))
    assert program in scripts
    assert json.loads(the("CMD", result("server"))) == ["--help"]
    load_command("migrate")


def test_the_gateway_starts_nginx_as_the_chart_does() -> None:
    assert json.loads(the("ENTRYPOINT", result("gateway"))) == []
    command = json.loads(the("CMD", result("gateway")))
    for container, _ in run_by_the_chart("gateway"):
        assert container["command"] == command


def test_the_files_of_the_web_ui_are_where_the_chart_says() -> None:
    copied = [rest.split() for word, rest in result("gateway") if word == "COPY"]
    ((_, source, target),) = copied
    assert target == values()["gateway"]["uiFolder"]
    # They are data of the package, from which the embedded server has them.
    inside = source.partition("/site-packages/")[2]
    assert inside == str(WEB_UI_FOLDER.relative_to(ROOT / "services"))
    copied = [rest.split() for word, rest in instructions("server") if word == "COPY"]
    assert ["--from=ui", f"/source/services/{inside}", f"services/{inside}"] in copied


def test_the_chart_names_the_version_that_the_images_have() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["appVersion"] == __version__
    for name in IMAGES.values():
        assert ("ARG", f"VERSION={__version__}") in result(name)
    assert ("ARG", f"SERVER_IMAGE=ghcr.io/trackhelm/trackhelm-server:{__version__}") in instructions(
        "gateway"
    )


@pytest.mark.parametrize("name", IMAGES.values())
def test_each_base_is_an_argument(name: str) -> None:
    arguments = {rest.partition("=")[0] for word, rest in instructions(name) if word == "ARG"}
    for word, rest in instructions(name):
        if word == "FROM":
            (argument,) = re.findall(r"^\$\{(\w+)\}", rest)
            assert argument in arguments


@pytest.mark.parametrize("name", IMAGES.values())
def test_the_result_only_gets_files_of_other_stages(name: str) -> None:
    found = result(name)
    assert "RUN" not in {word for word, _ in found}, "nothing is installed into what runs"
    assert all(rest.startswith("--from=") for word, rest in found if word == "COPY")
    labels = the("LABEL", found)
    for label in ("title", "description", "source", "licenses", "version", "revision", "created"):
        assert f"org.opencontainers.image.{label}=" in labels


def test_what_is_copied_is_in_the_context_of_the_build() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_through = {Path(line.removeprefix("!")) for line in lines if line.startswith("!")}
    for name in IMAGES.values():
        for word, rest in instructions(name):
            if word == "COPY" and not rest.startswith("--from="):
                for source in rest.split()[:-1]:
                    path = Path(source.rstrip("*"))
                    assert let_through & {path, *path.parents}, source


def test_the_server_has_what_a_role_of_the_chart_needs_beside_the_package() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    wanted = ",".join(sorted(set(extras) - {"dev", "stack"}))
    assert ("ARG", f"EXTRAS=[{wanted}]") in instructions("server")


def test_the_package_is_built_with_what_it_is_pinned_to() -> None:
    (install,) = (rest for word, rest in instructions("server") if word == "RUN" and " install " in rest)
    assert "PIP_CONSTRAINT=/source/requirements/constraints.txt" in install
    assert "--no-compile" in install
