"""Runs an S3 server until standard input ends. In the server's environment, which has the program."""

import json
import sys
import uuid
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[3]), str(Path(__file__).parents[3] / "services")]

from tests.fixtures.s3 import S3Server, free_ports, running  # noqa: E402
from trackhelm_stack.seaweed import PORTS, Seaweed  # noqa: E402

folder = Path(sys.argv[1])
seaweed = Seaweed(folder, free_ports(PORTS), "trackhelm", uuid.uuid4().hex)
with running(seaweed, folder.with_suffix(".log")):
    server = S3Server(seaweed.endpoint, seaweed.access_key, seaweed.secret_key)
    print(json.dumps(server.environment()), flush=True)  # noqa: T201
    sys.stdin.read()
