"""How an endpoint asks for the process's records of files."""

from typing import Annotated

from fastapi import Depends, Request

from trackhelm_artifact.integrity.checksum_index import Records


async def _records(request: Request) -> Records:
    records: Records = request.app.state.artifact_records
    return records


RecordsDep = Annotated[Records, Depends(_records)]
