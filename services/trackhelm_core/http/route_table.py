"""Which service answers which path: the one table from which every gateway is derived.

It has no methods: a service refuses those that it does not have. A unit test compares the table with the
routes of the services, so that an endpoint that is missing here cannot be merged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from trackhelm_core.runtime import AJAX_2, API_2, API_3, ROOT
from trackhelm_core.wire.requests import ANY_PATH


@dataclass(frozen=True, slots=True)
class Routes:
    """Paths of one service below each of several prefixes.

    `{name}` is one segment; `{name:path}` and `ANY_PATH` are any number of segments.
    """

    service: str
    paths: tuple[str, ...]
    prefixes: tuple[str, ...] = API_2


def _below(folder: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}" for name in names)


ROUTE_TABLE: Final = (
    Routes(
        "ingest",
        (
            *_below("/mlflow/experiments", "create", "delete", "restore", "update"),
            *_below("/mlflow/experiments", "set-experiment-tag", "delete-experiment-tag"),
            *_below("/mlflow/runs", "create", "update", "delete", "restore"),
            *_below("/mlflow/runs", "log-parameter", "set-tag", "delete-tag", "log-model"),
            *_below("/mlflow/runs", "log-metric", "log-batch", "log-inputs", "outputs"),
            *_below("/trackhelm", "metrics", "server-info", "runs/create"),
        ),
    ),
    Routes(
        "query",
        (
            *_below("/mlflow/experiments", "get", "get-by-name", "search"),
            *_below("/mlflow/runs", "get", "search"),
            *_below("/mlflow/metrics", "get-history", "get-history-bulk-interval"),
            "/trackhelm/charts/buckets",
            *_below("/trackhelm/series", "list", "history"),
            *_below("/trackhelm/keys", "search", "values"),
            *_below("/trackhelm/runs", "table", "csv", "count", "groups"),
            *_below("/trackhelm/views", "create", "update", "delete", "list", "get"),
        ),
    ),
    Routes("query", ("/mlflow/metrics/get-history-bulk", "/mlflow/experiments/search-datasets"), AJAX_2),
    Routes(
        "artifact",
        (
            "/mlflow-artifacts/artifacts",
            f"/mlflow-artifacts/artifacts/{ANY_PATH}",
            *_below(
                "/mlflow-artifacts/mpu", *(f"{step}/{ANY_PATH}" for step in ("create", "complete", "abort"))
            ),
            f"/mlflow-artifacts/presigned/{ANY_PATH}",
            *_below("/mlflow/artifacts", "list", "presigned-upload-url", "presigned-download-url"),
            *_below("/mlflow/logged-models/{model_id}/artifacts", "directories", "files"),
            "/trackhelm/artifacts/archive",
        ),
    ),
    Routes("artifact", ("/mlflow/upload-artifact",), AJAX_2),
    Routes("artifact", ("/mlflow/server-info",), API_3),
    Routes("artifact", ("/get-artifact", "/model-versions/get-artifact"), ROOT),
    Routes(
        "registry",
        (
            *_below("/mlflow/registered-models", "create", "get", "rename", "update", "delete", "search"),
            *_below("/mlflow/registered-models", "get-latest-versions", "set-tag", "delete-tag", "alias"),
            *_below("/mlflow/model-versions", "create", "get", "get-download-uri", "search"),
            *_below("/mlflow/model-versions", "transition-stage", "update", "delete"),
            *_below("/mlflow/model-versions", "set-tag", "delete-tag"),
            "/mlflow/logged-models",
            "/mlflow/logged-models/search",
            "/mlflow/logged-models/{model_id}",
            *_below("/mlflow/logged-models/{model_id}", "params", "tags", "tags/{key:path}"),
            *_below("/trackhelm/audit", "events", "stages"),
            *_below("/trackhelm/protections", "list", "set", "lift"),
            *_below("/trackhelm/approvals", "list", "get", "approve", "reject", "withdraw"),
            *_below("/trackhelm/rollbacks", "alias", "stage"),
            "/trackhelm/lineage/graph",
            "/mlflow/webhooks",
            *_below("/mlflow/webhooks/{webhook_id}", "test"),
            "/mlflow/webhooks/{webhook_id}",
            "/trackhelm/webhooks",
            "/trackhelm/webhooks/{webhook_id}/deliveries",
            "/trackhelm/webhooks/{webhook_id}/deliveries/{delivery_id}/resend",
        ),
    ),
    Routes(
        "identity",
        (
            *_below("/mlflow/users", "create", "get", "current", "list", "delete"),
            *_below("/mlflow/users", "update-password", "update-admin"),
            "/trackhelm/logins",
            *_below("/trackhelm/oidc", "begin", "callback"),
            *_below("/trackhelm/devices", "begin", "poll", "get", "approve", "deny"),
            *_below("/trackhelm/sessions", "create", "list", "revoke", "end"),
            *_below("/trackhelm/tokens", "create", "list", "revoke"),
            *_below("/trackhelm/grants", "list"),
            *_below("/trackhelm/service-accounts", "create", "list", "delete"),
            *_below("/trackhelm/workspaces", "usage", "quotas"),
            *_below("/trackhelm/kubernetes-bindings", "create", "list", "delete"),
            *_below("/mlflow/experiments/permissions", "create", "get", "update", "delete"),
            *_below("/mlflow/registered-models/permissions", "create", "get", "update", "delete"),
        ),
    ),
    Routes(
        "identity",
        (
            *_below("/mlflow/roles", "create", "get", "list", "update", "delete", "assign", "unassign"),
            *_below("/mlflow/roles/permissions", "add", "update", "remove", "list"),
            "/mlflow/roles/users/list",
            *_below("/mlflow/users", "roles/list", "current/permissions"),
            *_below("/mlflow/users/permissions", "list", "grant", "revoke", "get"),
            "/mlflow/workspaces",
            "/mlflow/workspaces/{name}",
            "/mlflow/workspaces/{name}/permissions",
            "/mlflow/workspace-permissions",
        ),
        API_3,
    ),
)

SERVICE_NAMES: Final = tuple(dict.fromkeys(routes.service for routes in ROUTE_TABLE))
"""Every service that answers requests, each once."""


def all_routes() -> Iterator[tuple[str, str]]:
    """Yield the pattern of each path, including its prefix, with its service."""
    for routes in ROUTE_TABLE:
        for prefix in routes.prefixes:
            for path in routes.paths:
                yield prefix + path, routes.service
