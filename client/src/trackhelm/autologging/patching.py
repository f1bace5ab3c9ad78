"""Replaces functions of other libraries, so that a failure of what is added never reaches their caller.

A behaviour is called instead of the function and gets the function as its first argument. Whatever the
behaviour does, the caller gets what the function returned or raised, and the function is called exactly once:

1. What the function raises is raised unchanged.
2. If the behaviour fails before it has called the function, the function is called with the caller's
   arguments.
3. If it fails afterwards, what the function returned is returned.

`MLFLOW_AUTOLOGGING_TESTING=true` raises what a behaviour fails with instead of logging it, for tests.
"""

import functools
import inspect
import operator
from collections.abc import Callable
from threading import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from trackhelm import environment

if TYPE_CHECKING:
    from trackhelm.autologging.integrations import Integration

Behaviour = Callable[..., Any]
"""`behaviour(original, *args, **kwargs)`; what it returns is not used."""

Kind = TypeVar("Kind")

_lock: Final = RLock()
_points: "dict[tuple[int, str], _Point]" = {}


class Original:
    """The function that a behaviour stands for: calls it, and remembers what came of it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.is_called = False
        self.result: Any = None
        self.failure: BaseException | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function; the first call counts, and later ones are the behaviour's own business."""
        if self.is_called:
            return self.function(*args, **kwargs)
        self.is_called = True
        try:
            self.result = self.function(*args, **kwargs)
        except BaseException as error:
            self.failure = error
            raise
        return self.result


class _Point:
    """An attribute of a module, class or object that is replaced."""

    def __init__(self, owner: Any, name: str) -> None:
        self.owner = owner
        self.name = name
        self.raw = inspect.getattr_static(owner, name)
        self.is_own = name in vars(owner)
        self.behaviours: list[tuple[Integration, Behaviour]] = []
        original = self.raw
        if isinstance(original, classmethod | staticmethod):
            raise TypeError(f"{name} of {owner!r} is no plain function")
        self.original: Callable[..., Any] = getattr(original, "__trackhelm_original__", original)
        self.replacement = _replacement(self, is_module=isinstance(owner, ModuleType))

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return _run(tuple(self.behaviours), self.original, args, kwargs)

    def restore(self) -> None:
        # Another library may have replaced it after us; what it put there calls ours, which does nothing now.
        if inspect.getattr_static(self.owner, self.name, None) is not self.replacement:
            return
        if self.is_own:
            setattr(self.owner, self.name, self.raw)
        else:
            delattr(self.owner, self.name)


class PatchedFunction:
    """Stands for a function of a module. It is pickled and copied as that function itself.

    A replaced function of a module is no longer found under its name, which pickle asks for. What holds it,
    such as a scorer, is so loaded by programs that do not log, and where this package is not installed.
    """

    def __init__(self, point: _Point) -> None:
        self._point = point
        functools.update_wrapper(self, point.original)
        self.__trackhelm_original__ = point.original

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the behaviours and the function."""
        return self._point.call(args, kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return operator.getitem, ((self._point.original,), 0)

    def __copy__(self) -> "PatchedFunction":
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> "PatchedFunction":
        return self

    def __repr__(self) -> str:
        return repr(self._point.original)


def _replacement(point: _Point, *, is_module: bool) -> Any:
    if is_module:
        return PatchedFunction(point)

    @functools.wraps(point.original)
    def patched(*args: Any, **kwargs: Any) -> Any:
        return point.call(args, kwargs)

    patched.__trackhelm_original__ = point.original  # type: ignore[attr-defined]
    return patched


def patch(integration: "Integration", owner: Any, name: str, behaviour: Behaviour) -> None:
    """Let a behaviour be called instead of a function until `unpatch(integration)`.

    Args:
        integration: Whose behaviour it is. It is called only while the integration logs.
        owner: The module, class or object that has the function.
        name: The function's name. Nothing is done if there is no plain function of that name.
        behaviour: Called with the `Original` and the arguments.
    """
    with _lock:
        point = _points.get((id(owner), name))
        if point is None:
            try:
                point = _Point(owner, name)
                setattr(owner, name, point.replacement)
            except (AttributeError, TypeError):
                return
            _points[id(owner), name] = point
        if all(existing is not integration for existing, _ in point.behaviours):
            point.behaviours.append((integration, behaviour))


def unpatch(integration: "Integration") -> None:
    """Take away all behaviours of an integration; a function without any is as it was before."""
    with _lock:
        for key, point in list(_points.items()):
            point.behaviours = [entry for entry in point.behaviours if entry[0] is not integration]
            if not point.behaviours:
                point.restore()
                del _points[key]


def original_of(function: Any) -> Any:
    """Return the function for which a replaced one stands; any other as it is."""
    return getattr(function, "__trackhelm_original__", function)


def _run(
    behaviours: "tuple[tuple[Integration, Behaviour], ...]",
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    if not behaviours:
        return function(*args, **kwargs)
    (integration, behaviour), rest = behaviours[-1], behaviours[:-1]

    def inner(*args: Any, **kwargs: Any) -> Any:
        return _run(rest, function, args, kwargs)

    if not integration.is_logging():
        return inner(*args, **kwargs)
    original = Original(functools.wraps(function)(inner))
    try:
        behaviour(original, *args, **kwargs)
    except BaseException as error:
        if original.failure is None:
            _forgive(integration, function, error)
        elif error is original.failure:
            raise
    if original.failure is not None:
        # Also if logging the failure failed in turn.
        raise original.failure
    if not original.is_called:
        return inner(*args, **kwargs)
    return original.result


def _forgive(integration: "Integration", function: Callable[..., Any], error: BaseException) -> None:
    """Warn of what a behaviour raised, unless it is the user's interrupt or tests want to know."""
    if not isinstance(error, Exception) or environment.flag("AUTOLOGGING_TESTING", default=False):
        raise error
    integration.warn(f"{getattr(function, '__qualname__', function)} is logged incompletely", error)


def quiet(integration: "Integration", function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that warns of an exception and returns None, instead of raising it."""

    @functools.wraps(function)
    def careful(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - it is a warning, or for tests raised
            _warn_of_hook(integration, function, error)
            return None

    return careful


def _warn_of_hook(integration: "Integration", function: Callable[..., Any], error: Exception) -> None:
    if environment.flag("AUTOLOGGING_TESTING", default=False):
        raise error
    integration.warn(f"{function.__qualname__} is logged incompletely", error)


def quiet_hooks(kind: type[Kind]) -> type[Kind]:
    """Let the hooks of a callback raise nothing: decorates a class whose objects have a `recorder`.

    The hooks are the methods that the class itself defines and whose names begin with no underscore.
    """
    for name, method in list(vars(kind).items()):
        if not name.startswith("_") and inspect.isfunction(method):
            setattr(kind, name, _quiet_hook(method))
    return kind


def _quiet_hook(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def hook(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - it is a warning, or for tests raised
            _warn_of_hook(self.recorder.integration, method, error)
            return None

    return hook
