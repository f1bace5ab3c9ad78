"""The requests about a model of very many versions, and about its audit trail."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from bench.cases import Answers, Case
from bench.client import API, Client
from bench.registry_tables import BIG, START

EVENTS: Final = "/api/2.0/trackhelm/audit/events"
PAGE: Final = 100

_BAR: Final = 1
"""The aim here is a time and not a ratio."""


def cases(versions: int) -> list[Case]:
    """Return the requests to both systems."""
    middle = versions // 2
    of_big = f"name = '{BIG}'"
    return [
        _search(f"versions of the model, page of {PAGE}", of_big),
        _search("the same, its 20th page", of_big, pages=20),
        _search("the same, by number", of_big, order_by="version_number DESC"),
        _search("the same, a tag of 1 in 1,000", f"{of_big} AND tags.checked = 'yes'"),
        _search("the same, a tag of 1 in 7", f"{of_big} AND tags.team = 'team 3'"),
        _search("versions of a run", f"run_id = '{middle // 4:032x}'"),
        _search(f"versions of all models, page of {PAGE}", ""),
        _get("get a version", "model-versions/get", "model_version", name=BIG, version=middle),
        _get(
            "get a version by alias", "registered-models/alias", "model_version", name=BIG, alias="champion"
        ),
        _get("get the model", "registered-models/get", "registered_model", name=BIG),
        _get("latest versions", "registered-models/get-latest-versions", "model_versions", name=BIG),
        _get(f"models, page of {PAGE}", "registered-models/search", "registered_models", max_results=PAGE),
    ]


@dataclass(frozen=True, slots=True)
class OwnCase:
    """A request to Trackhelm alone."""

    name: str
    run: Callable[[Client], Any]


def audit_cases(versions: int) -> list[OwnCase]:
    """Return the requests for pages of the audit trail."""
    middle = START + versions // 2
    return [
        _events(f"events, page of {PAGE}"),
        _events("events, its 20th page", pages=20),
        _events("events of the model", model_name=BIG),
        _events("events of the oldest version", model_name=BIG, entity_version=1),
        _events("events of an actor", actor="user 3"),
        _events("events of a kind", action="stage_changed"),
        _events(
            "events of a kind by an actor of the model",
            action="stage_changed",
            actor="user 0",
            model_name=BIG,
        ),
        _events("events of a time long ago", since=START + 100, until=START + 1_100),
        _events("events of the model until then", model_name=BIG, until=middle),
        _events("events of an actor who did nothing", actor="nobody"),
    ]


def _search(name: str, filter_text: str, *, order_by: str = "", pages: int = 1) -> Case:
    query = {"filter": filter_text, "max_results": PAGE} | ({"order_by": order_by} if order_by else {})
    path = f"{API}/model-versions/search?{urlencode(query)}"
    return Case(name, _BAR, is_long=False, run=_paged(path, pages), content=_content("model_versions"))


def _get(name: str, path: str, field: str, /, **query: object) -> Case:
    content = _content(field, is_unordered=field == "model_versions")
    return Case(
        name,
        _BAR,
        is_long=False,
        run=_paged(f"{API}/{path}?{urlencode(query)}", 1),
        content=content,
    )


def _events(name: str, *, pages: int = 1, **query: object) -> OwnCase:
    return OwnCase(name, _paged(f"{EVENTS}?{urlencode(query | {'max_results': PAGE})}", pages))


def _paged(path: str, pages: int) -> Callable[[Client], Answers]:
    """Return the request for a page; the first call of each client reads the pages before it once."""
    tokens: dict[int, str] = {}

    def run(client: Client) -> Answers:
        if id(client) not in tokens:
            token = ""
            for _ in range(pages - 1):
                token = json.loads(client.send("GET", path + token))["next_page_token"]
                token = f"&{urlencode({'page_token': token})}"
            tokens[id(client)] = token
        return [client.send("GET", path + tokens[id(client)])]

    return run


def _content(field: str, *, is_unordered: bool = False) -> Callable[[Answers], Any]:
    def content(answers: Answers) -> Any:
        found = json.loads(answers[-1])[field]
        assert found, "what finds nothing measures nothing"
        listed = found if isinstance(found, list) else [found]
        # The latest versions have no defined order.
        return sorted(map(_shared, listed), key=str) if is_unordered else list(map(_shared, listed))

    return content


def _shared(message: dict[str, Any]) -> dict[str, Any]:
    """Return what both systems answer: stock returns latest versions without their aliases."""
    names = ("name", "version", "current_stage", "source", "run_id", "last_updated_timestamp")
    shared = {name: message.get(name, "") for name in names}
    shared["tags"] = sorted((tag["key"], tag["value"]) for tag in message.get("tags", ()))
    latest = message.get("latest_versions", ())
    shared["latest"] = sorted((each["version"], each["current_stage"]) for each in latest)
    return shared
