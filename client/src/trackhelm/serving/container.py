"""What an image starts: the server of the model in `/opt/ml/model`, where SageMaker puts it.

Variables: `TRACKHELM_MODEL_DIR` is another folder; `SAGEMAKER_BIND_TO_PORT` the port, else 8080; the workers
    are
`MLFLOW_MODELS_WORKERS` or SageMaker's `MODEL_SERVER_WORKERS`, else 1.
"""

import os
import sys
from typing import Final

from trackhelm import environment
from trackhelm.serving.__main__ import run
from trackhelm.serving.containers import PORT
from trackhelm.serving.process import Options

_MODEL: Final = "/opt/ml/model"


def main() -> None:
    """Serve; the only argument is SageMaker's `serve`."""
    if sys.argv[1:] not in ([], ["serve"]):
        sys.exit(f"this image can only serve its model: `serve` was expected, and {sys.argv[1:]} given")
    workers = environment.text("MODELS_WORKERS") or os.environ.get("MODEL_SERVER_WORKERS") or "1"
    run(
        Options(
            uri=os.environ.get("TRACKHELM_MODEL_DIR", _MODEL),
            host="0.0.0.0",  # noqa: S104 - in a container, of which the network decides who reaches it
            port=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", PORT)),
            workers=int(workers),
            timeout=environment.number("SCORING_SERVER_REQUEST_TIMEOUT", 60),
        )
    )


if __name__ == "__main__":
    main()
