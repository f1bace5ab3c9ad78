"""What is known of the machine, the Python and the pod that a program runs in."""

import os
import platform
import socket
import sys
from pathlib import Path
from typing import Any, Final

from trackhelm import environment
from trackhelm.rest.credentials import USER_KEY, read_file

_NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_SECRET_WORDS: Final = ("TOKEN", "SECRET", "PASSWORD", "KEY", "CREDENTIAL")

# How pods are usually told of themselves by the downward API, and images by their builders.
_POD_NAMES: Final = ("POD_NAME", "MY_POD_NAME", "K8S_POD_NAME", "HOSTNAME")
_POD_NAMESPACES: Final = ("POD_NAMESPACE", "MY_POD_NAMESPACE", "K8S_NAMESPACE")
_POD_UIDS: Final = ("POD_UID", "MY_POD_UID", "K8S_POD_UID")
_NODES: Final = ("NODE_NAME", "MY_NODE_NAME", "K8S_NODE_NAME")
_JOBS: Final = ("JOB_NAME", "JOBSET_NAME", "SLURM_JOB_NAME")
_IMAGES: Final = ("CONTAINER_IMAGE", "IMAGE", "IMAGE_NAME")


def user() -> str:
    """Return who runs this: the user of the credentials, or that of the system."""
    known = environment.text(environment.USERNAME) or read_file().get(USER_KEY)
    if known:
        return known
    import getpass

    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        return "unknown"


def cluster_tags() -> dict[str, str]:
    """Return the tag `trackhelm.pod` in a pod of Kubernetes, by which the server's watcher finds it."""
    pod = _pod()
    if "name" not in pod or "namespace" not in pod:
        return {}
    parts = [pod["namespace"], pod["name"], pod.get("uid", "")]
    tags = {"trackhelm.pod": "/".join(part for part in parts if part)}
    container = _first(("CONTAINER_NAME",))
    return {**tags, "trackhelm.container": container} if container else tags


def description(git: dict[str, Any]) -> dict[str, Any]:
    """Return what `environment.json` holds.

    Args:
        git: What is known of the commit.
    """
    found: dict[str, Any] = {
        "program": {"arguments": _without_secrets(sys.argv), "folder": str(Path.cwd())},
        "host": {
            "name": socket.gethostname(),
            "system": platform.platform(),
            "processors": os.cpu_count(),
            "user": user(),
        },
        "python": {
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "executable": sys.executable,
        },
        "packages": _packages(),
        "git": {key.removeprefix("mlflow.source.git."): value for key, value in git.items()},
        "kubernetes": _pod(),
        "image": _first(_IMAGES),
        "job": _first(_JOBS),
    }
    return {key: value for key, value in found.items() if value}


def _pod() -> dict[str, str]:
    if "KUBERNETES_SERVICE_HOST" not in os.environ:
        return {}
    namespace = _first(_POD_NAMESPACES)
    if namespace is None and _NAMESPACE_FILE.exists():
        namespace = _NAMESPACE_FILE.read_text(encoding="utf-8").strip()
    found = {
        "name": _first(_POD_NAMES),
        "namespace": namespace,
        "uid": _first(_POD_UIDS),
        "node": _first(_NODES),
    }
    return {key: value for key, value in found.items() if value}


def _packages() -> dict[str, str]:
    from importlib.metadata import distributions

    found = {}
    for one in distributions():
        name = one.metadata["Name"]
        if name:
            found[name] = one.version
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def _first(names: tuple[str, ...]) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)


def _without_secrets(arguments: list[str]) -> list[str]:
    """Return a command line in which what looks like a secret's value is not shown."""
    shown, hide = [], False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        is_secret = argument.startswith("-") and any(word in name.upper() for word in _SECRET_WORDS)
        shown.append("…" if hide else f"{name}=…" if is_secret and equals else argument)
        hide = is_secret and not equals and not hide
    return shown
