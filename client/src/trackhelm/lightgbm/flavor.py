"""The flavour of LightGBM: boosters in its own format, which runs no code, and estimators as skops."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from trackhelm.models import pickles, requirements
from trackhelm.models.loading import fetch
from trackhelm.models.model import Model, ModelInfo
from trackhelm.models.saving import ModelFolder, named_class, shared
from trackhelm.models.storing import log_given
from trackhelm.pyfunc.loading import add_code

FLAVOR_NAME: Final = "lightgbm"
_BOOSTER: Final = "lightgbm.basic.Booster"
_TRUSTED: Final = (
    "collections.OrderedDict",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
)


def get_default_pip_requirements(include_cloudpickle: bool = False, include_skops: bool = False) -> list[str]:
    """Return what every model of this flavour needs, pinned."""
    names = ["lightgbm"] + ["cloudpickle"] * include_cloudpickle + ["skops"] * include_skops
    return [requirements.pinned(name) for name in names]


def get_default_conda_env(include_cloudpickle: bool = False, include_skops: bool = False) -> dict[str, Any]:
    """Return the conda environment of these requirements."""
    return requirements.conda_of(get_default_pip_requirements(include_cloudpickle, include_skops))


def save_model(
    lgb_model: Any,
    path: str | Path,
    conda_env: Any = None,
    code_paths: Iterable[str] | None = None,
    mlflow_model: Model | None = None,
    signature: Any = None,
    input_example: Any = None,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    metadata: dict[str, Any] | None = None,
    serialization_format: str | None = None,
    skops_trusted_types: list[str] | None = None,
    extra_files: Iterable[str] | None = None,
) -> None:
    """Save a model as a folder.

    Args:
        lgb_model: A booster, or a model with the interface of scikit-learn.
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
        serialization_format: `skops`, which is the default, `cloudpickle` or `pickle`, for other models than
            boosters.
        skops_trusted_types: The names of types in a skops file that skops does not trust by itself.
    """
    import lightgbm

    kind = pickles.checked_format(serialization_format or pickles.SKOPS)
    folder = ModelFolder(path, mlflow_model, **shared(locals()))
    needed = ["lightgbm", "numpy", "pandas"]
    if isinstance(lgb_model, lightgbm.Booster):
        file = "model.lgb"
        lgb_model.save_model(folder.path / file)
        trusted = None
    else:
        file = pickles.FILES[kind]
        trusted = pickles.dump(lgb_model, folder.path / file, kind, [*_TRUSTED, *(skops_trusted_types or ())])
        needed += ["scikit-learn", *([kind] if kind != pickles.PICKLE else [])]
    folder.infer_signature(_Wrapper(lgb_model).predict)
    folder.add_pyfunc("mlflow.lightgbm", data=file)
    folder.model.add_flavor(
        FLAVOR_NAME,
        lgb_version=lightgbm.__version__,
        data=file,
        model_class=named_class(lgb_model),
        serialization_format=kind,
        skops_trusted_types=trusted,
        code=folder.code,
        **folder.add_extra_files(),
    )
    folder.finish(needed)


def log_model(
    lgb_model: Any,
    artifact_path: str | None = None,
    conda_env: Any = None,
    code_paths: Iterable[str] | None = None,
    registered_model_name: str | None = None,
    signature: Any = None,
    input_example: Any = None,
    await_registration_for: int | None = 300,
    pip_requirements: Any = None,
    extra_pip_requirements: Any = None,
    metadata: dict[str, Any] | None = None,
    extra_files: Iterable[str] | None = None,
    name: str | None = None,
    params: dict[str, Any] | None = None,
    tags: dict[str, Any] | None = None,
    model_type: str | None = None,
    step: int = 0,
    model_id: str | None = None,
    serialization_format: str | None = None,
    skops_trusted_types: list[str] | None = None,
    **kwargs: Any,
) -> ModelInfo:
    """Log a model: see `save_model` and `models.storing.log_model` for the arguments."""
    return log_given(save_model, locals())


def load_model(model_uri: str | Path, dst_path: str | None = None) -> Any:
    """Load a model as LightGBM has it: a booster, or a model with the interface of scikit-learn."""
    folder = fetch(model_uri, dst_path)
    flavor = Model.load(folder).flavor(FLAVOR_NAME)
    add_code(folder, flavor.get("code"))
    return _load(folder, flavor)


def _load(folder: Path, flavor: dict[str, Any]) -> Any:
    file = folder / flavor["data"]
    if flavor.get("model_class", _BOOSTER) == _BOOSTER:
        import lightgbm

        return lightgbm.Booster(model_file=str(file))
    return pickles.load(file, flavor.get("serialization_format", pickles.CLOUDPICKLE))


class _Wrapper:
    """Asks a model in the way of `PyFuncModel`."""

    def __init__(self, lgb_model: Any) -> None:
        self.lgb_model = lgb_model

    def get_raw_model(self) -> Any:
        """Return the model of LightGBM."""
        return self.lgb_model

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> Any:
        """Return the predictions."""
        return self.lgb_model.predict(data)


def _load_pyfunc(path: str) -> _Wrapper:
    """Return the model of a folder, or of the file in it, ready to be asked."""
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    return _Wrapper(_load(folder, Model.load(folder).flavor(FLAVOR_NAME)))
