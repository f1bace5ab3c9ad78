"""Which framework logs by itself, and how: the options of each, and `autolog` for all of them."""

import logging
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from threading import RLock
from types import ModuleType
from typing import Any, Final

from trackhelm.autologging import imports, patching, sessions

_logger = logging.getLogger("trackhelm")
_lock: Final = RLock()
_VERSION_PARTS: Final = 3
# Of options that not every framework has, and of `watch`, which needs no call of `autolog`.
_DEFAULTS: Final = {
    "log_models": True,
    "log_model_signatures": True,
    "log_datasets": True,
    "log_post_training_metrics": True,
}


class Integration:
    """A framework that can log by itself.

    Args:
        name: The flavour, which is also the value of the tag `mlflow.autologging`.
        packages: The distributions of which one is needed, with the least version of each that is tested.
    """

    def __init__(self, name: str, **packages: str) -> None:
        self.name: Final = name
        self.packages: Final = {package.replace("_", "-"): least for package, least in packages.items()}
        self.options: dict[str, Any] = {}
        self.is_on = False
        self.is_explicit = False
        """Whether it was turned on or off by a call of its own, which `autolog` does not overrule."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Be the same one in another process, to which a callback is sent."""
        return _found, (self.name,)

    def option(self, name: str) -> Any:
        """Return an option as it was given last, or its default if there was no such call."""
        return self.options.get(name, _DEFAULTS.get(name))

    def configure(
        self, options: dict[str, Any], apply: Callable[[], None], *, is_explicit: bool = True
    ) -> None:
        """Turn it on with options, or off if `disable` is among them. What was on before is undone first.

        Args:
            options: The parameters of the flavour's `autolog`, by their names.
            apply: Patches the framework.
            is_explicit: Whether the user asked for this framework, and not for whichever there is.
        """
        with _lock:
            self.is_on = False
            patching.unpatch(self)
            self.options = dict(options)
            self.is_explicit = is_explicit
            if options.get("disable"):
                return
            old = self.unsupported_version() if options.get("disable_for_unsupported_versions") else None
            if old is not None:
                self.warn(f"it is off, since {old} is older than what it was tested with")
                return
            self.is_on = True
            try:
                apply()
            except BaseException:
                self.is_on = False
                patching.unpatch(self)
                raise

    def unsupported_version(self) -> str | None:
        """Return the distribution and version that is installed and older than what is tested."""
        for package, least in self.packages.items():
            with suppress(PackageNotFoundError):
                found = version(package)
                if _numbers(found) < _numbers(least):
                    return f"{package} {found}"
        return None

    def is_logging(self) -> bool:
        """Return whether it logs now: it is on, and not kept from the user's run by `exclusive`."""
        if not self.is_on:
            return False
        if self.options.get("exclusive"):
            from trackhelm.fluent.runs import active_run

            active = active_run()
            return active is None or sessions.is_managed(active.info.run_id)
        return True

    def warn(self, message: str, error: BaseException | None = None) -> None:
        """Log a warning, unless the user wants none."""
        if self.options.get("silent"):
            return
        reason = "" if error is None else f": {type(error).__name__}: {error}"
        _logger.warning("Autologging of %s: %s%s", self.name, message, reason)


def _found(name: str) -> Integration:
    from importlib import import_module

    integration: Integration = import_module(f"trackhelm.autologging.{name}").INTEGRATION
    return integration


def _numbers(text: str) -> tuple[int, ...]:
    parts: list[int] = []
    for part in text.split(".")[:_VERSION_PARTS]:
        digits = ""
        for character in part:
            if not character.isdigit():
                break
            digits += character
        parts.append(int(digits or 0))
    return tuple(parts)


# The module whose import turns it on, and the flavour; Keras is TensorFlow's own where there is TensorFlow.
_FLAVOURS: Final = {
    "sklearn": "sklearn",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "tensorflow": "tensorflow",
    "keras": "keras",
    "pytorch_lightning": "pytorch",
    "lightning": "pytorch",
}
_universal: dict[str, Any] | None = None


def autolog(
    log_input_examples: bool = False,
    log_model_signatures: bool = True,
    log_models: bool = True,
    log_datasets: bool = True,
    log_traces: bool = True,
    disable: bool = False,
    exclusive: bool = False,
    disable_for_unsupported_versions: bool = False,
    silent: bool = False,
    extra_tags: dict[str, str] | None = None,
    exclude_flavors: list[str] | None = None,
) -> None:
    """Let every framework log its training by itself, whether it is imported already or will be.

    A framework whose own `autolog` was called keeps the options of that call.

    Args:
        log_input_examples: Store the first rows of the training data with the model.
        log_model_signatures: Store the model's inputs and outputs.
        log_models: Log the trained model.
        log_datasets: Note the training data as inputs of the run.
        log_traces: Taken for scripts that pass it; there are no traces.
        disable: Turn autologging off again.
        exclusive: Log nothing to runs that the user started.
        disable_for_unsupported_versions: Leave out frameworks that are older than what was tested.
        silent: Log no warnings.
        extra_tags: Tags of the runs that are started.
        exclude_flavors: Flavours that are left out, such as `["xgboost"]`.

    Example:
        >>> import trackhelm as mlflow
        >>> mlflow.autolog()
    """
    global _universal  # noqa: PLW0603 - one for a process
    _universal = {
        "log_input_examples": log_input_examples,
        "log_model_signatures": log_model_signatures,
        "log_models": log_models,
        "log_datasets": log_datasets,
        "disable": disable,
        "exclusive": exclusive,
        "disable_for_unsupported_versions": disable_for_unsupported_versions,
        "silent": silent,
        "extra_tags": extra_tags,
        "exclude": frozenset(exclude_flavors or ()),
    }
    for module in _FLAVOURS:
        imports.on_import(module, _turn_on)


def _turn_on(module: ModuleType) -> None:
    """Turn on the framework that has just been imported."""
    import inspect
    from importlib import import_module

    flavour = _FLAVOURS[module.__name__]
    if _universal is None or flavour in _universal["exclude"]:
        return
    ours = import_module(f"trackhelm.autologging.{flavour}")
    integration: Integration = ours.INTEGRATION
    if integration.is_explicit:
        return
    taken = inspect.signature(ours.autolog).parameters
    ours.autolog(**{name: value for name, value in _universal.items() if name in taken})
    integration.is_explicit = False
