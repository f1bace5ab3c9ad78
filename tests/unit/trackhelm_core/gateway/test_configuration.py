"""nginx's configuration: a function of settings alone."""

import re
from pathlib import Path

import pytest

from trackhelm_core.gateway.configuration import Gateway, Listening, nginx_configuration
from trackhelm_core.gateway.routing import REST, routing_maps
from trackhelm_core.gateway.static_files import with_built_ui
from trackhelm_core.http import web_ui
from trackhelm_core.http.route_table import SERVICE_NAMES, all_routes
from trackhelm_core.limits import REQUEST_TARGET_BYTES
from trackhelm_core.settings import AuthSettings, GatewaySettings, HttpSettings


def configured(
    http: HttpSettings | None = None,
    services: GatewaySettings | None = None,
    proxies: str = "",
    **listening: object,
) -> str:
    given = {"host": "127.0.0.1", "port": 5000, "folder": Path("/data/gateway"), **listening}
    return nginx_configuration(
        Gateway.of(
            Listening(**given),  # type: ignore[arg-type]
            services or GatewaySettings(),
            http or HttpSettings(),
            AuthSettings(trusted_proxies=proxies),
        )
    )


def map_of(text: str, target: str) -> dict[str, str]:
    """Return a map's keys and values."""
    found = re.search(rf'map "[^"]*" \${target} {{\n(.*?)\n *}}', text, re.DOTALL)
    assert found, target
    entries = [line.strip().removesuffix(";") for line in found[1].splitlines()]
    pairs = [re.fullmatch(r'"?(.*?)"? "([^"]*)"', entry) for entry in entries]
    return {pair[1]: pair[2] for pair in pairs if pair}


def location(text: str, name: str) -> str:
    """Return what is in a location."""
    found = re.search(rf"^( *)location {re.escape(name)} {{\n(.*?)\n\1}}", text, re.DOTALL | re.MULTILINE)
    assert found, name
    return found[2]


def test_each_service_is_an_upstream_that_keeps_connections_and_is_never_given_up() -> None:
    services = GatewaySettings(
        ingest_url="unix:/run/trackhelm/ingest.sock",
        query_url="http://query.internal:81",
        artifact_url="http://[::1]:82",
    )
    text = configured(services=services)
    assert re.findall(r"upstream (\w+) \{\n *server (\S+) max_fails=0;\n *keepalive \d+;", text) == [
        ("ingest", "unix:/run/trackhelm/ingest.sock"),
        ("query", "query.internal:81"),
        ("artifact", "[::1]:82"),
        ("registry", "127.0.0.1:5004"),
        ("identity", "127.0.0.1:5005"),
    ]


def test_every_exact_route_is_in_the_maps_and_every_other_as_a_pattern() -> None:
    for target in ("service", "service_of_decoded"):
        routed = map_of(configured(), target)
        for path, service in all_routes():
            if "{" not in path:
                assert routed.pop(path) == service
        rest = routed.pop("default")
        assert rest == ("$service_of_decoded" if target == "service" else REST)
        assert all(key.startswith("~(?s)^/+") for key in routed)
        assert len(routed) == sum("{" in path for path, _ in all_routes())


@pytest.mark.parametrize("prefix", ["", "/ml/track.helm"])
def test_a_pattern_matches_what_the_routes_match_and_takes_a_prefix_literally(prefix: str) -> None:
    patterns = [
        (key.removeprefix('"~').partition('" "')[0], line)
        for line in routing_maps(prefix, prefixes_are_forwarded=False)
        if (key := line.strip()).startswith('"~(?s)^/+')
    ]
    files = f"{prefix}/api/2.0/mlflow-artifacts/artifacts"

    def services(path: str) -> set[str]:
        return {
            line.rpartition(' "')[2].removesuffix('";')
            for pattern, line in patterns
            if re.search(pattern.removesuffix("$") + r"\Z", path)
        }

    assert services(f"{files}/a/b.txt") == {"artifact"}
    assert services(f"{files}//etc/passwd") == {"artifact"}
    assert services(f"/{files}/../x") == {"artifact"}
    assert services(f"{prefix}/api/2.0/mlflow/logged-models/m-1/tags/a/b") == {"registry"}
    assert services(f"{prefix}/api/2.0/mlflow/logged-models/m-1/unknown") == set()
    assert services(f"{prefix}/api/2x0/mlflow-artifacts/artifacts/a") == set()
    assert services(f"/elsewhere{files}/a") == set()
    if prefix:
        assert services(f"{files}/a".replace("track.helm", "trackxhelm")) == set()


def test_bodies_pass_through_and_nothing_is_sent_twice() -> None:
    text = configured(services=GatewaySettings(gateway_timeout_seconds=1.5))
    for directive in (
        "proxy_request_buffering off;",
        "proxy_buffering off;",
        "proxy_max_temp_file_size 0;",
        "client_max_body_size 0;",
        "proxy_http_version 1.1;",
        "proxy_next_upstream off;",
        "proxy_read_timeout 1500ms;",
        "proxy_send_timeout 1500ms;",
        'proxy_set_header Connection "";',
    ):
        assert directive in text
    (line,) = re.findall(r"large_client_header_buffers \d (\d+);", text)
    assert int(line) >= REQUEST_TARGET_BYTES + len("OPTIONS  HTTP/1.1\r\n")


def test_the_most_frequent_requests_differ_by_the_size_of_buffers_only() -> None:
    text = configured(http=HttpSettings(allowed_hosts="track.example.org"))
    (name,) = re.findall(r"location (~ \S*log-batch\S*) {", text)
    assert re.search(name.removeprefix("~ "), "/team/api/2.0/mlflow/runs/log-batch")
    lines = location(text, name).splitlines()
    assert [line for line in lines if "buffer" not in line] == location(text, "/").splitlines()


def test_a_request_is_passed_on_by_the_address_that_it_came_with() -> None:
    assert "proxy_pass http://$service$request_uri;" in location(configured(), "/")


def test_it_keeps_to_its_folder_and_its_address() -> None:
    text = configured(host="::1", port=81, workers=3, connections=500)
    assert "listen [::1]:81 " in text
    assert 'pid "/data/gateway/nginx.pid";' in text
    assert set(re.findall(r'_temp_path "(/data/gateway)/', text)) == {"/data/gateway"}
    assert "worker_processes 3;" in text
    assert "worker_connections 500;" in text
    assert "listen 81 " in configured(host="", port=81)


@pytest.mark.parametrize("folder", ['/a"b', "/a$b", "/a\\b", "/a\nb"])
def test_a_folder_that_nginx_cannot_name_is_refused(folder: str) -> None:
    with pytest.raises(ValueError, match="nginx cannot name"):
        configured(folder=Path(folder))


def test_headers_of_a_caller_are_trusted_only_behind_another_gateway() -> None:
    alone, behind = configured(), configured(HttpSettings(behind_gateway=True))
    assert 'X-Forwarded-For "$remote_addr";' in alone
    assert 'X-Forwarded-For "$proxy_add_x_forwarded_for";' in behind
    assert 'X-Request-Id "$request_id";' in alone
    assert map_of(behind, "told_request_id")["default"] == "$request_id"
    assert "$http_x_request_id" not in alone
    assert "$http_x_forwarded" not in alone


def test_a_prefix_of_a_proxy_is_looked_for_only_where_proxies_are_trusted() -> None:
    assert "http_x_forwarded_prefix" not in configured()
    assert map_of(configured(proxies="10.0.0.0/8"), "service")["default"] == "$service_of_decoded"
    assert 'map "$inner_sent_path" $service {' in configured(proxies="10.0.0.0/8")


def test_hosts_are_checked_as_a_server_checks_them() -> None:
    assert set(map_of(configured(), "foreign_host")) == {"default", "127.0.0.1", "[::1]", "localhost"}
    assert "foreign_host" not in configured(HttpSettings(allowed_hosts="*"))
    named = configured(HttpSettings(allowed_hosts='ok.example,"; evil'))
    assert set(map_of(named, "foreign_host")) == {"default", "ok.example"}
    assert "evil" not in named


def test_answers_of_the_gateway_can_be_read_by_pages_of_listed_origins() -> None:
    assert "Access-Control" not in configured()
    listing = configured(HttpSettings(cors_origins="https://b.example,http://localhost:5173"))
    origins = map_of(listing, "allowed_origin")
    assert origins == {
        "default": "",
        **{name: name for name in ("https://b.example", "http://localhost:5173")},
    }
    assert map_of(listing, "allowed_credentials")["~."] == "true"
    assert "~." not in map_of(configured(HttpSettings(cors_origins="*")), "allowed_credentials")
    assert "Access-Control-Allow-Origin" in location(listing, "= /.refusal/away")


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("400", 400, "BAD_REQUEST"),
        ("413", 413, "BAD_REQUEST"),
        ("414", 414, "BAD_REQUEST"),
        ("494", 431, "BAD_REQUEST"),
        ("away", 503, "TEMPORARILY_UNAVAILABLE"),
        ("silent", 504, "TEMPORARILY_UNAVAILABLE"),
    ],
)
def test_what_nginx_refuses_is_said_in_mlflows_form(name: str, status: int, code: str) -> None:
    text = configured()
    page = location(text, f"= /.refusal/{name}")
    assert f'return {status} \'{{"error_code":"{code}","message":' in page
    assert ("Retry-After" in page) == (status in {503, 504})
    assert re.search(rf"error_page \d+ = /.refusal/{name};", text)


def test_the_gateway_is_ready_when_every_service_is() -> None:
    text = configured()
    for name in SERVICE_NAMES:
        assert f"proxy_pass http://{name}/ready;" in location(text, f"= /.ready/{name}")
        assert f"auth_request /.ready/{name};" in text


def test_own_paths_are_below_the_prefix_and_at_the_root() -> None:
    text = configured(HttpSettings(path_prefix="/ml"))
    for path in ("/health", "/ready", "/version", "/metrics"):
        for prefix in ("", "/ml"):
            location(text, f"= {prefix}{path}")
    assert map_of(text, "service").keys() >= {"/ml/api/2.0/mlflow/runs/create"}


def test_files_of_the_ui_are_served_only_where_there_is_a_folder() -> None:
    assert "$sibling" not in configured()
    text = configured(services=GatewaySettings(ui_folder=Path("/srv/ui")))
    assert 'root "/srv/ui";' in location(text, "= /")
    assert "try_files /index.html$sibling /index.html @service;" in location(text, "= /")


def test_a_gateway_beside_the_server_serves_the_ui_that_was_built_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_ui, "WEB_UI_FOLDER", tmp_path)
    assert with_built_ui(GatewaySettings()).ui_folder is None
    (tmp_path / "index.html").touch()
    assert with_built_ui(GatewaySettings()).ui_folder == tmp_path
    assert with_built_ui(GatewaySettings(ui_folder=Path("/srv/ui"))).ui_folder == Path("/srv/ui")
