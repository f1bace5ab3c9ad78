"""Models on services that run them for you: created, updated, listed and deleted through one interface.

The names are those of `mlflow.deployments`. The one target is Amazon SageMaker.

Example:
    >>> from trackhelm.deployments import get_deploy_client
    >>> client = get_deploy_client("sagemaker:/eu-central-1")
    >>> client.create_deployment("iris", "models:/iris@champion", config={"image_url": image, "bucket":
    bucket})
"""

from trackhelm.deployments.sagemaker import SageMakerClient
from trackhelm.exceptions import MlflowException

__all__ = ["SageMakerClient", "get_deploy_client"]


def get_deploy_client(target_uri: str) -> SageMakerClient:
    """Return the client of a target.

    Args:
        target_uri: `sagemaker`, or `sagemaker:/REGION`, or `sagemaker:/REGION/ROLE_ARN` with a role to
            assume.
    """
    scheme, _, rest = target_uri.partition(":")
    if scheme != "sagemaker":
        raise MlflowException.invalid_parameter_value(
            f"There is no target {target_uri!r}: it is sagemaker:/REGION"
        )
    region, _, role = rest.strip("/").partition("/")
    return SageMakerClient(region or None, role or None)
