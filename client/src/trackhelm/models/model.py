"""The MLmodel file of a model: its flavours, signature, and where it comes from.

The file has MLflow's format, of the version that `FORMAT_VERSION` names, so that MLflow loads what is saved
here. `Model.log`, which stores a model on a server, is in `models.storing`.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from trackhelm.exceptions import RESOURCE_DOES_NOT_EXIST, MlflowException
from trackhelm.models.signature import ModelSignature

if TYPE_CHECKING:
    from trackhelm.entities import LoggedModel
    from trackhelm.types.schema import ParamSchema, Schema

MLMODEL: Final = "MLmodel"
FORMAT_VERSION: Final = "3.17.2"
"""The version of MLflow of which the files are."""

_OPTIONAL: Final = ("metadata", "resources", "model_size_bytes", "auth_policy", "env_vars", "file_digests")


def yaml() -> Any:
    """Return the module of YAML, or say how to install it."""
    try:
        import yaml as module
    except ModuleNotFoundError:
        raise MlflowException("Models are described in YAML files: pip install 'trackhelm[models]'") from None
    return module


def read_yaml(file: Path) -> dict[str, Any]:
    """Return the dictionary that a YAML file has."""
    return parse_yaml(file.read_text(encoding="utf-8"))


def parse_yaml(text: str) -> dict[str, Any]:
    """Return the dictionary that a YAML text is; tags of Python are refused."""
    module = yaml()
    loader = getattr(module, "CSafeLoader", module.SafeLoader)
    found: dict[str, Any] = module.load(text, Loader=loader) or {}
    return found


def write_yaml(value: Any, file: Path) -> None:
    """Write a value as YAML, with the names of a dictionary in order."""
    file.write_text(yaml().safe_dump(value, default_flow_style=False), encoding="utf-8")


class ModelInfo:
    """What is known of a model that was saved or logged."""

    def __init__(self, model: "Model", model_uri: str, logged_model: "LoggedModel | None" = None) -> None:
        self.artifact_path = model.artifact_path
        self.flavors = model.flavors
        self.model_uri = model_uri
        self.model_uuid = model.model_uuid
        self.run_id = model.run_id
        self.saved_input_example_info = model.saved_input_example_info
        self.signature = model.signature
        self.utc_time_created = model.utc_time_created
        self.mlflow_version = model.mlflow_version
        self.metadata = model.metadata
        self.prompts = model.prompts
        self.env_vars = model.env_vars
        self.registered_model_version: int | None = None
        self._logged_model = logged_model

    @property
    def signature_dict(self) -> dict[str, Any] | None:
        """The signature as it is written into the MLmodel file."""
        return None if self.signature is None else self.signature.to_dict()

    @property
    def model_id(self) -> str | None:
        """The id of the logged model; None where the model is in the artifacts of a run."""
        return None if self._logged_model is None else self._logged_model.model_id

    @property
    def name(self) -> str | None:
        """The name of the logged model."""
        return None if self._logged_model is None else self._logged_model.name

    @property
    def creation_timestamp(self) -> int | None:
        """When the logged model was created, in milliseconds since 1970."""
        return None if self._logged_model is None else self._logged_model.creation_timestamp

    @property
    def metrics(self) -> Any:
        """The metrics of the logged model."""
        return None if self._logged_model is None else self._logged_model.metrics

    @property
    def params(self) -> dict[str, str]:
        """The params of the logged model."""
        return {} if self._logged_model is None else self._logged_model.params

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the logged model."""
        return {} if self._logged_model is None else self._logged_model.tags


class Model:
    """A model: what its MLmodel file says.

    Args:
        artifact_path: Where its files are stored.
        run_id: The run that logged it.
        utc_time_created: When, as text.
        flavors: The flavours by their names, each a dictionary.
        signature: What it takes and gives.
        saved_input_example_info: Which files have its input example.
        model_uuid: An id that it has, logged or not.
        mlflow_version: The version of the format.
        metadata: What the user notes.
        model_size_bytes: The size of its files.
        resources: What else it needs, as MLflow describes that.
        env_vars: The names of environment variables that it reads.
        auth_policy: Of Databricks; kept as it is.
        model_id: The id of the logged model.
        prompts: The prompts that it uses.
        kwargs: More fields of the file, which are kept.
    """

    def __init__(
        self,
        artifact_path: str | None = None,
        run_id: str | None = None,
        utc_time_created: str | datetime | None = None,
        flavors: dict[str, dict[str, Any]] | None = None,
        signature: ModelSignature | None = None,
        saved_input_example_info: dict[str, Any] | None = None,
        model_uuid: str | None = None,
        mlflow_version: str | None = FORMAT_VERSION,
        metadata: dict[str, Any] | None = None,
        model_size_bytes: int | None = None,
        resources: Any = None,
        env_vars: list[str] | None = None,
        auth_policy: Any = None,
        model_id: str | None = None,
        prompts: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.artifact_path = artifact_path
        self.run_id = run_id
        self.utc_time_created = str(utc_time_created or datetime.now(timezone.utc).replace(tzinfo=None))
        self.flavors = flavors or {}
        self.signature = signature
        self.saved_input_example_info = saved_input_example_info
        self.model_uuid = model_uuid or uuid.uuid4().hex
        self.mlflow_version = mlflow_version
        self.metadata = metadata
        self.model_size_bytes = model_size_bytes
        self.resources = resources
        self.env_vars = env_vars
        self.auth_policy = auth_policy
        self.model_id = model_id
        self.prompts = prompts
        self.file_digests: dict[str, str] | None = kwargs.pop("file_digests", None)
        self._more = kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Model) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(self.model_uuid)

    def get_input_schema(self) -> "Schema | None":
        """Return the schema of the inputs; None if there is no signature."""
        return None if self.signature is None else self.signature.inputs

    def get_output_schema(self) -> "Schema | None":
        """Return the schema of the outputs; None if there is no signature."""
        return None if self.signature is None else self.signature.outputs

    def get_params_schema(self) -> "ParamSchema | None":
        """Return the schema of the params; None if there is no signature, or none in it."""
        return None if self.signature is None else self.signature.params

    def is_signature_from_type_hint(self) -> bool:
        """Return whether the signature is that of a function's hints, which checks its input itself."""
        return self.signature is not None and self.signature._is_signature_from_type_hint  # noqa: SLF001 - its own

    def add_flavor(self, name: str, **params: Any) -> "Model":
        """Add a flavour, that is how the model is loaded."""
        self.flavors[name] = params
        return self

    def flavor(self, name: str) -> dict[str, Any]:
        """Return what is written of a flavour.

        Raises:
            MlflowException: The model does not have it.
        """
        if name not in self.flavors:
            raise MlflowException(
                f'Model does not have the "{name}" flavor: it has {", ".join(sorted(self.flavors))}',
                error_code=RESOURCE_DOES_NOT_EXIST,
            )
        return self.flavors[name]

    def load_input_example(self, path: str | None = None) -> Any:
        """Return the input example, of the model in a folder or at a URI; by default where it was logged."""
        from trackhelm.models.examples import load_example

        return load_example(self, self._reader(path))

    def load_input_example_params(self, path: str | None = None) -> Mapping[str, Any] | None:
        """Return the params of the input example."""
        from trackhelm.models.examples import load_example_params

        return load_example_params(self, self._reader(path))

    def get_serving_input(self, path: str) -> str | None:
        """Return the request that asks a scoring server about the input example, as JSON."""
        info = self.saved_input_example_info or {}
        file = info.get("serving_input_path")
        return None if file is None else self._reader(path)(file)

    def _reader(self, path: str | None) -> Any:
        from trackhelm.artifacts import load_text
        from trackhelm.models.loading import local_path_of

        place = str(
            path
            or (f"models:/{self.model_id}" if self.model_id else f"runs:/{self.run_id}/{self.artifact_path}")
        )
        local = local_path_of(place)
        if local is not None:
            return lambda file: (local / file).read_text(encoding="utf-8")
        return lambda file: load_text(f"{place}/{file}")

    def get_model_info(self, logged_model: "LoggedModel | None" = None) -> ModelInfo:
        """Return what is known of the model."""
        if logged_model is None and self.model_id is not None:
            from trackhelm.fluent.models import get_logged_model

            logged_model = get_logged_model(self.model_id)
        uri = f"models:/{self.model_id}" if self.model_id else f"runs:/{self.run_id}/{self.artifact_path}"
        return ModelInfo(self, uri, logged_model)

    def to_dict(self) -> dict[str, Any]:
        """Return what is written into the file."""
        found = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        for name in (
            *_OPTIONAL,
            "artifact_path",
            "run_id",
            "signature",
            "saved_input_example_info",
            "mlflow_version",
        ):
            if found[name] is None:
                del found[name]
        if self.signature is not None:
            found["signature"] = self.signature.to_dict()
            found["is_signature_from_type_hint"] = self.signature._is_signature_from_type_hint  # noqa: SLF001 - its own
            found["type_hint_from_example"] = self.signature._is_type_hint_from_example  # noqa: SLF001 - likewise
        return {**self._more, **found}

    def to_yaml(self, stream: Any = None) -> Any:
        """Return the text of the file, or write it to a stream."""
        return yaml().safe_dump(self.to_dict(), stream=stream, default_flow_style=False)

    def to_json(self) -> str:
        """Return what the file says, as JSON."""
        return json.dumps(self.to_dict())

    def save(self, path: str | Path) -> None:
        """Write the file."""
        write_yaml(self.to_dict(), Path(path))

    @classmethod
    def from_dict(cls, model_dict: Mapping[str, Any]) -> "Model":
        """Return the model of what is written in a file."""
        fields = dict(model_dict)
        is_from_hint = fields.pop("is_signature_from_type_hint", False)
        is_from_example = fields.pop("type_hint_from_example", False)
        if isinstance(fields.get("signature"), Mapping):
            signature = ModelSignature.from_dict(fields["signature"])
            signature._is_signature_from_type_hint = bool(is_from_hint)  # noqa: SLF001 - its own
            signature._is_type_hint_from_example = bool(is_from_example)  # noqa: SLF001 - likewise
            fields["signature"] = signature
        fields.setdefault("mlflow_version", None)
        return cls(**fields)

    @classmethod
    def from_text(cls, text: str) -> "Model":
        """Return the model of the text of a file."""
        return cls.from_dict(parse_yaml(text))

    @classmethod
    def load(cls, path: str | Path) -> "Model":
        """Return the model of a file, of the folder that the file is in, or of a URI."""
        from trackhelm.models.loading import load_meta, local_path_of

        local = local_path_of(str(path))
        if local is None:
            return load_meta(str(path))
        file = local / MLMODEL if local.is_dir() else local
        if not file.is_file():
            raise MlflowException(
                f'Could not find an "MLmodel" configuration file at "{path}"',
                error_code=RESOURCE_DOES_NOT_EXIST,
            )
        return cls.from_text(file.read_text(encoding="utf-8"))

    @classmethod
    def log(cls, artifact_path: str | None, flavor: Any, **how: Any) -> ModelInfo:
        """Save a model by a flavour and store it on the server; see `models.storing.log_model`."""
        from trackhelm.models.storing import log_model

        return log_model(flavor.save_model, artifact_path=artifact_path, **how)


def get_model_info(model_uri: str) -> ModelInfo:
    """Return what is known of a model, of which only the MLmodel file is read."""
    from trackhelm.models.loading import load_meta

    model = load_meta(model_uri)
    if model.model_id is None:
        return ModelInfo(model, model_uri)
    return model.get_model_info()
