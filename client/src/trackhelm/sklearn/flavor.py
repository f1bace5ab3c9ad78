"""The flavour of scikit-learn: how its models are saved, logged and loaded."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from trackhelm.models import pickles, requirements
from trackhelm.models.loading import fetch
from trackhelm.models.model import Model, ModelInfo
from trackhelm.models.saving import ModelFolder, shared
from trackhelm.models.storing import log_given
from trackhelm.pyfunc.loading import add_code

FLAVOR_NAME: Final = "sklearn"
SERIALIZATION_FORMAT_PICKLE: Final = pickles.PICKLE
SERIALIZATION_FORMAT_CLOUDPICKLE: Final = pickles.CLOUDPICKLE
SERIALIZATION_FORMAT_SKOPS: Final = pickles.SKOPS
SUPPORTED_SERIALIZATION_FORMATS: Final = list(pickles.FORMATS)
_OTHER_METHODS: Final = ("predict_proba", "predict_log_proba", "predict_joint_log_proba", "score")

_logger = logging.getLogger("trackhelm")


def get_default_pip_requirements(include_cloudpickle: bool = False, include_skops: bool = False) -> list[str]:
    """Return what every model of this flavour needs, pinned."""
    names = ["scikit-learn"] + ["cloudpickle"] * include_cloudpickle + ["skops"] * include_skops
    return [requirements.pinned(name) for name in names]


def get_default_conda_env(include_cloudpickle: bool = False, include_skops: bool = False) -> dict[str, Any]:
    """Return the conda environment of these requirements."""
    return requirements.conda_of(get_default_pip_requirements(include_cloudpickle, include_skops))


def save_model(
    sk_model: Any,
    path: str | Path,
    conda_env: Any = None,
    code_paths: Iterable[str] | None = None,
    mlflow_model: Model | None = None,
    serialization_format: str | None = None,
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    pyfunc_predict_fn: str = "predict",
    metadata: dict[str, Any] | None = None,
    skops_trusted_types: list[str] | None = None,
    extra_files: Iterable[str] | None = None,
) -> None:
    """Save an estimator as a folder.

    Args:
        sk_model: The estimator, or a pipeline or search of estimators.
        path: The folder.
        conda_env: A conda environment, instead of the requirements that are found.
        code_paths: Python files and folders that the model imports.
        mlflow_model: The description to which it is added.
        serialization_format: `skops`, which is the default and runs no code when it is loaded; `cloudpickle`
            or `pickle`.
        signature: What it takes and gives; inferred of the input example by default, False for none.
        input_example: An example of what it takes.
        pip_requirements: The requirements, instead of those that are found.
        extra_pip_requirements: Requirements beside those that are found.
        pyfunc_predict_fn: The method that `PyFuncModel.predict` calls, such as `predict_proba`.
        metadata: What the user notes.
        skops_trusted_types: The names of types in a skops file that skops does not trust by itself.
        extra_files: Files that are kept beside the model.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.sklearn.save_model(forest, "forest", input_example=X_train[:5])
    """
    import sklearn

    kind = pickles.checked_format(serialization_format or SERIALIZATION_FORMAT_SKOPS)
    folder = ModelFolder(path, mlflow_model, **shared(locals()))
    file = pickles.FILES[kind]
    trusted = pickles.dump(sk_model, folder.path / file, kind, skops_trusted_types)
    if hasattr(sk_model, pyfunc_predict_fn):
        wrapper = _Wrapper(sk_model)
        folder.infer_signature(getattr(wrapper, pyfunc_predict_fn))
        folder.add_pyfunc("mlflow.sklearn", model_path=file, predict_fn=pyfunc_predict_fn)
    else:
        _logger.warning(
            "Model was missing function: %s. Not logging python_function flavor!", pyfunc_predict_fn
        )
    extra = folder.add_extra_files()
    folder.model.add_flavor(
        FLAVOR_NAME,
        pickled_model=file,
        sklearn_version=sklearn.__version__,
        serialization_format=kind,
        code=folder.code,
        skops_trusted_types=trusted,
        **extra,
    )
    needed = ["scikit-learn", "numpy", "pandas"] + ([kind] if kind != SERIALIZATION_FORMAT_PICKLE else [])
    folder.finish(needed, _modules_of(sk_model))


def log_model(
    sk_model: Any,
    artifact_path: str | None = None,
    conda_env: Any = None,
    code_paths: Iterable[str] | None = None,
    serialization_format: str | None = None,
    registered_model_name: str | None = None,
    signature: Any = None,
    input_example: Any = None,
    await_registration_for: int | None = 300,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    pyfunc_predict_fn: str = "predict",
    metadata: dict[str, Any] | None = None,
    extra_files: Iterable[str] | None = None,
    params: dict[str, Any] | None = None,
    tags: dict[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    model_id: str | None = None,
    name: str | None = None,
    skops_trusted_types: list[str] | None = None,
    **kwargs: Any,
) -> ModelInfo:
    """Log an estimator: see `save_model` and `models.storing.log_model` for the arguments.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.sklearn.log_model(forest, name="forest", registered_model_name="iris-forest")
    """
    return log_given(save_model, locals())


def load_model(model_uri: str | Path, dst_path: str | None = None) -> Any:
    """Load an estimator.

    Args:
        model_uri: A path, `runs:/RUN/path`, `models:/NAME/VERSION` and so on.
        dst_path: The folder into which it is downloaded.

    Raises:
        MlflowException: It is no model of scikit-learn, or a pickle of unknown origin.
    """
    folder = fetch(model_uri, dst_path)
    flavor = Model.load(folder).flavor(FLAVOR_NAME)
    add_code(folder, flavor.get("code"))
    return _load(folder, flavor)


def _load(folder: Path, flavor: dict[str, Any]) -> Any:
    kind = flavor.get("serialization_format", SERIALIZATION_FORMAT_PICKLE)
    return pickles.load(folder / flavor["pickled_model"], kind)


class _Wrapper:
    """Asks an estimator in the way of `PyFuncModel`."""

    def __init__(self, sklearn_model: Any) -> None:
        self.sklearn_model = sklearn_model
        for name in _OTHER_METHODS:
            method = getattr(sklearn_model, name, None)
            if method is not None:
                setattr(self, name, method)

    def get_raw_model(self) -> Any:
        """Return the estimator."""
        return self.sklearn_model

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the estimator's predictions."""
        return self.sklearn_model.predict(data)


def _load_pyfunc(path: str) -> _Wrapper:
    """Return the model of a folder, or of the file in it, ready to be asked."""
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    return _Wrapper(_load(folder, Model.load(folder).flavor(FLAVOR_NAME)))


def _modules_of(estimator: Any) -> set[str]:
    """Return the first names of the modules of an estimator and of those in it."""
    found = {type(estimator).__module__.partition(".")[0]}
    parts: dict[str, Any] = getattr(estimator, "get_params", dict)()
    return found | {
        type(part).__module__.partition(".")[0] for part in parts.values() if hasattr(part, "get_params")
    }
