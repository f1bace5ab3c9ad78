"""Values that are refused: unknown ones by the schema, combinations by a sentence that says what to do."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from tests.charts.rendering import CHART, HELMS, RefusedError, render

SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))

Path = tuple[str, ...]


def closed_sections(schema: dict[str, Any], path: Path = ()) -> Iterator[Path]:
    """Yield the path of each section whose keys are all known."""
    if schema.get("additionalProperties") is False:
        yield path
    for name, inner in schema.get("properties", {}).items():
        yield from closed_sections(inner, (*path, name))
    if isinstance(schema.get("additionalProperties"), dict):
        yield from closed_sections(schema["additionalProperties"], (*path, "any"))


def every_schema(schema: dict[str, Any], path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    for name, inner in schema.get("properties", {}).items():
        yield (*path, name), inner
        yield from every_schema(inner, (*path, name))


def nested(path: Path, innermost: Any) -> Any:
    for name in reversed(path):
        innermost = {name: innermost}
    return innermost


def test_an_unknown_key_is_refused_at_any_depth() -> None:
    validator = jsonschema_rs.validator_for(SCHEMA)
    sections = list(closed_sections(SCHEMA))
    assert len(sections) > 80
    assert ("workers", "any", "autoscaling") in sections
    for path in sections:
        assert validator.is_valid(nested(path, {})), path
        assert not validator.is_valid(nested(path, {"unknwon": 1})), path


def test_every_value_has_a_sentence_and_a_type() -> None:
    for path, schema in every_schema(SCHEMA):
        assert schema["description"].endswith("."), path
        assert "type" in schema, path


@pytest.mark.parametrize("program", HELMS)
@pytest.mark.parametrize(
    "values",
    [
        {"ingset": {}},
        {"ingest": {"autoscaling": {"minimum": 1}}},
        {"workers": {"metrics": {"queue": ["metrics"]}}},
        {"workers": {"metrics": {"queues": ["metric"]}}},
        {"settings": {"LOG_LEVLE": "debug"}},
        {"settings": {"DATABASE_URL": "postgresql://somewhere"}},
        {"settings": {"OIDC_CLIENT_SECRET": "hunter2"}},
        {"settings": {"SECRET_KEY": "hunter2"}},
        {"ingest": {"extraEnv": {"TRACKHELM_LOG_LEVEL": "debug"}}},
        {"image": {"digest": "sha256:short"}},
        {"query": {"replicas": "two"}},
        {"beat": {"replicas": 2}},
    ],
    ids=json.dumps,
)
def test_helm_refuses_what_the_schema_does_not_know(values: dict[str, Any], program: str) -> None:
    with pytest.raises(RefusedError, match="values don't meet the specifications of the schema"):
        render(values, program=program)


INGRESS = {"enabled": True, "hosts": ["trackhelm.example.com"]}
ROUTE = {"enabled": True, "parentRefs": [{"name": "public"}]}

# Values over those of evaluation, and what is said: the value, why, what to do.
REFUSED: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    (
        {"ingress": INGRESS, "httpRoute": ROUTE},
        ("ingress.enabled and httpRoute.enabled", "two ways in", "Set one of them to false."),
    ),
    ({"ingress": {"enabled": True}}, ("ingress.hosts is empty", "every name", "Name the host")),
    (
        {"httpRoute": {"enabled": True}},
        ("httpRoute.parentRefs is empty", "receives nothing", "Name the Gateway"),
    ),
    (
        {"ingress": INGRESS | {"path": "/ml"}},
        ('ingress.path is "/ml" and settings.PATH_PREFIX is "/"', "404", "Give both the same value."),
    ),
    (
        {"httpRoute": ROUTE, "settings": {"PATH_PREFIX": "/ml"}},
        ('httpRoute.path is "/" and settings.PATH_PREFIX is "/ml"', "404", "Give both the same value."),
    ),
    (
        {"postgres": {"bundled": {"enabled": False}}},
        ("postgres.bundled.enabled is false", "nowhere to store", "Set postgres.existingSecret"),
    ),
    (
        {"redis": {"bundled": {"enabled": False}}},
        ("redis.bundled.enabled is false", "nowhere to store", "Set redis.existingSecret"),
    ),
    (
        {"objectStore": {"bundled": {"enabled": False}}},
        ("objectStore.bundled.enabled is false", "nowhere to store", "Set objectStore.url"),
    ),
    (
        {"objectStore": {"existingSecret": "keys"}},
        ("objectStore.existingSecret is set without", "of no store", "Set objectStore.url"),
    ),
    (
        {"migrate": {"hook": "helm"}},
        ('migrate.hook is "helm"', "installed after it", "Set migrate.hook to none"),
    ),
    (
        {"workers": {"upkeep": None}},
        ("No worker of workers has the queue upkeep", "wait for ever", "Add it to a worker's queues."),
    ),
    (
        {"query": {"autoscaling": {"by": "hpa", "min": 4, "max": 3}}},
        (
            "query.autoscaling.max (3) is less than autoscaling.min (4)",
            "refuse it",
            "Raise max or lower min.",
        ),
    ),
    (
        {"query": {"autoscaling": {"by": "hpa", "min": 0}}},
        ("query.autoscaling.min is 0", "needs one pod to measure", "autoscaling.by to keda"),
    ),
    (
        {"workers": {"metrics": {"autoscaling": {"by": "hpa", "cpuPercent": 0}}}},
        ("workers.metrics.autoscaling has neither", "nothing to measure", "Set one of them."),
    ),
    (
        {"query": {"autoscaling": {"by": "keda"}}},
        ("query.autoscaling.by is keda without a trigger", "refuse it", "Name one"),
    ),
    (
        {"workers": {"metrics": {"autoscaling": {"by": "keda"}}}},
        ("workers.metrics.autoscaling.by is keda and", "could not read", "Name KEDA's namespace"),
    ),
    (
        {"artifact": {"stop": {"drainSeconds": 20}}},
        ("artifact.stop.graceSeconds (30)", "(35)", "would be cut off", "Raise graceSeconds"),
    ),
    (
        {"mode": "embedded", "embedded": {"stop": {"graceSeconds": 10}}},
        ("embedded.stop.graceSeconds (10)", "would be cut off", "Raise graceSeconds"),
    ),
    (
        {"component": {"serviceAccount": {"name": "tracking"}}},
        ('component.serviceAccount.name is "tracking"', "refuse the second", "Set create to false"),
    ),
    *(
        (
            way,
            (
                f"settings.AUTH is off and {said}",
                "could read, change and delete everything",
                "Set settings.AUTH",
            ),
        )
        for way, said in (
            ({"ingress": INGRESS}, "ingress.enabled is true"),
            ({"httpRoute": ROUTE}, "httpRoute.enabled is true"),
            ({"gateway": {"service": {"type": "LoadBalancer"}}}, "gateway.service.type is LoadBalancer"),
            (
                {"gateway": {"service": {"type": "NodePort"}}, "settings": {"AUTH": "off"}},
                "gateway.service.type",
            ),
            ({"mode": "embedded", "ingress": INGRESS}, "ingress.enabled is true"),
        )
    ),
    (
        {"settings": {"AUTH": "on", "OIDC_ISSUER": "http://login.example.com"}},
        ('settings.OIDC_ISSUER is "http://login.example.com"', "log in as anybody", "with https"),
    ),
    (
        {"settings": {"AUTH": "on"}},
        ("settings.AUTH is on, and neither", "nobody could log in", "Name a Secret"),
    ),
    (
        {"settings": {"AUTH": "on", "OIDC_ISSUER": "https://login.example.com"}},
        ("without auth.oidc.existingSecret", "that it is itself", "Name the Secret"),
    ),
    (
        {"settings": {"AUTH": "on", "OIDC_ISSUER": "https://login.example.com", "PUBLIC_URL": "http://t"}},
        ('settings.PUBLIC_URL is "http://t"', "send people back", "with https"),
    ),
    (
        {"settings": {"AUTH": "proxy", "OIDC_ISSUER": "https://login.example.com"}},
        ("settings.AUTH is proxy", "nobody would log in", 'Set settings.AUTH to "on"'),
    ),
    (
        {"settings": {"AUTH": "proxy", "TRUSTED_PROXIES": "10.0.0.0/8, 0.0.0.0/0"}},
        ("settings.TRUSTED_PROXIES", "is everybody", "Name the networks"),
    ),
    (
        {"settings": {"AUTH": "proxy", "TRUSTED_PROXIES": "::/0"}},
        ("settings.TRUSTED_PROXIES", "is everybody", "Name the networks"),
    ),
    (
        {"settings": {"KUBERNETES_ISSUER": "https://cluster", "KUBERNETES_AUDIENCE": ""}},
        ('settings.KUBERNETES_AUDIENCE is ""', "default token of every pod", "Name an audience"),
    ),
    (
        {"settings": {"KUBERNETES_ISSUER": "https://cluster", "KUBERNETES_AUDIENCE": "https://cluster"}},
        ("settings.KUBERNETES_AUDIENCE", "default token of every pod", "Name an audience"),
    ),
    (
        {
            "ingress": INGRESS,
            "auth": {"allowUnauthenticated": True},
            "settings": {"ALLOWED_HOSTS": "another.example.com"},
        },
        ('ingress leads to "trackhelm.example.com"', "answered with 403", "Add it there."),
    ),
]


@pytest.mark.parametrize(("values", "says"), REFUSED, ids=[says[0] for _, says in REFUSED])
def test_a_combination_is_refused_by_a_sentence(values: dict[str, Any], says: tuple[str, ...]) -> None:
    with pytest.raises(RefusedError) as refused:
        render(values)
    for words in says:
        assert words in refused.value.said


def test_everything_that_is_wrong_is_said_at_once() -> None:
    values = copy.deepcopy(REFUSED[0][0]) | REFUSED[5][0] | REFUSED[10][0]
    with pytest.raises(RefusedError) as refused:
        render(values, program="helm3")
    for case in (0, 5, 10):
        assert REFUSED[case][1][0] in refused.value.said
