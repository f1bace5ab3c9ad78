"""Runs an S3 server until standard input ends. In the server's environment, which has the program."""

import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[3]), str(Path(__file__).parents[3] / "services")]

from tests.fixtures.backing_services import S3  # noqa: E402
from tests.fixtures.s3 import S3Server  # noqa: E402

with S3.running(Path(sys.argv[1])) as url:
    print(json.dumps(S3Server.of(url).environment()), flush=True)  # noqa: T201
    sys.stdin.read()
