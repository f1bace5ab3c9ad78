"""The FastAPI dependency that gives an endpoint the process's checksum index."""

from typing import Annotated

from fastapi import Depends, Request

from trackhelm_artifact.integrity.checksum_index import ChecksumIndex


async def _records(request: Request) -> ChecksumIndex:
    records: ChecksumIndex = request.app.state.checksum_index
    return records


ChecksumIndexDep = Annotated[ChecksumIndex, Depends(_records)]
