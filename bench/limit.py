"""The least a Python server can do: read the body, answer a constant of the size that the path asks for.

What a row of the table takes beyond it is the work of the request; what it takes here, no change saves.
"""

import sys
from functools import cache
from typing import Any

import uvicorn


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


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), lifespan="off", access_log=False)
