"""Estimators in files: skops, pickle and cloudpickle, for all libraries with scikit-learn's interface.

A pickle, and a skops file that names types which skops does not trust, is loaded only if the file can be
trusted.
"""

import pickle
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from trackhelm.exceptions import INTERNAL_ERROR, INVALID_PARAMETER_VALUE, MlflowException
from trackhelm.models.trust import require_trusted

PICKLE: Final = "pickle"
CLOUDPICKLE: Final = "cloudpickle"
SKOPS: Final = "skops"
FORMATS: Final = (PICKLE, CLOUDPICKLE, SKOPS)
_KNOWN: Final = ("sklearn.", "xgboost.", "lightgbm.")
"""Types of these libraries are written though the user does not name them; loading needs a trusted file."""
FILES: Final = {PICKLE: "model.pkl", CLOUDPICKLE: "model.pkl", SKOPS: "model.skops"}


def checked_format(serialization_format: str) -> str:
    """Return a format.

    Raises:
        MlflowException: It is none of the three.
    """
    if serialization_format not in FORMATS:
        raise MlflowException(
            f"Unrecognized serialization format: {serialization_format}. Please specify one of the following "
            f"supported formats: {list(FORMATS)}.",
            error_code=INVALID_PARAMETER_VALUE,
        )
    return serialization_format


def dump(
    estimator: Any, file: Path, serialization_format: str, trusted: Sequence[str] | None = None
) -> list[str] | None:
    """Write an estimator, and return which types a skops file has that skops does not trust by itself.

    Args:
        estimator: The estimator.
        file: The file.
        serialization_format: `skops`, `pickle` or `cloudpickle`.
        trusted: The names of types that may be in a skops file beside those that skops trusts
            and those of scikit-learn, XGBoost and LightGBM.
    """
    if serialization_format == SKOPS:
        return _dump_skops(estimator, file, trusted)
    library: Any = import_module(serialization_format)
    try:
        with file.open("wb") as content:
            library.dump(estimator, content, protocol=pickle.DEFAULT_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        file.unlink(missing_ok=True)
        raise pickle.PicklingError(
            f"Pickling custom sklearn model {type(estimator).__name__} failed when saving model: {error}"
        ) from error
    return None


def _skops_io() -> Any:
    try:
        import skops.io
    except ModuleNotFoundError:
        raise MlflowException(
            "Models of scikit-learn are saved as skops, which runs no code when it is loaded: pip install "
            "skops, or pass serialization_format='cloudpickle'"
        ) from None
    return skops.io


def _dump_skops(estimator: Any, file: Path, trusted: Sequence[str] | None) -> list[str] | None:
    skops_io = _skops_io()
    try:
        skops_io.dump(estimator, file)
        named = set(skops_io.get_untrusted_types(file=file))
        known = {name for name in named if name.startswith(_KNOWN)} | set(trusted or ())
        unknown = named - known
        if not unknown:
            skops_io.load(file, trusted=sorted(known & named))
    except Exception as error:
        file.unlink(missing_ok=True)
        raise MlflowException(
            "The sklearn model could not be serialized in the skops serialization format, which knows no "
            "functions and classes that are not defined at the top level of a module: pass "
            f"serialization_format='cloudpickle'. Error: {error}"
        ) from error
    if unknown:
        file.unlink()
        raise MlflowException(
            "The saved sklearn model references untrusted types. If you are sure loading these types is "
            f"safe, set the 'skops_trusted_types' parameter to the list of trusted types: {sorted(unknown)}",
            error_code=INVALID_PARAMETER_VALUE,
        )
    return sorted({*named, *(trusted or ())}) or None


def load(file: Path, serialization_format: str) -> Any:
    """Load an estimator.

    Args:
        file: The file.
        serialization_format: `skops`, `pickle` or `cloudpickle`.
    """
    checked_format(serialization_format)
    if serialization_format == SKOPS:
        skops_io = _skops_io()
        unknown = sorted(skops_io.get_untrusted_types(file=file))
        if unknown:
            # The author of the file wrote the list of types in the MLmodel file, too.
            require_trusted(
                file, f"a skops file that names types which skops does not trust ({', '.join(unknown)})"
            )
        return skops_io.load(file, trusted=unknown)
    require_trusted(file, "a pickle")
    if serialization_format == CLOUDPICKLE:
        import cloudpickle

        with file.open("rb") as content:
            return cloudpickle.load(content)
    if serialization_format == PICKLE:
        with file.open("rb") as content:
            return pickle.load(content)  # noqa: S301 - it is trusted
    raise MlflowException(
        f"Unrecognized serialization format: {serialization_format}", error_code=INTERNAL_ERROR
    )
