"""Trackhelm's own client under torchrun: four ranks of DistributedDataParallel over gloo log to one run."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from tests.e2e.server import ServerProcess

SOURCE = Path(__file__).parents[2] / "client" / "src"
RANKS = 4
STEPS = 25

TRAINING = """
import os
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset

import trackhelm as mlflow

distributed.init_process_group("gloo")
rank = distributed.get_rank()
torch.manual_seed(rank)
inputs = torch.randn(400, 8)
data = TensorDataset(inputs, inputs.sum(dim=1, keepdim=True))
model = DistributedDataParallel(nn.Linear(8, 1))
optimiser = torch.optim.SGD(model.parameters(), lr=0.05)
with mlflow.start_run(run_name="four ranks", shared=True) as run:
    if rank == 0:
        mlflow.log_params({"lr": 0.05, "world_size": distributed.get_world_size()})
    # Its workers are forked from a process that logs.
    loader = DataLoader(data, batch_size=16, num_workers=2)
    for step, (batch, target) in enumerate(loader):
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(model(batch), target)
        loss.backward()
        optimiser.step()
        mlflow.log_metrics({"loss": loss, "rank": rank}, step=step)
    if rank == 0:
        print("RUN", run.info.run_id, flush=True)
distributed.destroy_process_group()
"""


def post(server: ServerProcess, path: str, **message: object) -> Any:
    request = urllib.request.Request(
        f"{server.url}/api/2.0/{path}", json.dumps(message).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_all_ranks_log_to_the_run_of_the_first(server: ServerProcess, tmp_path: Path) -> None:
    script = tmp_path / "training.py"
    script.write_text(TRAINING, encoding="utf-8")
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            f"--nproc-per-node={RANKS}",
            str(script),
        ],
        env={
            **os.environ,
            "PYTHONPATH": str(SOURCE),
            "TRACKHELM_TRACKING_URI": server.url,
            "TRACKHELM_SPOOL_DIR": str(tmp_path / "spool"),
            "OMP_NUM_THREADS": "1",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [run_id] = [line.split()[1] for line in ended.stdout.splitlines() if line.startswith("RUN ")]
    run = post(server, "mlflow/runs/search", experiment_ids=["0"], filter=f"attributes.run_id = '{run_id}'")
    [found] = run["runs"]
    assert (found["info"]["run_name"], found["info"]["status"]) == ("four ranks", "FINISHED")
    params = {param["key"]: param["value"] for param in found["data"]["params"]}
    assert params == {"lr": "0.05", "world_size": str(RANKS)}
    series = post(server, "trackhelm/series/list", run_ids=[run_id], keys=["loss", "rank"])["series"]
    labelled = {(one["key"], one["labels"]["rank"]): one for one in series if "labels" in one}
    for rank in range(RANKS):
        one = labelled["rank", str(rank)]
        assert (one["count"], one["min"], one["max"]) == (STEPS, rank, rank)
        assert labelled["loss", str(rank)]["count"] == STEPS
        assert one["labels"]["world_size"] == str(RANKS)
    # Every rank has data of its own, so their losses differ.
    assert len({labelled["loss", str(rank)]["last"]["value"] for rank in range(RANKS)}) == RANKS
