"""The gateway's table has exactly the routes of the services' own routers."""

import re

import pytest
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from trackhelm_core.http.route_table import SERVICE_NAMES, all_routes
from trackhelm_embedded.app import SERVICES

SERVED = {
    (prefix + route.path, service.name)
    for service in SERVICES
    for mount in service.mounts
    for prefix in mount.prefixes
    for route in mount.router.routes
    if isinstance(route, APIRoute)
}


def an_example(pattern: str) -> str:
    return re.sub(r"\{\w+:path\}", "some/deep/path", re.sub(r"\{\w+\}", "something", pattern))


def test_the_table_lists_every_route_under_every_prefix_and_no_other() -> None:
    assert set(all_routes()) == SERVED


def test_no_path_is_listed_twice() -> None:
    paths = [path for path, _ in all_routes()]
    assert len(paths) == len(set(paths))


def test_the_table_names_the_services() -> None:
    assert set(SERVICE_NAMES) == {service.name for service in SERVICES}


@pytest.mark.parametrize(("pattern", "service"), sorted(SERVED))
def test_a_path_is_matched_by_routes_of_one_service(pattern: str, service: str) -> None:
    path = an_example(pattern)
    # Were a path matched by routes of two services, the order of the table would decide.
    assert {owner for route, owner in SERVED if compile_path(route)[0].match(path)} == {service}
