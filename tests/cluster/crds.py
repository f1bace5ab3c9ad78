"""Definitions of the custom resources that the chart may make, with the schemas of `tests/charts`.

Their projects' own are not at hand; an unknown field is refused by these, too.
"""

from typing import Any, Final

from tests.charts.schemas import CUSTOM
from tests.cluster.cluster import Json

_PLURALS: Final = {
    "HTTPRoute": "httproutes",
    "PodMonitor": "podmonitors",
    "PrometheusRule": "prometheusrules",
    "ScaledObject": "scaledobjects",
    "ServiceMonitor": "servicemonitors",
}


def _structural(schema: Any) -> Any:
    """Return a schema as the API server takes it: objects without properties keep what is in them."""
    if not isinstance(schema, dict):
        return schema
    found = {key: _structural(value) for key, value in schema.items() if key != "additionalProperties"}
    if isinstance(schema.get("additionalProperties"), dict):
        found["additionalProperties"] = _structural(schema["additionalProperties"])
    elif schema.get("type") == "object" and "properties" not in schema:
        found["x-kubernetes-preserve-unknown-fields"] = True
    return found


def _definition(name: str, schema: Json) -> Json:
    group, version, kind = name.split("/")
    plural = _PLURALS[kind]
    spec = _structural(schema["properties"]["spec"])
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            # Groups of Kubernetes' own may be defined with its consent alone.
            "annotations": {"api-approved.kubernetes.io": "unapproved, for tests"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
                }
            ],
        },
    }


_CLASS: Final[Json] = {
    "apiVersion": "scheduling.k8s.io/v1",
    "kind": "PriorityClass",
    "metadata": {"name": "tracking"},
    "value": 1000,
}

DEFINITIONS: Final = (_CLASS, *(_definition(name, schema) for name, schema in CUSTOM.items()))
