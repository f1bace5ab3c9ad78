"""The tags `trackhelm.k8s.*` of a run: what is known of its pod, and how it ended. Pure functions."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from trackhelm_ingest.runs.pod_logic import FACTS
from trackhelm_watcher.endings import Ending
from trackhelm_watcher.joining import CONTAINER, POD, JoinedBy
from trackhelm_watcher.pods import Container, Pod

NAMESPACE: Final = f"{FACTS}namespace"
POD_NAME: Final = f"{FACTS}pod"
POD_UID: Final = f"{FACTS}pod_uid"
SINCE: Final = f"{FACTS}since"
JOINED_BY: Final = f"{FACTS}joined_by"
NODE: Final = f"{FACTS}node"
JOB_NAME: Final = f"{FACTS}job"
CONTAINER_NAME: Final = f"{FACTS}container"
IMAGE: Final = f"{FACTS}image"
IMAGE_DIGEST: Final = f"{FACTS}image_digest"
REQUESTS: Final = f"{FACTS}requests"
LIMITS: Final = f"{FACTS}limits"
GPUS: Final = f"{FACTS}gpus"
RESTARTS: Final = f"{FACTS}restarts"
PREVIOUS_REASON: Final = f"{FACTS}previous_reason"
REASON: Final = f"{FACTS}reason"
MESSAGE: Final = f"{FACTS}message"
EXIT_CODE: Final = f"{FACTS}exit_code"
DELETED_BY: Final = f"{FACTS}deleted_by"

_END: Final = (REASON, MESSAGE, EXIT_CODE, DELETED_BY)
"""The tags that say how the program ended."""

KEYS: Final = (
    *(POD, CONTAINER),
    *(NAMESPACE, POD_NAME, POD_UID, SINCE, JOINED_BY, NODE, JOB_NAME, CONTAINER_NAME, IMAGE, IMAGE_DIGEST),
    *(REQUESTS, LIMITS, GPUS, RESTARTS, PREVIOUS_REASON, *_END),
)
"""The tags by which a run and its pod are joined, and those that the watcher writes."""

_GPU: Final = "gpu"


def facts_of(
    pod: Pod, container: Container | None, joined_by: JoinedBy, since: int, stored: Mapping[str, str]
) -> dict[str, str]:
    """Return the tags that say where a run is; `stored` are those that it has.

    `since` is when it was created or last resumed. Without `container` it is in one of several, and nobody
    knows in which.
    """
    regular = [each for each in pod.containers if not each.init]
    shown = [container] if container else regular
    facts = {
        NAMESPACE: pod.namespace,
        POD_NAME: pod.name,
        POD_UID: pod.uid,
        SINCE: str(since),
        JOINED_BY: joined_by.value,
        NODE: pod.node,
        JOB_NAME: pod.job,
        CONTAINER_NAME: container.name if container else "",
        IMAGE: _text(shown, container, lambda each: each.image),
        IMAGE_DIGEST: _text(shown, container, _digest),
        REQUESTS: _text(shown, container, lambda each: each.requests),
        LIMITS: _text(shown, container, lambda each: each.limits),
        GPUS: str(sum(map(gpus_of, shown))),
        RESTARTS: str(sum(each.restarts for each in shown)),
        # It was resumed: how it ended before is kept.
        PREVIOUS_REASON: stored.get(REASON) or stored.get(PREVIOUS_REASON) or "",
    }
    return {key: value for key, value in facts.items() if value}


def with_ending(facts: Mapping[str, str], ending: Ending) -> dict[str, str]:
    """Return tags that also say how the program ended."""
    code = "" if ending.exit_code is None else str(ending.exit_code)
    ends = dict(zip(_END, (ending.reason, ending.message, code, ending.deleted_by), strict=True))
    kept = {key: value for key, value in facts.items() if key not in _END}
    return kept | {key: value for key, value in ends.items() if value}


def gpus_of(container: Container) -> int:
    """Return the number of GPUs of a container: of any vendor's device, or part of one."""
    found = {**container.requests, **container.limits}
    return sum(int(count) for name, count in found.items() if _is_gpu(name) and str(count).isdigit())


def _is_gpu(resource: str) -> bool:
    # `nvidia.com/gpu`, `amd.com/gpu`, `gpu.intel.com/i915`, `nvidia.com/mig-1g.5gb`
    vendor, _, device = resource.partition("/")
    return bool(device) and (device == _GPU or device.startswith("mig-") or vendor.startswith(f"{_GPU}."))


def _digest(container: Container) -> str:
    # `docker-pullable://registry/image@sha256:…`, or the digest alone.
    return container.image_id.rpartition("@")[2] if "sha256:" in container.image_id else ""


def _text(
    shown: Sequence[Container],
    container: Container | None,
    read: Callable[[Container], str | Mapping[str, str]],
) -> str:
    """Return what containers say: of one as it is, of several as JSON by their names; empty for nothing."""
    told = {each.name: value for each in shown if (value := read(each))}
    one = told.get(container.name, "") if container else told
    if isinstance(one, str):
        return one
    return json.dumps(one, sort_keys=True) if one else ""
