import base64
import json
import math
from pathlib import Path

import pytest

from client.tests.unit.scripted_server import ScriptedServer, Told
from trackhelm.exceptions import MlflowException, RestException, ServerAwayException
from trackhelm.rest.transport import Transport

BUSY = Told(503, b'{"error_code": "TEMPORARILY_UNAVAILABLE", "message": "wait"}', {"Retry-After": "0"})


def test_a_call_sends_json_and_returns_the_object_that_is_answered() -> None:
    with ScriptedServer(Told(body=b'{"run": {"a": 1}}')) as server:
        answer = Transport(server.url).post("runs/create", {"experiment_id": "0", "run_name": None})
    assert answer == {"run": {"a": 1}}
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/api/2.0/mlflow/runs/create")
    assert json.loads(asked.body) == {"experiment_id": "0"}
    assert asked.headers["Content-Type"] == "application/json"


def test_a_query_repeats_lists_and_leaves_out_what_is_none() -> None:
    with ScriptedServer() as server:
        Transport(server.url + "/prefix").get(
            "things", {"order_by": ["a b", "c"], "page_token": None, "n": 1}
        )
    assert server.asked[0].path == "/prefix/api/2.0/mlflow/things?order_by=a+b&order_by=c&n=1"


def test_numbers_that_json_does_not_have_are_sent_as_texts() -> None:
    with ScriptedServer() as server:
        Transport(server.url).post(
            "x", {"metrics": [{"value": math.nan}, {"value": math.inf}, {"value": -math.inf}]}
        )
    values = [metric["value"] for metric in json.loads(server.asked[0].body)["metrics"]]
    assert values == ["NaN", "Infinity", "-Infinity"]


def test_calls_share_one_connection() -> None:
    with ScriptedServer() as server:
        transport = Transport(server.url)
        for _ in range(5):
            transport.get("x")
        assert server.connections == 1


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again() -> None:
    with ScriptedServer(Told(close=True), Told(body=b'{"n": 2}')) as server:
        transport = Transport(server.url)
        transport.get("x")
        assert transport.get("x", retries=0) == {"n": 2}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with ScriptedServer(Told(status, b"{}", {"Retry-After": "0"}), Told(body=b'{"ok": true}')) as server:
        assert Transport(server.url).post("x", {}) == {"ok": True}
        assert len(server.asked) == 2


def test_tries_end() -> None:
    with ScriptedServer(BUSY) as server:
        with pytest.raises(RestException, match="TEMPORARILY_UNAVAILABLE: wait"):
            Transport(server.url).post("x", {}, retries=3)
        assert len(server.asked) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 501])
def test_what_stays_is_not_tried_again(status: int) -> None:
    told = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no run"}
    with ScriptedServer(Told(status, json.dumps(told).encode())) as server:
        with pytest.raises(RestException) as refused:
            Transport(server.url).get("runs/get")
        assert len(server.asked) == 1
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    assert refused.value.json == told
    assert str(refused.value) == "RESOURCE_DOES_NOT_EXIST: no run"


def test_an_answer_that_is_no_json_is_told_with_its_status() -> None:
    with (
        ScriptedServer(Told(404, b"<html>nginx</html>")) as server,
        pytest.raises(MlflowException, match=r"404 != 200.*nginx") as refused,
    ):
        Transport(server.url).get("x")
    assert refused.value.error_code == "ENDPOINT_NOT_FOUND"


def test_a_success_that_is_no_json_is_refused() -> None:
    with (
        ScriptedServer(Told(200, b"<html>a login page</html>")) as server,
        pytest.raises(MlflowException, match=r"not in a valid JSON format.*login page"),
    ):
        Transport(server.url).get("x")


def test_a_server_that_is_not_there_is_told_as_away() -> None:
    with ScriptedServer() as server:
        url = server.url
    with pytest.raises(ServerAwayException, match=f"API request to {url}"):
        Transport(url).get("x", retries=1)


@pytest.mark.parametrize("uri", ["ftp://host", "host:5000", "http://"])
def test_a_uri_of_no_server_is_refused(uri: str) -> None:
    with pytest.raises(MlflowException, match="no address of a server"):
        Transport(uri)


def authorization(monkeypatch: pytest.MonkeyPatch, userinfo: str = "", **variables: str) -> str | None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with ScriptedServer() as server:
        Transport(server.url.replace("//", f"//{userinfo}")).get("x")
    return server.asked[0].headers.get("Authorization")


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_without_credentials_none_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    assert authorization(monkeypatch) is None


@pytest.mark.parametrize("prefix", ["MLFLOW", "TRACKHELM"])
def test_user_and_password_are_read_from_variables(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {f"{prefix}_TRACKING_USERNAME": "ada", f"{prefix}_TRACKING_PASSWORD": "pa:ss"}
    assert authorization(monkeypatch, **told) == basic("ada", "pa:ss")


def test_a_token_is_read_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    assert authorization(monkeypatch, MLFLOW_TRACKING_TOKEN="t0ken") == "Bearer t0ken"


def test_user_and_password_go_before_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"MLFLOW_TRACKING_USERNAME": "a", "MLFLOW_TRACKING_PASSWORD": "b", "MLFLOW_TRACKING_TOKEN": "t"}
    assert authorization(monkeypatch, **told) == basic("a", "b")


def test_credentials_are_read_from_mlflows_file(monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path.home() / ".mlflow" / "credentials"
    file.parent.mkdir()
    file.write_text("[mlflow]\nmlflow_tracking_username = eve\nmlflow_tracking_password = 50%off\n")
    assert authorization(monkeypatch) == basic("eve", "50%off")
    assert authorization(monkeypatch, MLFLOW_TRACKING_USERNAME="ada") == basic("ada", "50%off")


def test_credentials_may_stand_in_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    assert authorization(monkeypatch, "bob:s%40fe@") == basic("bob", "s@fe")


def test_netrc_is_read_last(monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path.home() / ".netrc"
    file.write_text("machine 127.0.0.1 login net password rc\n")
    file.chmod(0o600)
    assert authorization(monkeypatch) == basic("net", "rc")
    assert authorization(monkeypatch, "bob:safe@") == basic("bob", "safe")


def test_credentials_are_not_sent_to_other_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken")
    with ScriptedServer() as server, ScriptedServer() as store:
        Transport(server.url).send("GET", f"{store.url}/bucket/key").read()
    assert "Authorization" not in store.asked[0].headers


def test_a_body_that_is_a_stream_is_opened_for_each_try(tmp_path: Path) -> None:
    file = tmp_path / "big"
    file.write_bytes(b"x" * 100_000)
    with ScriptedServer(BUSY, Told()) as server:
        headers = {"Content-Length": "100000"}
        answer = Transport(server.url).send("PUT", f"{server.url}/f", headers, lambda: file.open("rb"))
        answer.read()
    assert [len(asked.body) for asked in server.asked] == [100_000, 100_000]


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(Told(body=b'{"by": "proxy"}')) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "elsewhere.example")
        assert Transport("http://tracking.example:81").get("x") == {"by": "proxy"}
    assert proxy.asked[0].path == "http://tracking.example:81/api/2.0/mlflow/x"


def test_tls_is_not_both_checked_and_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", "/ca.pem")
    with pytest.raises(MlflowException, match="must not be set"):
        Transport("https://127.0.0.1:1").get("x", retries=0)
