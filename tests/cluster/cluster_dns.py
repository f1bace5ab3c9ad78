"""The names of Services for pods: a DNS server that knows `SERVICE.NAMESPACE.svc.cluster.local` and no more.

It answers from what the cluster says at that moment, over UDP, with IPv4 addresses alone.
"""

import socket
import struct
import threading
from types import TracebackType
from typing import Final, Self

from tests.cluster.cluster import RefusedError, Requests

DOMAIN: Final = "cluster.local"

_PORT: Final = 53
_HEADER: Final = struct.Struct(">HHHHHH")
_ANSWER: Final = 0x8580
"""An answer that is authoritative."""
_NO_SUCH_NAME: Final = 3
_ADDRESS: Final = 1
_SECONDS: Final = 1


def _question(data: bytes) -> tuple[str, int, bytes]:
    """Return the name and the type that are asked for, and the question as it was sent."""
    at, parts = _HEADER.size, []
    while size := data[at]:
        parts.append(data[at + 1 : at + 1 + size].decode())
        at += size + 1
    (kind,) = struct.unpack_from(">H", data, at + 1)
    return ".".join(parts).lower(), kind, data[_HEADER.size : at + 5]


def answer(data: bytes, address: str | None) -> bytes:
    """Return the answer to a request: an address, or, with None, that there is no such name."""
    number, *_ = _HEADER.unpack_from(data)
    _, kind, question = _question(data)
    found = address is not None and kind == _ADDRESS
    code = _ANSWER | (_NO_SUCH_NAME if address is None else 0)
    head = _HEADER.pack(number, code, 1, int(found), 0, 0)
    if not found or address is None:
        return head + question
    # The name is the one at byte 12.
    record = struct.pack(">HHHIH", 0xC00C, _ADDRESS, 1, _SECONDS, 4)
    return head + question + record + socket.inet_aton(address)


class ClusterDns:
    """Answers at an address while it is entered as a context."""

    def __init__(self, ask: Requests, address: str) -> None:
        self._ask = ask
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, _PORT))
        self._socket.settimeout(0.5)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cluster DNS", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(60)
        self._socket.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                data, caller = self._socket.recvfrom(512)
            except TimeoutError:
                continue
            name, _, _ = _question(data)
            self._socket.sendto(answer(data, self._address_of(name)), caller)

    def _address_of(self, name: str) -> str | None:
        service = name.removesuffix(f".svc.{DOMAIN}")
        if service == name or service.count(".") != 1:
            return None
        name, namespace = service.split(".")
        try:
            found = self._ask("GET", f"/api/v1/namespaces/{namespace}/services/{name}")
        except RefusedError:
            return None
        address: str = found["spec"]["clusterIP"]
        return None if address == "None" else address
