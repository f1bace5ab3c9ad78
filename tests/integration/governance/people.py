"""The governance endpoints in short, called by one actor or another."""

import re
from typing import Any

from tests.fixtures.api import API, Api

OWN = "/api/2.0/trackhelm"
STAGE = "model-versions/transition-stage"
ALIAS = "registered-models/alias"


class People:
    """Calls endpoints as somebody; None is who sends no credentials."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def call(
        self, who: str | None, method: str, path: str, expected: int = 200, /, **message: Any
    ) -> dict[str, Any]:
        """Send a message as an actor and return the answer."""
        url = path if path.startswith("/") else f"{API}/{path}"
        given = {"params": message} if method == "GET" else {"json": message}
        auth = None if who is None else (who, "secret")
        response = self.api.client.request(method, url, auth=auth, **given)  # type: ignore[arg-type]
        assert response.status_code == expected, f"{method} {path}: {response.status_code} {response.text}"
        answer: dict[str, Any] = response.json()
        return answer

    def held(self, who: str | None, method: str, path: str, /, **message: Any) -> int:
        """Send a move that must become a request, and return the request's id."""
        answer = self.call(who, method, path, 403, **message)
        assert answer["error_code"] == "PERMISSION_DENIED"
        found = re.search(r"approval request (\d+)", answer["message"])
        assert found, answer
        return int(found[1])

    def protect(self, name: str, kind: str, target: str) -> None:
        """Protect a stage or an alias."""
        self.call("owner", "POST", f"{OWN}/protections/set", name=name, kind=kind, target=target)

    def decide(
        self, who: str | None, what: str, request: int, expected: int = 200, /, **message: Any
    ) -> dict[str, Any]:
        """Approve, reject or withdraw a request."""
        return self.call(who, "POST", f"{OWN}/approvals/{what}", expected, id=request, **message)

    def request(self, request: int) -> dict[str, Any]:
        """Return a request."""
        found: dict[str, Any] = self.api.get(f"{OWN}/approvals/get", id=request)["request"]
        return found

    def requests(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return the requests that fulfil a filter."""
        found: list[dict[str, Any]] = self.api.get(f"{OWN}/approvals/list", **wanted).get("requests", [])
        return found

    def stages(self, name: str) -> dict[str, str]:
        """Return the stage of each version of a model."""
        found = self.api.get("model-versions/search", filter=f"name = '{name}'").get("model_versions", [])
        return {version["version"]: version["current_stage"] for version in found}

    def aliases(self, name: str) -> dict[str, str]:
        """Return what each alias of a model points to."""
        model = self.api.get("registered-models/get", name=name)["registered_model"]
        return {alias["alias"]: alias["version"] for alias in model.get("aliases", [])}

    def move(self, name: str, version: str, stage: str, **message: Any) -> None:
        """Move a version that nothing protects."""
        self.api.post(STAGE, name=name, version=version, stage=stage, **message)

    def point(self, name: str, alias: str, version: str) -> None:
        """Set an alias that nothing protects."""
        self.api.post(ALIAS, name=name, alias=alias, version=version)
