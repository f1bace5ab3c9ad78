"""The minimum of a Python server: it reads the body and answers a constant of the size that the path names.

What a row of the table takes beyond it is the work of the request, and the rest no change can save.
"""

import argparse
from functools import cache
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response


@cache
def _constant(size: int) -> bytes:
    return b"x" * size


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    size = scope["path"].strip("/")
    body = _constant(int(size) if size.isdecimal() else 2)
    headers = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def framework_app() -> FastAPI:
    """Return the same as a FastAPI endpoint: the overhead of the framework of Trackhelm's services."""
    application = FastAPI()

    @application.post("/api/2.0/trackhelm/metrics")
    @application.post("/api/2.0/mlflow/runs/log-batch")
    async def read(request: Request) -> Response:
        await request.body()
        return Response(b"{}", media_type="application/json")

    @application.get("/health")
    async def health() -> Response:
        return Response("OK")

    return application


def main() -> None:
    """Serve until the process is stopped."""
    parser = argparse.ArgumentParser(prog="python -m bench.limit", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--framework", action="store_true", help="as an endpoint of FastAPI")
    settings = parser.parse_args()
    served = framework_app() if settings.framework else app
    uvicorn.run(served, host="127.0.0.1", port=settings.port, lifespan="off", access_log=False)


if __name__ == "__main__":
    main()
