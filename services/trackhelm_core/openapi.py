"""The OpenAPI document of a process: FastAPI's, completed with the schemas of our answers."""

from typing import Any

from fastapi import FastAPI

from trackhelm_core.wire.replies import JSON_MEDIA_TYPE, ErrorReply, schema_of


def _move_definitions(document: dict[str, Any]) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for path in document["paths"].values():
        for operation in path.values():
            for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                for content in part.get("content", {}).values():
                    for name, schema in content["schema"].pop("$defs", {}).items():
                        # Two of one name would each be described as the other somewhere.
                        assert schemas.setdefault(name, schema) == schema, f"two schemas are named {name}"


def _state_failures(document: dict[str, Any]) -> None:
    failure = {
        "description": "Failure, in MLflow's form",
        "content": {JSON_MEDIA_TYPE: {"schema": schema_of(ErrorReply)}},
    }
    for path in document["paths"].values():
        for operation in path.values():
            # FastAPI documents its own form of a 422, which is never answered.
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = failure


def install_openapi(app: FastAPI) -> None:
    """Make the application answer `/openapi.json` with the complete document."""
    standard = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = standard()
            _state_failures(document)
            _move_definitions(document)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = complete  # type: ignore[method-assign]  # FastAPI's documented extension point
