"""Endpoints of Trackhelm's own API for the keys and values that runs have."""

from collections.abc import Collection

from fastapi import APIRouter, Response

from trackhelm_core.access import Need, needs
from trackhelm_core.runtime import RuntimeDep
from trackhelm_core.wire.replies import documented, reply
from trackhelm_core.wire.routes import WireRoute
from trackhelm_query.keys import logic, schemas
from trackhelm_query.keys.logic import FoundKeys, KeySearch
from trackhelm_query.keys.store import KeyKind

router = APIRouter(prefix="/trackhelm/keys", route_class=WireRoute)


@router.post("/search", **documented(schemas.FoundKeysReply))
@needs(Need.READ)
async def search_keys(body: schemas.SearchKeys, runtime: RuntimeDep) -> Response:
    """Get the keys of metrics, params and tags that runs of experiments have, and how many runs have each.

    Metrics that were logged before the request are taken into account.
    """
    kinds = body.kinds or tuple(KeyKind)
    asked = KeySearch(body.text, body.max_results, body.counts)

    def search() -> tuple[dict[KeyKind, FoundKeys], Collection[str]]:
        with runtime.database.reading() as session:
            found = logic.search_keys(session, body.experiment_ids, kinds, asked)
        return found, ()

    def answer(found: dict[KeyKind, FoundKeys]) -> Response:
        return reply(schemas.keys_message(found))

    return await runtime.reads.search(search, answer, by_metrics=KeyKind.METRIC in kinds)


@router.post("/values", **documented(schemas.FoundValuesReply))
@needs(Need.READ)
def search_values(body: schemas.SearchValues, runtime: RuntimeDep) -> Response:
    """Get the values that runs of experiments have for a param or a tag, the most frequent first."""
    with runtime.database.reading() as session:
        found = logic.search_values(
            session, body.experiment_ids, (KeyKind(body.kind), body.key), body.text, body.max_results
        )
    return reply(schemas.values_message(found))
