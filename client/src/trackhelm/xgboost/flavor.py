"""The flavour of XGBoost: how its models are saved, logged and loaded. Its format runs no code."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from trackhelm.models import requirements
from trackhelm.models.loading import fetch
from trackhelm.models.model import Model, ModelInfo
from trackhelm.models.saving import ModelFolder, named_class, shared
from trackhelm.models.storing import log_given
from trackhelm.pyfunc.loading import add_code

FLAVOR_NAME: Final = "xgboost"
_BOOSTER: Final = "xgboost.core.Booster"
_DISTRIBUTIONS: Final = ("xgboost", "xgboost-cpu")


def get_default_pip_requirements() -> list[str]:
    """Return what every model of this flavour needs, pinned."""
    installed = [name for name in _DISTRIBUTIONS if requirements.is_installed(name)]
    return [requirements.pinned(name) for name in installed[:1] or _DISTRIBUTIONS[:1]]


def get_default_conda_env() -> dict[str, Any]:
    """Return the conda environment of these requirements."""
    return requirements.conda_of(get_default_pip_requirements())


def save_model(
    xgb_model: Any,
    path: str | Path,
    conda_env: Any = None,
    code_paths: Iterable[str] | None = None,
    mlflow_model: Model | None = None,
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    model_format: str = "ubj",
    metadata: dict[str, Any] | None = None,
    extra_files: Iterable[str] | None = None,
) -> None:
    """Save a model as a folder.

    Args:
        xgb_model: A booster, or a model with the interface of scikit-learn.
        path: The folder.
        conda_env: A conda environment, instead of the requirements that are found.
        code_paths: Python files and folders that the model imports.
        mlflow_model: The description to which it is added.
        signature: What it takes and gives; inferred of the input example by default, False for none.
        input_example: An example of what it takes.
        pip_requirements: The requirements, instead of those that are found.
        extra_pip_requirements: Requirements beside those that are found.
        metadata: What the user notes.
        extra_files: Files that are kept beside the model.
        model_format: `ubj`, `json` or `deprecated`, as XGBoost names its formats.
    """
    import xgboost

    folder = ModelFolder(path, mlflow_model, **shared(locals()))
    file = f"model.{model_format}"
    xgb_model.save_model(folder.path / file)
    folder.infer_signature(_Wrapper(xgb_model).predict)
    folder.add_pyfunc("mlflow.xgboost", data=file)
    folder.model.add_flavor(
        FLAVOR_NAME,
        xgb_version=xgboost.__version__,
        data=file,
        model_class=named_class(xgb_model),
        model_format=model_format,
        code=folder.code,
        **folder.add_extra_files(),
    )
    needed = ["numpy", "pandas"] + (["scikit-learn"] if named_class(xgb_model) != _BOOSTER else [])
    folder.finish([*(one.partition("==")[0] for one in get_default_pip_requirements()), *needed])


def log_model(
    xgb_model: Any,
    artifact_path: str | None = None,
    conda_env: Any = None,
    code_paths: Iterable[str] | None = None,
    registered_model_name: str | None = None,
    signature: Any = None,
    input_example: Any = None,
    await_registration_for: int | None = 300,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    model_format: str = "ubj",
    metadata: dict[str, Any] | None = None,
    extra_files: Iterable[str] | None = None,
    name: str | None = None,
    params: dict[str, Any] | None = None,
    tags: dict[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    model_id: str | None = None,
    **kwargs: Any,
) -> ModelInfo:
    """Log a model: see `save_model` and `models.storing.log_model` for the arguments."""
    return log_given(save_model, locals())


def load_model(model_uri: str | Path, dst_path: str | None = None) -> Any:
    """Load a model as XGBoost has it: a booster, or a model with the interface of scikit-learn."""
    folder = fetch(model_uri, dst_path)
    flavor = Model.load(folder).flavor(FLAVOR_NAME)
    add_code(folder, flavor.get("code"))
    return _load(folder, flavor)


def _load(folder: Path, flavor: dict[str, Any]) -> Any:
    import xgboost

    # The class is named by the file, so that it is looked for in XGBoost alone.
    kind = getattr(xgboost, str(flavor.get("model_class", _BOOSTER)).rpartition(".")[2])
    model = kind()
    model.load_model(folder / flavor["data"])
    return model


class _Wrapper:
    """Asks a model in the way of `PyFuncModel`."""

    def __init__(self, xgb_model: Any) -> None:
        self.xgb_model = xgb_model

    def get_raw_model(self) -> Any:
        """Return the model of XGBoost."""
        return self.xgb_model

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the predictions; `params` are arguments of XGBoost's `predict`."""
        import inspect

        import xgboost

        predict = self.xgb_model.predict
        known = inspect.signature(predict).parameters
        given = {name: value for name, value in (params or {}).items() if name in known}
        if isinstance(self.xgb_model, xgboost.Booster):
            data = data if isinstance(data, xgboost.DMatrix) else xgboost.DMatrix(data)
        return predict(data, **given)


def _load_pyfunc(path: str) -> _Wrapper:
    """Return the model of a folder, or of the file in it, ready to be asked."""
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    return _Wrapper(_load(folder, Model.load(folder).flavor(FLAVOR_NAME)))
