"""Endpoints of Amazon SageMaker: an archive of the model in S3, and an image that `models dockerfile` makes.

boto3 finds the credentials. What an endpoint was made of (its model, its configuration, its archive) is
deleted with it, or when it is updated.
"""

import json
import tarfile
import tempfile
import uuid
from pathlib import Path
from typing import Any, Final

from trackhelm.exceptions import RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST, MlflowException
from trackhelm.models.loading import fetch
from trackhelm.serving.containers import sagemaker_requests

_TAG: Final = "trackhelm.model_uri"
_WAIT_SECONDS: Final = 15


class SageMakerClient:
    """Deployments on SageMaker.

    Args:
        region: The region of AWS; by default as boto3 finds it.
        assume_role_arn: A role to assume.
    """

    def __init__(self, region: str | None = None, assume_role_arn: str | None = None) -> None:
        try:
            import boto3
        except ModuleNotFoundError:
            raise MlflowException("SageMaker is reached by boto3: pip install boto3") from None
        session = boto3.Session(region_name=region)
        if assume_role_arn is not None:
            told = session.client("sts").assume_role(
                RoleArn=assume_role_arn, RoleSessionName=f"trackhelm-{uuid.uuid4().hex[:8]}"
            )["Credentials"]
            session = boto3.Session(
                told["AccessKeyId"], told["SecretAccessKey"], told["SessionToken"], region_name=region
            )
        self._session = session
        self._sagemaker = session.client("sagemaker")
        self._s3 = session.client("s3")

    def create_deployment(
        self, name: str, model_uri: str, flavor: str | None = None, config: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Create an endpoint.

        Args:
            name: Its name.
            model_uri: The model.
            flavor: As in MLflow; models are served by `python_function`.
            config: `image_url` (needed), `execution_role_arn`, `bucket` (by default
                `trackhelm-sagemaker-ACCOUNT`, which is created), `instance_type`, `instance_count`, `env`,
                and `synchronous` (wait; true by default).

        Raises:
            MlflowException: There is one of this name, or it failed.
        """
        given = dict(config or {})
        if self._endpoint(name) is not None:
            raise MlflowException(
                f"There is an endpoint {name!r} already: update it", error_code=RESOURCE_ALREADY_EXISTS
            )
        requests = self._made(name, model_uri, given)
        try:
            self._sagemaker.create_endpoint(**requests["create_endpoint"])
        except Exception:
            self._forget(requests["create_endpoint_config"]["EndpointConfigName"])
            raise
        self._wait(name, given)
        return {"name": name, "flavor": flavor or "python_function"}

    def update_deployment(
        self,
        name: str,
        model_uri: str | None = None,
        flavor: str | None = None,
        config: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Let an endpoint serve another model; it answers with the old one until the new one is ready.

        Args:
            name: Its name.
            model_uri: The model; that of now by default.
            flavor: As in MLflow.
            config: As in `create_deployment`.
        """
        given = dict(config or {})
        found = self._needed(name)
        before = found["EndpointConfigName"]
        old = self._sagemaker.describe_endpoint_config(EndpointConfigName=before)
        variant = old["ProductionVariants"][0]
        model = self._sagemaker.describe_model(ModelName=variant["ModelName"])
        given.setdefault("image_url", model["PrimaryContainer"]["Image"])
        given.setdefault("execution_role_arn", model["ExecutionRoleArn"])
        given.setdefault("instance_type", variant["InstanceType"])
        given.setdefault("instance_count", variant["InitialInstanceCount"])
        requests = self._made(name, model_uri or self._model_uri(before) or "", given)
        self._sagemaker.update_endpoint(**requests["create_endpoint"])
        self._wait(name, given)
        self._forget(before)
        return {"flavor": flavor or "python_function"}

    def delete_deployment(self, name: str, config: dict[str, Any] | None = None) -> None:
        """Delete an endpoint with what it was made of; one that is not there is deleted already."""
        found = self._endpoint(name)
        if found is None:
            return
        self._sagemaker.delete_endpoint(EndpointName=name)
        self._forget(found["EndpointConfigName"])

    def list_deployments(self) -> list[dict[str, Any]]:
        """Return the endpoints of the region, with their names and states."""
        pages = self._sagemaker.get_paginator("list_endpoints").paginate()
        return [
            {"name": one["EndpointName"], "status": one["EndpointStatus"]}
            for page in pages
            for one in page["Endpoints"]
        ]

    def get_deployment(self, name: str) -> dict[str, Any]:
        """Return what SageMaker says of an endpoint, and the URI of its model.

        Raises:
            MlflowException: There is none of this name.
        """
        found = self._needed(name)
        told = {key: value for key, value in found.items() if key != "ResponseMetadata"}
        return {**told, "name": name, "model_uri": self._model_uri(found["EndpointConfigName"])}

    def predict(self, deployment_name: str, inputs: Any) -> Any:
        """Return the predictions for a data frame, an array, or a request of MLflow's contract."""
        from trackhelm.models.examples import convert_input_example_to_serving_input

        is_request = isinstance(inputs, dict) and inputs.keys() & {"dataframe_split", "instances", "inputs"}
        body = json.dumps(inputs) if is_request else convert_input_example_to_serving_input(inputs)
        runtime = self._session.client("sagemaker-runtime")
        answer = runtime.invoke_endpoint(
            EndpointName=deployment_name, Body=body, ContentType="application/json"
        )
        told = json.loads(answer["Body"].read())
        return told["predictions"] if isinstance(told, dict) and "predictions" in told else told

    def _made(self, name: str, model_uri: str, config: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Create the archive, the model and the configuration, and return the requests."""
        if not config.get("image_url"):
            raise MlflowException.invalid_parameter_value(
                "`image_url` is missing: the image in ECR that serves models; `trackhelm models dockerfile` "
                "writes what it is built of"
            )
        suffix = uuid.uuid4().hex[:12]
        url = self._archive(name, suffix, model_uri, config.get("bucket"))
        requests = sagemaker_requests(
            name,
            config["image_url"],
            int(config.get("instance_count", 1)),
            {**config, "suffix": suffix, "model_data_url": url},
        )
        tags = [{"Key": _TAG, "Value": model_uri[:256]}]
        self._sagemaker.create_model(**requests["create_model"], Tags=tags)
        self._sagemaker.create_endpoint_config(**requests["create_endpoint_config"], Tags=tags)
        return requests

    def _archive(self, name: str, suffix: str, model_uri: str, bucket: str | None) -> str:
        """Store the model as SageMaker wants it, and return where."""
        bucket = bucket or self._default_bucket()
        key = f"{name}/{suffix}/model.tar.gz"
        folder = fetch(model_uri)
        with tempfile.TemporaryDirectory(prefix="trackhelm-") as place:
            file = Path(place) / "model.tar.gz"
            with tarfile.open(file, "w:gz") as archive:
                archive.add(folder, arcname=".")
            self._s3.upload_file(str(file), bucket, key)
        return f"s3://{bucket}/{key}"

    def _default_bucket(self) -> str:
        account = self._session.client("sts").get_caller_identity()["Account"]
        bucket = f"trackhelm-sagemaker-{account}"
        region = self._session.region_name
        place = (
            {}
            if region in {None, "us-east-1"}
            else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        names = [one["Name"] for one in self._s3.list_buckets()["Buckets"]]
        if bucket not in names:
            self._s3.create_bucket(Bucket=bucket, **place)
        return bucket

    def _endpoint(self, name: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            found: dict[str, Any] = self._sagemaker.describe_endpoint(EndpointName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationException":
                return None
            raise
        return found

    def _needed(self, name: str) -> dict[str, Any]:
        found = self._endpoint(name)
        if found is None:
            raise MlflowException(f"There is no endpoint {name!r}", error_code=RESOURCE_DOES_NOT_EXIST)
        return found

    def _model_uri(self, config_name: str) -> str | None:
        arn = self._sagemaker.describe_endpoint_config(EndpointConfigName=config_name)["EndpointConfigArn"]
        tags = self._sagemaker.list_tags(ResourceArn=arn)["Tags"]
        return next((tag["Value"] for tag in tags if tag["Key"] == _TAG), None)

    def _wait(self, name: str, config: dict[str, Any]) -> None:
        """Wait until an endpoint is in service, unless it is not to be waited for."""
        if str(config.get("synchronous", True)).lower() == "false":
            return
        seconds = int(config.get("timeout_seconds", 1_200))
        waiter = self._sagemaker.get_waiter("endpoint_in_service")
        waiter.wait(
            EndpointName=name,
            WaiterConfig={"Delay": _WAIT_SECONDS, "MaxAttempts": max(1, seconds // _WAIT_SECONDS)},
        )

    def _forget(self, config_name: str) -> None:
        """Delete the configuration of an endpoint, its models, and their archives."""
        config = self._sagemaker.describe_endpoint_config(EndpointConfigName=config_name)
        self._sagemaker.delete_endpoint_config(EndpointConfigName=config_name)
        for variant in config["ProductionVariants"]:
            model = self._sagemaker.describe_model(ModelName=variant["ModelName"])
            self._sagemaker.delete_model(ModelName=variant["ModelName"])
            url = model["PrimaryContainer"].get("ModelDataUrl", "")
            bucket, _, key = url.removeprefix("s3://").partition("/")
            if key:
                self._s3.delete_object(Bucket=bucket, Key=key)
