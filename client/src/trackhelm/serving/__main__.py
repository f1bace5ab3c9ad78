"""`python -m trackhelm.serving OPTIONS`: the server without the command line, which takes memory.

`trackhelm models serve` becomes this program; OPTIONS are those of `process.Options` as JSON.
"""

import json
import logging
import sys

from trackhelm.exceptions import MlflowException
from trackhelm.serving.process import Options, serve


def run(options: Options) -> None:
    """Serve a model, and end with one line for what failed."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    try:
        serve(options)
    except (MlflowException, OSError) as error:
        sys.exit(f"trackhelm: {error}")


if __name__ == "__main__":
    run(Options(**json.loads(sys.argv[1])))
