"""Kubernetes' own schemas, strict: an unknown field is refused. Custom resources have schemas of ours."""

import json
import re
from functools import cache
from typing import Any, Final

import jsonschema_rs

from tests.charts.rendering import Object, tools


def _closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _resource(**spec: Any) -> dict[str, Any]:
    named = {"type": "object", "required": ["name", "namespace", "labels"]}
    text = {"type": "string"}
    whole = _closed(apiVersion=text, kind=text, metadata=named, spec=_closed(**spec))
    return whole | {"required": ["apiVersion", "kind", "metadata", "spec"]}


_LIST: Final = {"type": "array", "minItems": 1, "items": {"type": "object"}}
_COUNT: Final = {"type": "integer", "minimum": 0}
_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "object", "additionalProperties": _TEXT}

# The parts of these that the chart may use, as their projects describe them.
CUSTOM: Final = {
    "gateway.networking.k8s.io/v1/HTTPRoute": _resource(
        parentRefs=_LIST,
        hostnames={"type": "array", "items": _TEXT},
        rules={
            "type": "array",
            "minItems": 1,
            "items": _closed(
                matches={"type": "array", "items": _closed(path=_closed(type=_TEXT, value=_TEXT))},
                backendRefs={"type": "array", "items": _closed(name=_TEXT, port={"type": "integer"})},
            ),
        },
    ),
    "keda.sh/v1alpha1/ScaledObject": _resource(
        scaleTargetRef=_closed(apiVersion=_TEXT, kind=_TEXT, name=_TEXT),
        minReplicaCount=_COUNT,
        maxReplicaCount=_COUNT,
        advanced={"type": "object"},
        triggers={
            "type": "array",
            "minItems": 1,
            # Every value of a trigger's metadata is a text, numbers too.
            "items": _closed(type=_TEXT, metricType=_TEXT, metadata=_TEXTS) | {"required": ["type"]},
        },
    ),
    "monitoring.coreos.com/v1/PodMonitor": _resource(
        selector=_closed(matchLabels=_TEXTS, matchExpressions=_LIST),
        podMetricsEndpoints={"type": "array", "items": _closed(port=_TEXT, path=_TEXT, interval=_TEXT)},
    ),
    "monitoring.coreos.com/v1/PrometheusRule": _resource(
        groups={"type": "array", "minItems": 1, "items": _closed(name=_TEXT, interval=_TEXT, rules=_LIST)},
    ),
    "monitoring.coreos.com/v1/ServiceMonitor": _resource(
        selector=_closed(matchLabels=_TEXTS, matchExpressions=_LIST),
        endpoints={"type": "array", "items": _closed(port=_TEXT, path=_TEXT, interval=_TEXT)},
    ),
}

_GROUP: Final = re.compile(r"^([^./]*)(?:\.[^/]*)?/")


@cache
def _definitions(version: str) -> jsonschema_rs.Registry:
    folder = tools() / "schemas" / f"v{version}-local-strict"
    text = json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))
    return jsonschema_rs.Registry([("https://kubernetes.io/api/_definitions.json", text)])


@cache
def _validator(api: str, kind: str, version: str) -> jsonschema_rs.Validator:
    if custom := CUSTOM.get(f"{api}/{kind}"):
        return jsonschema_rs.validator_for(custom)
    folder = tools() / "schemas" / f"v{version}-local-strict"
    # `rbac.authorization.k8s.io/v1` is `rbac-v1`.
    file = folder / f"{kind.lower()}-{_GROUP.sub(lambda found: f'{found[1]}-', api)}.json"
    schema = json.loads(file.read_text(encoding="utf-8"))
    return jsonschema_rs.validator_for(schema, registry=_definitions(version))


def violations(found: Object, version: str) -> list[str]:
    """Return what a version of Kubernetes would refuse of an object."""
    errors = _validator(found["apiVersion"], found["kind"], version).iter_errors(found)
    return [f"{'.'.join(map(str, error.instance_path))}: {error.message}" for error in errors]
