"""Which of the processes of a distributed job this one is, as launchers tell it in the environment. Pure.

Known are torchrun (and what sets its variables: Kubeflow's PyTorchJob and Trainer, Ray Train, DeepSpeed,
Accelerate), SLURM, Open MPI, MPICH and Intel MPI, indexed Jobs and JobSets of Kubernetes, and TensorFlow's
`TF_CONFIG` (Kubeflow's TFJob). `TRACKHELM_RANK`, `TRACKHELM_WORLD_SIZE`, `TRACKHELM_NODE` and
`TRACKHELM_JOB_ID` say it where none of them does.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from trackhelm.log.segments import Labels

_NO_JOB: Final = frozenset({"", "none"})
"""What torchrun calls a job that was given no id."""


@dataclass(frozen=True, slots=True)
class Rank:
    """A process of a job."""

    rank: int
    """From 0."""
    world_size: int | None = None
    """The number of processes, None if the launcher does not say."""
    node: str | None = None
    """The number or name of the machine."""
    job: str | None = None
    """What is the same in all processes of the job and in no other job; None if nothing is."""
    launcher: str = ""

    @property
    def is_primary(self) -> bool:
        """Whether this process owns what a shared run has once: its name, params and status."""
        return self.rank == 0

    @property
    def labels(self) -> Labels:
        """The labels of the points that this process logs, sorted by name."""
        named = {"rank": str(self.rank)}
        if self.node is not None:
            named["node"] = self.node
        if self.world_size is not None:
            named["world_size"] = str(self.world_size)
        return tuple(sorted(named.items()))


def detect(environment: Mapping[str, str] | None = None) -> Rank | None:
    """Return which process of a job this is, None if it is none of several."""
    found = os.environ if environment is None else environment
    for read in (_told, _torchrun, _slurm, _open_mpi, _mpich, _tensorflow, _indexed_job):
        with suppress(KeyError, ValueError, TypeError):
            rank = read(found)
            if rank is not None and rank.world_size != 1:
                return rank
    return None


def shared_run_id(rank: Rank, ordinal: int = 0) -> str | None:
    """Return the id of the run that all processes of a job log to; None if the job has nothing that names it.

    Args:
        rank: Any of the job's processes.
        ordinal: How many runs the job has shared before; every process must count alike.
    """
    if rank.job is None:
        return None
    return hashlib.sha256(f"{rank.launcher}\n{rank.job}\n{ordinal}".encode()).hexdigest()[:32]


def _whole(environment: Mapping[str, str], *names: str) -> int | None:
    """Return the first of some variables that is given, as a number."""
    for name in names:
        if environment.get(name):
            return int(environment[name])
    return None


def _told(found: Mapping[str, str]) -> Rank | None:
    rank = int(found["TRACKHELM_RANK"])
    size, job = _whole(found, "TRACKHELM_WORLD_SIZE"), found.get("TRACKHELM_JOB_ID")
    return Rank(rank, size, found.get("TRACKHELM_NODE"), job, "told")


def _job_of(found: Mapping[str, str], other: str | None) -> str | None:
    return found.get("TRACKHELM_JOB_ID") or other


def _torchrun(found: Mapping[str, str]) -> Rank | None:
    rank, size = int(found["RANK"]), int(found["WORLD_SIZE"])
    node = found.get("GROUP_RANK") or found.get("NODE_RANK")
    if node is None and (each := _whole(found, "LOCAL_WORLD_SIZE")):
        node = str(rank // each)
    job = found.get("TORCHELASTIC_RUN_ID", "")
    if job in _NO_JOB:
        job = ""
        if size == _whole(found, "LOCAL_WORLD_SIZE"):
            # All are children of one launcher; its id alone may have been another's before.
            job = _parent()
        elif found.get("SLURM_JOB_ID"):
            job = _slurm_job(found)
    return Rank(rank, size, node, _job_of(found, job or None), "torchrun")


def _parent() -> str:
    """Return what names the parent process: machine, id, and when it began, where the system says that."""
    parent = os.getppid()
    began = ""
    with suppress(OSError, IndexError):
        began = Path(f"/proc/{parent}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    return f"{os.uname().nodename}/{parent}/{began}"


def _slurm_job(found: Mapping[str, str]) -> str:
    return ".".join(found[name] for name in ("SLURM_JOB_ID", "SLURM_STEP_ID") if found.get(name))


def _slurm(found: Mapping[str, str]) -> Rank | None:
    rank, size = int(found["SLURM_PROCID"]), _whole(found, "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")
    job = _slurm_job(found) or None
    return Rank(rank, size, found.get("SLURM_NODEID"), _job_of(found, job), "slurm")


def _open_mpi(found: Mapping[str, str]) -> Rank | None:
    rank, size = int(found["OMPI_COMM_WORLD_RANK"]), int(found["OMPI_COMM_WORLD_SIZE"])
    node = None
    if each := _whole(found, "OMPI_COMM_WORLD_LOCAL_SIZE"):
        node = str(rank // each)
    job = found.get("PMIX_NAMESPACE") or found.get("OMPI_MCA_ess_base_jobid")
    return Rank(rank, size, node, _job_of(found, job), "openmpi")


def _mpich(found: Mapping[str, str]) -> Rank | None:
    rank, size = int(found["PMI_RANK"]), int(found["PMI_SIZE"])
    return Rank(rank, size, None, _job_of(found, None), "mpich")


def _tensorflow(found: Mapping[str, str]) -> Rank | None:
    config = json.loads(found["TF_CONFIG"])
    cluster, task = config["cluster"], config["task"]
    # The order in which TensorFlow itself numbers them: the chief first.
    order = [kind for kind in ("chief", "master", "worker", "ps", "evaluator") if kind in cluster]
    before = sum(len(cluster[kind]) for kind in order[: order.index(task["type"])])
    size = sum(len(addresses) for addresses in cluster.values())
    rank = before + int(task["index"])
    job = json.dumps(cluster, sort_keys=True)
    return Rank(rank, size, None, _job_of(found, job), "tensorflow")


def _indexed_job(found: Mapping[str, str]) -> Rank | None:
    rank = int(found["JOB_COMPLETION_INDEX"])
    size = _whole(found, "JOBSET_WORLD_SIZE", "PET_NNODES")
    # The names of a Job's pods end with the index and a random part: `train-3-x7k2p`.
    host = found.get("HOSTNAME", "")
    name = host.rsplit(f"-{rank}", 1)[0] if f"-{rank}" in host else ""
    job = f"{found.get('POD_NAMESPACE', '')}/{name}" if name else None
    return Rank(rank, size, found.get("NODE_NAME") or str(rank), _job_of(found, job), "job")
