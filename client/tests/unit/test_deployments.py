"""Endpoints of SageMaker, of moto's: created, updated, shown and deleted, with all that they were made of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trackhelm.exceptions import MlflowException

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto")

CONFIG = {
    "image_url": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/iris:1",
    "execution_role_arn": "arn:aws:iam::123456789012:role/models",
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws():
        yield


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("flavors: {python_function: {loader_module: x}}\n")
    return tmp_path / "model"


def left(kind: str) -> list[Any]:
    client = boto3.client("sagemaker", region_name="eu-central-1")
    found: dict[str, Any] = {
        "models": lambda: client.list_models()["Models"],
        "configs": lambda: client.list_endpoint_configs()["EndpointConfigs"],
        "archives": lambda: (
            boto3.client("s3", region_name="eu-central-1")
            .list_objects_v2(Bucket="trackhelm-sagemaker-123456789012")
            .get("Contents", [])
        ),
    }
    return list(found[kind]())


def let_moto_update(client: Any) -> None:
    """Let an endpoint of moto's have another configuration, since moto has no UpdateEndpoint."""
    from botocore.awsrequest import AWSResponse
    from moto.sagemaker.models import sagemaker_backends

    def answer(params: dict[str, Any], **_: Any) -> Any:
        import json

        asked = json.loads(params["body"])
        backend = sagemaker_backends["123456789012"]["eu-central-1"]
        endpoint = backend.endpoints[asked["EndpointName"]]
        assert asked["EndpointConfigName"] in backend.endpoint_configs
        endpoint.endpoint_config_name = asked["EndpointConfigName"]
        return AWSResponse(params["url"], 200, {}, None), {"EndpointArn": endpoint.arn}

    client._sagemaker.meta.events.register("before-call.sagemaker.UpdateEndpoint", answer)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_an_endpoint_from_beginning_to_end(aws: None, model: Path) -> None:
    from trackhelm.deployments import get_deploy_client

    client = get_deploy_client("sagemaker:/eu-central-1")
    assert client.list_deployments() == []
    with pytest.raises(MlflowException, match="image_url"):
        client.create_deployment("iris", str(model))
    assert client.create_deployment("iris", str(model), config=CONFIG)["name"] == "iris"
    assert client.list_deployments() == [{"name": "iris", "status": "InService"}]
    assert client.get_deployment("iris")["model_uri"] == str(model)
    with pytest.raises(MlflowException, match="already"):
        client.create_deployment("iris", str(model), config=CONFIG)
    first = left("models")
    let_moto_update(client)
    client.update_deployment("iris", str(model), config={"instance_type": "ml.c5.large"})
    assert left("models") != first
    config = boto3.client("sagemaker", region_name="eu-central-1").describe_endpoint_config(
        EndpointConfigName=client.get_deployment("iris")["EndpointConfigName"]
    )
    (variant,) = config["ProductionVariants"]
    assert variant["InstanceType"] == "ml.c5.large"
    assert [len(left(kind)) for kind in ("models", "configs", "archives")] == [1, 1, 1]
    client.delete_deployment("iris")
    assert [len(left(kind)) for kind in ("models", "configs", "archives")] == [0, 0, 0]
    client.delete_deployment("iris")
    with pytest.raises(MlflowException, match="no endpoint"):
        client.get_deployment("iris")


def test_another_target_is_refused() -> None:
    from trackhelm.deployments import get_deploy_client

    with pytest.raises(MlflowException, match="sagemaker:/REGION"):
        get_deploy_client("azureml")
