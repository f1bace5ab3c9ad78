"""`/docs`, from one process and through a gateway: whole, and without an address outside of the server."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest

from tests.fixtures.gateway import serving_gateway
from tests.fixtures.live import serving
from trackhelm_core.http.app import api_document, build_app
from trackhelm_core.settings import GatewaySettings, StorageSettings
from trackhelm_domain.migrate import migrate
from trackhelm_embedded.app import SERVICES, embedded_app, open_all

ADDRESSED = re.compile(r"""(?:href|src|url)\s*[=:]\s*["']([^"']*)""")


@cache
def whole_document() -> dict[str, Any]:
    return api_document(SERVICES)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> StorageSettings:
    return StorageSettings(data=tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def embedded(storage: StorageSettings) -> Iterator[str]:
    with serving(embedded_app(storage)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def gateway(storage: StorageSettings) -> Iterator[str]:
    """Yield a gateway before the services, each a server of its own."""
    with ExitStack() as running:
        urls: dict[str, str] = {}
        for service in SERVICES:
            runtime = open_all(storage)
            migrate(runtime.database.engine)
            app = build_app([service], runtime, behind_gateway=True, document=whole_document)
            # Made here one by one: how pydantic's warnings are hushed meanwhile is not made for threads.
            app.openapi()
            port = running.enter_context(serving(app))
            urls[f"{service.name}_url"] = f"http://127.0.0.1:{port}"
        port = running.enter_context(serving_gateway(GatewaySettings.model_validate(urls)))
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(params=["embedded", "gateway"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


def test_the_page_and_all_it_names_are_of_this_server(url: str) -> None:
    page = httpx2.get(f"{url}/docs")
    assert page.headers["content-type"].startswith("text/html")
    script = httpx2.get(f"{url}/docs/static/open.js")
    # The script's addresses are the page's: it runs there.
    named = ADDRESSED.findall(page.text) + ADDRESSED.findall(script.text)
    assert {Path(address).suffix for address in named} == {".png", ".css", ".js", ".json"}
    for text in (page.text, script.text):
        assert "//" not in re.sub(r"(?m)^\s*//.*$", "", text), "an address of another server"
    for address in named:
        answer = httpx2.get(urljoin(f"{url}/docs", address))
        assert answer.status_code == 200, address
        assert len(answer.content) > 100, address
        if "charset" in answer.headers["content-type"] and ".css" in address:
            assert re.findall(r"url\((?!\"?data:)", answer.text) == []


def test_a_browser_is_told_to_ask_nobody_else(url: str) -> None:
    policy = httpx2.get(f"{url}/docs").headers["content-security-policy"]
    allowed = {source for part in policy.split("; ") for source in part.split(" ")[1:]}
    assert allowed == {"'self'", "data:", "'unsafe-inline'", "'none'"}
    assert "default-src 'self'" in policy
    assert "validatorUrl: null" in httpx2.get(f"{url}/docs/static/open.js").text


@pytest.mark.parametrize("path", ["none.js", "..%2f..%2fapp.py", "..%2Fapi_page.py", ""])
def test_no_other_file_is_served(url: str, path: str) -> None:
    assert httpx2.get(f"{url}/docs/static/{path}").status_code == 404


def test_the_licences_come_along(url: str) -> None:
    assert "Apache License" in httpx2.get(f"{url}/docs/static/LICENSE").text


def test_the_gateways_document_is_that_of_one_process(embedded: str, gateway: str) -> None:
    document = httpx2.get(f"{gateway}/openapi.json").json()
    assert document == httpx2.get(f"{embedded}/openapi.json").json()
