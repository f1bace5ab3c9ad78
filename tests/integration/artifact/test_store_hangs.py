"""While a store hangs, requests for files wait in little memory, and all others are served as ever."""

import asyncio
import os
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.fixtures.programs import embedded_server
from tests.fixtures.stoppable_s3 import StoppableS3
from tests.integration.artifact.test_memory import peak_mebibytes

API = "/api/2.0"
FILES = f"{API}/mlflow-artifacts/artifacts"
MEBIBYTE = 1024 * 1024
BLOCK = os.urandom(MEBIBYTE)
SIZE = 40
"""MiB of an upload: several parts."""

REQUESTS = 100
TIMEOUT = 8
UPLOADS_MEBIBYTES = 64
OTHER_MEBIBYTES = 48
"""What a hundred connections and their answers may take beside the uploads' content."""


@pytest.fixture
def server(tmp_path: Path, store: StoppableS3) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yield the process of a server, and its address."""
    environment = {
        "TRACKHELM_ARTIFACTS_TIMEOUT_SECONDS": str(TIMEOUT),
        "TRACKHELM_ARTIFACTS_RETRIES": "0",
        "TRACKHELM_ARTIFACTS_PRESIGNED": "true",
        "TRACKHELM_ARTIFACTS_UPLOAD_MEMORY_MEBIBYTES": str(UPLOADS_MEBIBYTES),
    }
    with embedded_server(tmp_path, store.server.environment() | environment) as (process, client):
        yield process, str(client.base_url)


async def body(hangs: asyncio.Event) -> AsyncIterator[bytes]:
    """Yield a large file, whose second half comes when the store hangs."""
    for number in range(SIZE):
        if number == SIZE // 2:
            await hangs.wait()
        yield BLOCK


async def upload(client: httpx2.AsyncClient, number: int, hangs: asyncio.Event) -> httpx2.Response:
    headers = {"Content-Length": str(SIZE * MEBIBYTE)}
    return await client.put(f"{FILES}/hung/{number}", content=body(hangs), headers=headers)


async def files(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
    """Send the request for files that has a number."""
    match number % 3:
        case 0:
            return await client.get(f"{FILES}/known/f")
        case 1:
            return await client.get(FILES, params={"path": "known"})
        case _:
            message = {"path": f"{number}", "num_parts": 3}
            return await client.post(f"{API}/mlflow-artifacts/mpu/create/a", json=message)


async def work(client: httpx2.AsyncClient) -> None:
    """Do what a training script and its owner do."""
    created = await client.post(f"{API}/mlflow/experiments/create", json={"name": uuid.uuid4().hex})
    experiment = created.json()["experiment_id"]
    run = await client.post(f"{API}/mlflow/runs/create", json={"experiment_id": experiment})
    metric = {"run_id": run.json()["run"]["info"]["run_id"], "key": "m", "value": 1, "timestamp": 1}
    for answer in (
        await client.post(f"{API}/mlflow/runs/log-metric", json=metric),
        await client.post(f"{API}/mlflow/runs/search", json={"experiment_ids": [experiment]}),
        await client.get(f"{API}/mlflow/registered-models/search"),
        await client.get("/health"),
    ):
        assert answer.status_code == 200


async def meet_a_store_that_hangs(url: str, store: StoppableS3) -> list[httpx2.Response]:
    """Send requests for files, some of which are in the middle when it happens; work meanwhile."""
    hangs = asyncio.Event()
    async with httpx2.AsyncClient(
        base_url=url, timeout=360, limits=httpx2.Limits(max_connections=None)
    ) as client:
        hanging = [asyncio.create_task(upload(client, number, hangs)) for number in range(REQUESTS // 4)]
        while not store.server.unfinished_uploads(""):
            await client.get("/health")
        store.hang()
        hangs.set()
        hanging += [asyncio.create_task(files(client, number)) for number in range(len(hanging), REQUESTS)]
        began = time.monotonic()
        await work(client)
        assert time.monotonic() - began < TIMEOUT
        assert not any(task.done() for task in hanging), "these were to hang meanwhile"
        answers = await asyncio.gather(*hanging)
        # A request that had to wait for a turn has waited once, and the store's answer once more or twice.
        assert time.monotonic() - began < 4 * TIMEOUT
        return answers


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the process's memory")
def test_a_hundred_requests_that_hang_take_little_memory_and_nobody_elses_turn(
    store: StoppableS3, server: tuple[subprocess.Popen[str], str]
) -> None:
    process, url = server
    with httpx2.Client(base_url=url, timeout=180) as client:
        for path in ("known", "hung"):
            assert client.put(f"{FILES}/{path}/f", content=BLOCK * 20).status_code == 200
    before = peak_mebibytes(process)
    try:
        answers = asyncio.run(meet_a_store_that_hangs(url, store))
    finally:
        store.go_on()
    assert {answer.status_code for answer in answers} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers)
    assert peak_mebibytes(process) - before < UPLOADS_MEBIBYTES + OTHER_MEBIBYTES
