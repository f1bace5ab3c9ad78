"""The server under test refuses what the table of refusals says, in its words; a stack does, too."""

import pytest

from tests.contract.refusals.table import GROUPS, differences
from tests.e2e.server import SHAPE, STOCK, ServerProcess


@pytest.mark.parametrize("group", GROUPS)
def test_refusals_begin_as_the_table_says(group: str, server: ServerProcess) -> None:
    assert differences(server.port, group, stock=STOCK, gateway=SHAPE == "stack") == []
