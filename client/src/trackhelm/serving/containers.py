"""Build contexts of images, and what deploys an image: manifests for Kubernetes, requests for SageMaker.

An image has the model, the packages that it needs at the versions that are installed here, and this package.
It runs as no root, listens at 8080, and is a container for SageMaker, too.
"""

import json
import platform
import re
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from trackhelm.exceptions import RESOURCE_ALREADY_EXISTS, MlflowException
from trackhelm.models.loading import fetch
from trackhelm.models.model import read_yaml
from trackhelm.models.requirements import PYTHON, pinned
from trackhelm.models.trust import require_trusted_model
from trackhelm.serving.environments import needed

PORT: Final = 8080
_USER: Final = 10_001
TARGETS: Final = ("kserve", "deployment", "sagemaker")

_DOCKERFILE: Final = """\
FROM python:{python}-slim

ENV PYTHONDONTWRITEBYTECODE=1 \\
    PYTHONUNBUFFERED=1 \\
    PYTHONPATH=/opt/trackhelm \\
    MLFLOW_ALLOW_PICKLE_DESERIALIZATION=true

COPY requirements.txt /opt/trackhelm/requirements.txt
RUN pip install --no-cache-dir --disable-pip-version-check -r /opt/trackhelm/requirements.txt \\
    && useradd --uid {user} --no-create-home --shell /usr/sbin/nologin model

COPY trackhelm /opt/trackhelm/trackhelm
COPY model /opt/ml/model

USER {user}
WORKDIR /opt/ml
EXPOSE {port}
# For SageMaker, which starts the image with this argument, and for everybody else.
ENTRYPOINT ["python", "-m", "trackhelm.serving.container"]
CMD ["serve"]
"""


def write_context(model_uri: str, folder: Path) -> None:
    """Write all that `docker build` needs: a Dockerfile, the model, its requirements and this package.

    Args:
        model_uri: The model.
        folder: The folder, which is not there yet or is empty.

    Raises:
        MlflowException: The folder has something in it, or the model may run code and comes from nowhere that
            is
            known: the image trusts what is in it.
    """
    if folder.exists() and any(folder.iterdir()):
        raise MlflowException(f"{str(folder)!r} is not empty", error_code=RESOURCE_ALREADY_EXISTS)
    model = fetch(model_uri)
    require_trusted_model(model)
    folder.mkdir(parents=True, exist_ok=True)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(model, folder / "model", ignore=ignored)
    shutil.copytree(Path(__file__).parents[1], folder / "trackhelm", ignore=ignored)
    lines = _with_all_that_they_need(needed(model))
    (folder / "requirements.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = _DOCKERFILE.format(python=_python_of(model), user=_USER, port=PORT)
    (folder / "Dockerfile").write_text(told, encoding="utf-8")
    (folder / ".dockerignore").write_text("**/__pycache__\n", encoding="utf-8")


def _python_of(model: Path) -> str:
    file = model / PYTHON
    told = str(read_yaml(file).get("python", "")) if file.is_file() else ""
    return told or platform.python_version()


def _with_all_that_they_need(requirements: list[str]) -> list[str]:
    """Return requirements with those that they have in turn, each at the version that is installed here."""
    found: dict[str, str] = {}
    waiting = list(requirements)
    while waiting:
        line = waiting.pop(0)
        name = re.sub(r"[-_.]+", "-", (re.match(r"[A-Za-z0-9._-]+", line) or [line])[0]).lower()
        if name in found:
            continue
        try:
            further = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            found[name] = line  # as the model says, since it is not here
            continue
        found[name] = line if "==" in line else pinned(name)
        waiting += [one for one in further if "extra ==" not in one and _is_meant(one)]
    return sorted(found.values(), key=str.lower)


def _is_meant(requirement: str) -> bool:
    """Return whether a requirement is of this platform."""
    marker = requirement.partition(";")[2]
    if not marker:
        return True
    if re.search(
        r"(sys_platform|platform_system|os_name)\s*==\s*.(win32|Windows|nt|darwin|Darwin|emscripten)", marker
    ):
        return False
    older = re.search(r"python(?:_full)?_version\s*<=?\s*['\"]([\d.]+)", marker)
    if older is None:
        return True
    here = tuple(map(int, platform.python_version_tuple()[:2]))
    return here < tuple(map(int, older[1].split(".")[:2]))


def deploy_spec(
    target: str, name: str, image: str, *, replicas: int = 1, config: dict[str, Any] | None = None
) -> str:
    """Return what deploys an image: YAML for Kubernetes, or JSON for SageMaker.

    Args:
        target: `kserve`, `deployment` or `sagemaker`.
        name: The name of the deployment.
        image: The image, with its tag or digest.
        replicas: How many.
        config: For SageMaker: `execution_role_arn`, `instance_type`, `model_data_url`.
    """
    if target == "sagemaker":
        return json.dumps(sagemaker_requests(name, image, replicas, config or {}), indent=2)
    if target not in TARGETS:
        raise MlflowException.invalid_parameter_value(
            f"Unknown target {target!r}: it is one of {', '.join(TARGETS)}"
        )
    if re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name) is None:
        raise MlflowException.invalid_parameter_value(
            f"{name!r} is no name of Kubernetes: small letters, digits and dashes, at most 63"
        )
    from trackhelm.models.model import yaml

    documents = _kserve(name, image, replicas) if target == "kserve" else _deployment(name, image, replicas)
    text: str = yaml().safe_dump_all(documents, sort_keys=False)
    return text


def _container(image: str) -> dict[str, Any]:
    return {
        "name": "kserve-container",
        "image": image,
        "ports": [{"containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/v2/health/ready", "port": PORT}, "periodSeconds": 5},
        "livenessProbe": {"httpGet": {"path": "/v2/health/live", "port": PORT}, "periodSeconds": 10},
        "startupProbe": {
            "httpGet": {"path": "/v2/health/live", "port": PORT},
            "periodSeconds": 2,
            "failureThreshold": 150,
        },
        "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - of the container
    }


def _kserve(name: str, image: str, replicas: int) -> list[dict[str, Any]]:
    return [
        {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": {"name": name},
            "spec": {
                "predictor": {
                    "minReplicas": replicas,
                    "automountServiceAccountToken": False,
                    "containers": [_container(image)],
                    "volumes": [{"name": "tmp", "emptyDir": {}}],
                }
            },
        }
    ]


def _deployment(name: str, image: str, replicas: int) -> list[dict[str, Any]]:
    labels = {"app.kubernetes.io/name": name}
    pod = {
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": 45,
        "containers": [{**_container(image), "name": "model"}],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    return [
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": labels},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "labels": labels},
            "spec": {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": PORT}]},
        },
    ]


def sagemaker_requests(
    name: str, image: str, count: int, config: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Return the requests of boto3 that create a model, the configuration of an endpoint, and the endpoint.

    Args:
        name: The name of the endpoint; model and configuration have it, too, with `config["suffix"]` behind
            it.
        image: The image in ECR.
        count: The instances.
        config: `execution_role_arn`, `instance_type` (`ml.m5.large`), `model_data_url` of a model that is not
            in the image, `suffix`, and `env`, variables of the container.
    """
    suffix = f"-{config['suffix']}" if config.get("suffix") else ""
    container: dict[str, Any] = {"Image": image, "Environment": dict(config.get("env") or {})}
    if config.get("model_data_url"):
        container["ModelDataUrl"] = config["model_data_url"]
    role = config.get("execution_role_arn") or "arn:aws:iam::000000000000:role/EXECUTION_ROLE"
    variant = {
        "VariantName": "main",
        "ModelName": f"{name}{suffix}",
        "InitialInstanceCount": count,
        "InstanceType": config.get("instance_type") or "ml.m5.large",
        "InitialVariantWeight": 1.0,
    }
    return {
        "create_model": {
            "ModelName": f"{name}{suffix}",
            "PrimaryContainer": container,
            "ExecutionRoleArn": role,
        },
        "create_endpoint_config": {"EndpointConfigName": f"{name}{suffix}", "ProductionVariants": [variant]},
        "create_endpoint": {"EndpointName": name, "EndpointConfigName": f"{name}{suffix}"},
    }
