"""The table of refusals says of MLflow's own server what it does: of the release that is installed here."""

from collections.abc import Iterator

import pytest

from tests.contract.refusals.table import GROUPS, differences
from tests.e2e.server import ServerProcess

# Generation 2 has other words. The first test waits for the server, which takes a minute to start.
pytestmark = [pytest.mark.since_3, pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def tracking() -> None:
    """Leave the server under test alone: it is not the one that is asked here."""


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    process = ServerProcess(tmp_path_factory.mktemp("stock") / "data", stock=True)
    process.start()
    yield process
    process.stop()


@pytest.mark.parametrize("group", GROUPS)
def test_mlflows_own_server_answers_as_the_table_says(group: str, stock: ServerProcess) -> None:
    assert differences(stock.port, group, stock=True) == []
