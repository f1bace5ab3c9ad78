"""How much memory `trackhelm models predict` takes for a CSV file that is larger, and how long.

    make test-large-predictions            # BENCH="--gigabytes 0.2" is a quick one

Fails if the process ever held more than the limit.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BLOCK_ROWS = 50_000
COLUMNS = 20
SAVE = """
import sys
import numpy as np
import pandas as pd
import trackhelm as mlflow
from sklearn.linear_model import LogisticRegression
data = pd.DataFrame(np.random.default_rng(7).normal(size=(int(sys.argv[2]), int(sys.argv[3]))))
data.columns = [f"feature_{number}" for number in data.columns]
model = LogisticRegression().fit(data, data.sum(axis=1) > 0)
mlflow.sklearn.save_model(model, sys.argv[1], input_example=data[:3], pip_requirements=["scikit-learn"])
data.to_csv(sys.argv[1] + ".csv", index=False)
"""


def main() -> int:
    """Write the file, ask a model about it, and print what that took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--client-python", required=True)
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--limit-mib", type=float, default=1024.0)
    chosen = parser.parse_args()
    python = os.path.abspath(chosen.client_python)  # noqa: PTH100 - a link stays one
    source = Path(__file__).parents[1] / "client" / "src"
    environment = {**os.environ, "PYTHONPATH": str(source)}
    with tempfile.TemporaryDirectory(prefix="bench-prediction-") as place:
        model, file, answers = f"{place}/model", Path(place, "in.csv"), Path(place, "out.csv")
        saving = [python, "-c", SAVE, model, str(BLOCK_ROWS), str(COLUMNS)]
        subprocess.run(saving, env=environment, check=True)
        rows = write(Path(f"{model}.csv"), file, int(chosen.gigabytes * 1e9))
        command = [python, "-m", "trackhelm", "models", "predict", "-m", model]
        command += ["-i", str(file), "-o", str(answers)]
        began = time.perf_counter()
        process = subprocess.Popen(command, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        if status:
            raise RuntimeError(f"the command ended with {os.waitstatus_to_exitcode(status)}")
        with answers.open("rb") as lines:
            predicted = sum(1 for _ in lines) - 1
        peak = used.ru_maxrss / 1024
        size = file.stat().st_size / 1e6
        sys.stdout.write(
            f"{size:,.0f} MB, {rows:,} rows: {predicted:,} predictions in {seconds:.0f} s "
            f"({used.ru_utime + used.ru_stime:.0f} s of the processor), {peak:,.0f} MiB at most\n"
        )
    return 0 if predicted == rows and peak <= chosen.limit_mib else 1


def write(block: Path, file: Path, size: int) -> int:
    """Repeat the rows of a CSV file in another until that has so many bytes; return its number of rows."""
    head, _, body = block.read_bytes().partition(b"\n")
    blocks = -(-size // len(body))
    with file.open("wb") as output:
        output.write(head + b"\n")
        for _ in range(blocks):
            output.write(body)
    return blocks * BLOCK_ROWS


if __name__ == "__main__":
    sys.exit(main())
