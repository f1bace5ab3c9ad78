"""What is known of the data of a training: the call's arguments, datasets, examples and signatures."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from trackhelm.autologging.patching import Original, original_of
from trackhelm.autologging.recording import EXAMPLE_ROWS

if TYPE_CHECKING:
    from trackhelm.autologging.integrations import Integration
    from trackhelm.data import Dataset

_WHOLE_DIGEST_BYTES: Final = 64 << 20
_END_ROWS: Final = 10_000


def signature_of(function: Any) -> inspect.Signature:
    """Return the signature of a function, also of one that is replaced."""
    return inspect.signature(original_of(function.function if isinstance(function, Original) else function))


def call_params(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], left_out: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the arguments of a call as params: those given, and the defaults of the others.

    Args:
        function: The function; its parameter `self` is not counted.
        args: The arguments by position, without `self`.
        kwargs: The arguments by name.
        left_out: Names that become no params.
    """
    parameters = [one for one in signature_of(function).parameters.values() if one.name != "self"]
    found = {parameter.name: value for parameter, value in zip(parameters, args, strict=False)}
    found |= kwargs
    found |= {one.name: one.default for one in parameters[len(args) :] if one.name not in kwargs}
    dropped = set(left_out)
    return {name: value for name, value in found.items() if name not in dropped}


def argument(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], name: str, default: Any = None
) -> Any:
    """Return one argument of a call, wherever it was given; `args` are without `self`."""
    if name in kwargs:
        return kwargs[name]
    names = [one for one in signature_of(function).parameters if one != "self"]
    position = names.index(name) if name in names else len(args)
    return args[position] if position < len(args) else default


def with_argument(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], name: str, value: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call with another value of one, which the caller's objects do not see."""
    names = [one for one in signature_of(function).parameters if one != "self"]
    position = names.index(name) if name in names else len(args)
    if position < len(args):
        return (*args[:position], value, *args[position + 1 :]), dict(kwargs)
    return args, {**kwargs, name: value}


def dataset_of(
    integration: "Integration", features: Any, targets: Any = None, name: str | None = None
) -> "Dataset | None":
    """Return data as a dataset whose source is this program; None, with a warning, if its type is not known.

    Args:
        integration: Which warns.
        features: A data frame of pandas or polars, a numpy array, a sparse matrix, or a dictionary of arrays.
        targets: An array; data frames are noted without.
        name: Its name, `dataset` by default.
    """
    from trackhelm import data

    try:
        if _is_of("pandas", "DataFrame", features):
            return _of_this_program(data.from_pandas(features, name=name))
        if _is_of("polars", "DataFrame", features):
            return _of_this_program(data.from_polars(features, name=name))
        if hasattr(features, "toarray"):
            features = features.toarray()
        if hasattr(targets, "toarray"):
            targets = targets.toarray()
        if _is_array(features) or (isinstance(features, Mapping) and all(map(_is_array, features.values()))):
            targets = None if targets is None else _as_arrays(targets)
            digest = _short_digest(features, targets)
            return _of_this_program(data.from_numpy(features, targets=targets, name=name, digest=digest))
    except Exception as error:  # noqa: BLE001 - the training goes on
        integration.warn("a dataset could not be described", error)
        return None
    integration.warn(f"a dataset of the type {type(features).__name__} is not described")
    return None


def _of_this_program(dataset: "Dataset") -> "Dataset":
    from trackhelm.context import context_tags

    dataset.source_type, dataset.source = "code", {"tags": context_tags()}
    return dataset


def _is_of(module: str, kind: str, value: Any) -> bool:
    """Return whether a value is of a class or derived from it, without importing its library."""
    return any(
        base.__name__ == kind and base.__module__.partition(".")[0] == module for base in type(value).__mro__
    )


def _is_array(value: Any) -> bool:
    return _is_of("numpy", "ndarray", value)


def _as_arrays(value: Any) -> Any:
    import numpy as np

    return value if isinstance(value, Mapping) else np.asarray(value)


def _short_digest(features: Any, targets: Any) -> str | None:
    """Return the digest of the first and last rows of large arrays; None where all of it is to be read."""
    import hashlib

    arrays = [
        array
        for part in (features, targets)
        if part is not None
        for array in (part.values() if isinstance(part, Mapping) else [part])
    ]
    if sum(array.nbytes for array in arrays) <= _WHOLE_DIGEST_BYTES:
        return None
    whole = hashlib.sha256()
    for array in arrays:
        whole.update(f"{array.dtype}/{array.shape}".encode())
        for rows in (array[:_END_ROWS], array[-_END_ROWS:]):
            whole.update(repr(rows.tolist()).encode() if array.dtype.hasobject else rows.tobytes())
    return whole.hexdigest()[:32]


def first_rows(data: Any) -> Any:
    """Return a copy of the first five rows of data, as the input example.

    Raises:
        TypeError: It has no rows that can be taken.
    """
    if data is None or isinstance(data, str):
        raise TypeError(f"no rows can be taken of {data!r}")
    return deepcopy(data[:EXAMPLE_ROWS])


class Example:
    """The first rows of the training data, taken before the training may change them, or why there are none.

    Args:
        take: Returns the rows.
    """

    def __init__(self, take: Callable[[], Any]) -> None:
        self.rows: Any = None
        self.failure: str | None = None
        try:
            self.rows = take()
        except Exception as error:  # noqa: BLE001 - it is told if somebody asks for the rows
            self.failure = str(error) or type(error).__name__

    def for_model(self, integration: "Integration", infer_outputs: Callable[[Any], Any]) -> tuple[Any, Any]:
        """Return the input example and the signature for `log_model`, as the options want them.

        The signature is False, and none is inferred later, if it is not wanted or could not be inferred.

        Args:
            integration: Whose options say what is wanted, and which warns.
            infer_outputs: Returns what the trained model says of rows like these.
        """
        wants_example = integration.option("log_input_examples")
        wants_signature = integration.option("log_model_signatures")
        if not wants_example and not wants_signature:
            return None, None
        if self.failure is not None:
            if wants_example:
                integration.warn(f"there is no input example: {self.failure}")
            if wants_signature:
                integration.warn(f"there is no signature: {self.failure}")
            return None, None
        signature: Any = False
        if wants_signature:
            from trackhelm.models import infer_signature

            try:
                # A copy, since a model may change what it is given.
                signature = infer_signature(self.rows, infer_outputs(deepcopy(self.rows)))
            except Exception as error:  # noqa: BLE001 - the model is logged without
                integration.warn("the signature could not be inferred", error)
        return self.rows if wants_example else None, signature
