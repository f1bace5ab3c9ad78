"""How a file is sent."""

import base64
import hashlib
import uuid

import pytest

from tests.fixtures.api import Api

pytestmark = pytest.mark.over("sqlite", "postgresql", "s3")

FILES = "/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def page(api: Api) -> str:
    url = f"{FILES}/{uuid.uuid4().hex}/page.html"
    assert api.client.put(url, content=b"0123456789").status_code == 200
    return url


def test_a_file_is_sent_so_that_no_browser_runs_it(api: Api, page: str) -> None:
    answer = api.client.get(page)
    assert (answer.status_code, answer.content) == (200, b"0123456789")
    assert answer.headers["content-length"] == "10"
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["content-disposition"] == "attachment; filename=page.html"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["accept-ranges"] == "bytes"


def test_a_head_tells_the_same_without_the_bytes(api: Api, page: str) -> None:
    full, head = api.client.get(page), api.client.head(page)
    assert (head.status_code, head.content) == (200, b"")
    ours = ("content-length", "content-type", "content-disposition", "etag", "last-modified")
    assert [head.headers[name] for name in ours] == [full.headers[name] for name in ours]


@pytest.mark.parametrize(
    ("asked", "content", "sent"),
    [("0-3", b"0123", "0-3"), ("4-", b"456789", "4-9"), ("-2", b"89", "8-9"), ("8-999", b"89", "8-9")],
)
def test_a_range_is_sent_alone(api: Api, page: str, asked: str, content: bytes, sent: str) -> None:
    answer = api.client.get(page, headers={"Range": f"bytes={asked}"})
    assert (answer.status_code, answer.content) == (206, content)
    assert answer.headers["content-range"] == f"bytes {sent}/10"
    assert answer.headers["content-length"] == str(len(content))


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=x", "lines=1-2", "bytes=5-1"])
def test_another_range_is_answered_with_the_whole(api: Api, page: str, asked: str) -> None:
    answer = api.client.get(page, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, b"0123456789")


def test_a_range_behind_the_end_is_refused(api: Api, page: str) -> None:
    answer = api.client.get(page, headers={"Range": "bytes=10-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */10"
    assert "10 bytes" in answer.json()["message"] or "which has 10" in answer.json()["message"]


def test_a_range_of_an_older_version_is_answered_with_the_whole(api: Api, page: str) -> None:
    etag = api.client.get(page).headers["etag"]
    ranged = {"Range": "bytes=0-3", "If-Range": etag}
    assert api.client.get(page, headers=ranged).status_code == 206
    api.client.put(page, content=b"abcdefghij")
    answer = api.client.get(page, headers=ranged)
    assert (answer.status_code, answer.content) == (200, b"abcdefghij")


def test_the_recorded_checksum_is_told_to_those_who_ask(api: Api, page: str) -> None:
    asked = {"Want-Repr-Digest": "sha-512=3, sha-256=10"}
    told = f"sha-256=:{base64.b64encode(hashlib.sha256(b'0123456789').digest()).decode()}:"
    assert api.client.head(page, headers=asked).headers["repr-digest"] == told
    assert api.client.get(page, headers=asked).headers["repr-digest"] == told
    assert "repr-digest" not in api.client.head(page).headers
    assert "repr-digest" not in api.client.head(page, headers={"Want-Repr-Digest": "sha-256=0"}).headers
    api.client.put(page, content=b"another one")
    assert api.client.head(page, headers=asked).headers["repr-digest"] != told


def test_a_known_version_is_not_sent_again(api: Api, page: str) -> None:
    etag = api.client.get(page).headers["etag"]
    answer = api.client.get(page, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag
    api.client.put(page, content=b"another one")
    assert api.client.get(page, headers={"If-None-Match": etag}).status_code == 200


def test_what_is_known_by_its_time_is_not_sent_again(api: Api, page: str) -> None:
    stored = api.client.get(page).headers["last-modified"]
    known = api.client.get(page, headers={"If-Modified-Since": stored})
    assert (known.status_code, known.content) == (304, b"")
    for other in ("Mon, 01 Jan 2001 00:00:00 GMT", "yesterday"):
        assert api.client.get(page, headers={"If-Modified-Since": other}).content == b"0123456789"
    # A version that is named counts, whatever the time says.
    both = {"If-Modified-Since": stored, "If-None-Match": '"another"'}
    assert api.client.get(page, headers=both).status_code == 200


@pytest.mark.parametrize(
    "name", ["page.html", "image.svg", "page.xhtml", "script.js", "feed.xml", "page.HTM"]
)
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-3"}])
def test_no_kind_of_page_runs_in_our_origin(api: Api, name: str, headers: dict[str, str]) -> None:
    folder, run_id = uuid.uuid4().hex, api.new_run()
    script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    assert api.client.put(f"{FILES}/{folder}/{name}", content=script).status_code == 200
    upload = {"run_uuid": run_id, "path": name}
    added = api.client.post("/ajax-api/2.0/mlflow/upload-artifact", params=upload, content=script)
    assert added.status_code == 200
    for answer in (
        api.client.get(f"{FILES}/{folder}/{name}", headers=headers),
        api.client.get("/get-artifact", params={"run_id": run_id, "path": name}, headers=headers),
    ):
        assert answer.status_code in {200, 206}
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"


def test_an_empty_file_is_sent(api: Api, page: str) -> None:
    api.client.put(page, content=b"")
    answer = api.client.get(page)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


def test_a_missing_file_is_not_found_and_a_directory_is_no_file(api: Api, page: str) -> None:
    api.refused("GET", f"{page}.bak", "RESOURCE_DOES_NOT_EXIST", 404)
    api.refused("GET", f"{page}/below", "RESOURCE_DOES_NOT_EXIST", 404)
    message = api.refused("GET", page.removesuffix("/page.html"), "INVALID_PARAMETER_VALUE")
    assert "directory" in message
    api.refused("GET", f"{FILES}/", "INVALID_PARAMETER_VALUE")
    assert api.client.head(f"{page}.bak").status_code == 404
