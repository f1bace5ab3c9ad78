"""Every served endpoint refuses what it must, and the refusal begins with the words that clients match."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.contract.refusals.table import API, GROUPS, differences, refusals
from tests.fixtures.backing_services import redis_database
from tests.fixtures.databases import migrated_postgres_database
from tests.fixtures.live import serving
from tests.fixtures.programs import worker
from trackhelm_core.settings import RedisSettings, StorageSettings
from trackhelm_embedded.app import embedded_app

pytestmark = pytest.mark.long

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
CANNOT_REFUSE = {"/health", "/ready", "/version", "/api/3.0/mlflow/server-info"}
"""They take no argument."""


@pytest.fixture(scope="session", params=["sqlite", "postgresql", "queue"])
def port(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Yield the port of a server over each database, and over the queue, which looks runs up by itself."""
    url = f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'test.db'}"
    if request.param != "sqlite":
        url = migrated_postgres_database(request.getfixturevalue("postgres_server"))
    storage = StorageSettings(data=tmp_path_factory.mktemp("refusals"), database_url=url)
    with ExitStack() as running:
        redis = RedisSettings()
        if request.param == "queue":
            folder = tmp_path_factory.mktemp("queue")
            redis_url = running.enter_context(redis_database(request.getfixturevalue("redis_server")))
            redis = RedisSettings(redis_url=redis_url)
            running.enter_context(worker(storage, redis, folder))
        yield running.enter_context(serving(embedded_app(storage, redis)))


@pytest.mark.parametrize("group", GROUPS)
def test_refusals_begin_as_the_table_says(group: str, port: int) -> None:
    assert differences(port, group, stock=False) == []


def test_every_endpoint_of_mlflows_is_in_the_table() -> None:
    asked = {(each.method, _whole(each.path)) for group in GROUPS for each in refusals(group)}
    paths = json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"]
    missing = [
        f"{method.upper()} {path}"
        for path, operations in paths.items()
        if "/trackhelm/" not in path and path not in CANNOT_REFUSE
        for method in operations
        # An answer to HEAD has no body, and is else that to GET.
        if method != "head"
        and not any(method.upper() == used and _pattern(path).fullmatch(whole) for used, whole in asked)
    ]
    assert missing == []


def test_what_differs_from_mlflow_says_why() -> None:
    lines = [each for group in GROUPS for each in refusals(group)]
    assert [each.place for each in lines if bool(each.why) != (each.stock != each.ours)] == []


def _whole(path: str) -> str:
    whole = path if path.startswith("/") else API + path
    return whole.partition("?")[0]


def _pattern(path: str) -> re.Pattern[str]:
    """Return what matches the paths of an endpoint: of browsers', too."""
    parts = re.split(r"\{path\}|\{[^}]+\}", path)
    holes = [".*" if hole == "{path}" else "[^/]+" for hole in re.findall(r"\{[^}]+\}", path)] + [""]
    pattern = "".join(re.escape(part) + hole for part, hole in zip(parts, holes, strict=True))
    return re.compile(pattern.replace("/api/", "/(?:ajax-)?api/", 1))
