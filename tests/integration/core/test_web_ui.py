from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from trackhelm_core.http.prefix import Paths
from trackhelm_core.http.web_ui import accepts, web_ui_routes
from trackhelm_core.security.actor import TrustedProxies

SCRIPT = "/assets/app-1.js"


def client(folder: Path, prefix: str = "") -> TestClient:
    app = Starlette(routes=web_ui_routes(folder))
    return TestClient(
        Paths(app, prefix, TrustedProxies.of(None, behind_gateway=False)), follow_redirects=False
    )


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    for name, content in {
        "index.html": "<title>Trackhelm</title>",
        "theme.js": "theme",
        "secret.key": "not for anybody",
        "assets/app-1.js": "plain",
        "assets/app-1.js.gz": "as gzip",
        "assets/app-1.js.br": "as brotli",
    }.items():
        (tmp_path / name).write_text(content)
    return tmp_path


@pytest.mark.parametrize("prefix", ["", "/ml"])
def test_the_page_is_checked_each_time_and_its_assets_are_kept(built: Path, prefix: str) -> None:
    server = client(built, prefix)
    page = server.get(f"{prefix}/")
    assert (page.status_code, page.text) == (200, "<title>Trackhelm</title>")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    again = server.get(f"{prefix}/", headers={"If-None-Match": page.headers["etag"]})
    assert again.status_code == 304
    plain = {"Accept-Encoding": "identity"}
    assert "immutable" in server.get(prefix + SCRIPT, headers=plain).headers["cache-control"]
    assert server.get(f"{prefix}/theme.js").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "coding", "content"),
    [
        ("", None, "plain"),
        ("gzip, deflate", "gzip", b"as gzip"),
        ("gzip, br", "br", b"as brotli"),
        ("gzip;q=0, br;q=0", None, "plain"),
    ],
)
def test_a_file_is_sent_in_the_best_form_that_the_caller_takes(
    built: Path, accepted: str, coding: str | None, content: str | bytes
) -> None:
    with client(built).stream("GET", SCRIPT, headers={"Accept-Encoding": accepted}) as answer:
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["vary"] == "Accept-Encoding"
        expected = content.encode() if isinstance(content, str) else content
        assert b"".join(answer.iter_raw()) == expected


@pytest.mark.parametrize("path", ["/secret.key", "/assets/none.js", "/assets/../secret.key", "/experiments"])
def test_what_is_no_file_of_the_page_is_missing(built: Path, path: str) -> None:
    assert client(built).get(path).status_code == 404


def test_the_prefix_alone_leads_to_the_page(built: Path) -> None:
    answer = client(built, "/ml").get("/ml")
    assert (answer.status_code, answer.headers["location"]) == (307, "/ml/")


def test_a_server_without_built_files_says_so(tmp_path: Path) -> None:
    answer = client(tmp_path).get("/")
    assert answer.status_code == 200
    assert "make ui" in answer.text
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_a_coding_of_weight_zero_is_not_accepted() -> None:
    assert accepts("gzip, br;q=0.5", "br")
    assert not accepts("gzip, br;q=0", "br")
    assert not accepts("gzip, brx", "br")
