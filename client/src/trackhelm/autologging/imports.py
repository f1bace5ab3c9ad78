"""Calls a function when a module is imported, now if it has been and else when it is.

The module is handed over after its own code has run, and before the `import` that asked for it returns. An
import never fails because of what is called here.
"""

import logging
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from threading import RLock
from types import ModuleType
from typing import Any, Final

Hook = Callable[[ModuleType], None]

_logger = logging.getLogger("trackhelm")
_lock: Final = RLock()
_hooks: dict[str, list[Hook]] = {}
"""Hooks by the name of a module; a name that ends with a dot stands for all modules below it."""


class _Finder(MetaPathFinder):
    """Finds what other finders find, and lets the loader tell when a module is there."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _hooks_of(fullname):
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(fullname, path, target)
            if spec is not None:
                _tell_when_loaded(spec, fullname)
                return spec
        return None


def on_import(name: str, hook: Hook) -> None:
    """Call a function with each module of a name: at once if it has been imported, else when it is.

    Args:
        name: A module's name, or a package's name and a dot for all modules below the package.
        hook: What is called. An exception of it is logged as a warning.
    """
    with _lock:
        if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
            sys.meta_path.insert(0, _Finder())
        hooks = _hooks.setdefault(name, [])
        if hook not in hooks:
            hooks.append(hook)
    for loaded, module in list(sys.modules.items()):
        # One that is being imported at this moment is handed over when that is done.
        is_ready = not getattr(getattr(module, "__spec__", None), "_initializing", False)
        if is_ready and _matches(name, loaded) and isinstance(module, ModuleType):
            _call(hook, module)


def off_import(hook: Hook) -> None:
    """Call a function no longer."""
    with _lock:
        for name in list(_hooks):
            _hooks[name] = [one for one in _hooks[name] if one != hook]
            if not _hooks[name]:
                del _hooks[name]


def _matches(wanted: str, name: str) -> bool:
    return name.startswith(wanted) if wanted.endswith(".") else name == wanted


def _hooks_of(name: str) -> list[Hook]:
    # Called for every import of the program: mostly there is nothing below the package's first name.
    return [hook for wanted, hooks in list(_hooks.items()) if _matches(wanted, name) for hook in hooks]


def _tell_when_loaded(spec: ModuleSpec, name: str) -> None:
    loader: Any = spec.loader
    execute = getattr(loader, "exec_module", None)
    if execute is None:
        return

    def exec_module(module: ModuleType) -> None:
        execute(module)
        # A loader of an archive is that of many modules.
        for hook in _hooks_of(module.__name__) if module.__name__ == name else ():
            _call(hook, module)

    try:
        loader.exec_module = exec_module  # the loader of this module alone
    except AttributeError:
        _logger.debug("The import of %s cannot be watched: its loader is %r", name, loader)


def _call(hook: Hook, module: ModuleType) -> None:
    try:
        hook(module)
    except Exception as error:  # noqa: BLE001 - the import of the user's program goes on
        _logger.warning("Autologging of %s could not be turned on: %s", module.__name__, error)
