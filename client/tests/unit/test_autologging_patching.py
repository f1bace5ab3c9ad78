"""Whatever a behaviour does, the caller of a replaced function sees that function alone."""

import copy
import inspect
import logging
import pickle
import sys
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackhelm.autologging import patching
from trackhelm.autologging.integrations import Integration


class Library(ModuleType):
    """A module with a function and a class, as a framework has them."""

    calls: list[tuple[Any, ...]]
    fails: BaseException | None

    def __init__(self) -> None:
        super().__init__("library_of_the_test")
        self.calls = []
        self.fails = None
        library = self

        def train(data: Any, rounds: int = 3) -> str:
            """Train."""
            library.calls.append((data, rounds))
            if library.fails is not None:
                raise library.fails
            return f"trained on {data} for {rounds}"

        train.__module__ = self.__name__
        train.__qualname__ = "train"

        class Model:
            def fit(self, data: Any) -> "Model":
                library.calls.append((data,))
                if library.fails is not None:
                    raise library.fails
                return self

        class Special(Model):
            pass

        self.train = train
        self.Model = Model
        self.Special = Special


@pytest.fixture
def library() -> Iterator[Library]:
    made = Library()
    sys.modules[made.__name__] = made
    yield made
    del sys.modules[made.__name__]


@pytest.fixture
def integration() -> Iterator[Integration]:
    made = Integration("library")
    made.configure({}, lambda: None)
    yield made
    made.configure({"disable": True}, lambda: None)


class OursError(Exception):
    """What a behaviour fails with."""


class TheirsError(Exception):
    """What the function fails with."""


# What a behaviour does, one after the other.
STEPS = st.lists(st.sampled_from(["fail", "call", "swallow"]), max_size=4)


@given(steps=STEPS, fails=st.booleans(), twice=st.booleans())
def test_the_caller_sees_the_function_alone(steps: list[str], fails: bool, twice: bool) -> None:
    library, integration = Library(), Integration("library")
    integration.configure({"silent": True}, lambda: None)
    library.fails = TheirsError("no data") if fails else None

    def behaviour(original: patching.Original, data: Any, rounds: int = 3) -> str:
        for step in steps:
            if step == "fail":
                raise OursError
            with suppress(TheirsError) if step == "swallow" else nullcontext():
                original(data, rounds)
        return "not this"

    patching.patch(integration, library, "train", behaviour)
    other = Integration("other")
    other.configure({"silent": True}, lambda: None)
    if twice:
        # Another integration replaces the same function.
        patching.patch(other, library, "train", behaviour)
    called_before_failing = steps[: steps.index("fail")] if "fail" in steps else steps
    with pytest.raises(TheirsError) if fails else nullcontext() as raised:
        assert library.train("rows", rounds=5) == "trained on rows for 5"
    assert raised is None or raised.value is library.fails
    assert set(library.calls) == {("rows", 5)}
    # A behaviour may call it again, which is the behaviour's own business.
    assert twice or len(called_before_failing) > 1 or len(library.calls) == 1
    patching.unpatch(integration)
    patching.unpatch(other)
    assert not isinstance(library.train, patching.PatchedFunction)


@pytest.mark.parametrize("called_first", [True, False])
def test_a_failure_is_warned_of_unless_tests_want_it(
    library: Library,
    integration: Integration,
    called_first: bool,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def behaviour(original: patching.Original, data: Any) -> None:
        if called_first:
            original(data)
        raise OursError("of the disk")

    patching.patch(integration, library, "train", behaviour)
    with caplog.at_level(logging.WARNING, "trackhelm"):
        assert library.train("rows") == "trained on rows for 3"
    assert library.calls == [("rows", 3)]
    assert "train is logged incompletely: OursError: of the disk" in caplog.text
    monkeypatch.setenv("MLFLOW_AUTOLOGGING_TESTING", "true")
    with pytest.raises(OursError):
        library.train("rows")


@pytest.mark.parametrize("called_first", [True, False])
def test_an_interrupt_is_never_swallowed(
    library: Library, integration: Integration, called_first: bool
) -> None:
    def behaviour(original: patching.Original, data: Any) -> None:
        if called_first:
            original(data)
        raise KeyboardInterrupt

    patching.patch(integration, library, "train", behaviour)
    with pytest.raises(KeyboardInterrupt):
        library.train("rows")
    library.fails = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        library.train("rows")


def test_what_was_replaced_is_as_it_was(library: Library, integration: Integration) -> None:
    before = library.train, library.Model.fit, dict(vars(library.Special))

    def behaviour(original: patching.Original, *args: Any) -> None:
        original(*args)

    for _ in range(3):
        patching.patch(integration, library, "train", behaviour)
        patching.patch(integration, library.Model, "fit", behaviour)
        patching.patch(integration, library.Special, "fit", behaviour)
        assert library.train is not before[0]
        assert inspect.signature(library.train) == inspect.signature(before[0])
        assert inspect.getdoc(library.train) == "Train."
        patching.unpatch(integration)
        assert (library.train, library.Model.fit) == before[:2]
        assert dict(vars(library.Special)) == before[2]


def test_a_method_is_called_once_where_a_class_and_its_base_are_replaced(
    library: Library, integration: Integration
) -> None:
    seen = []

    def behaviour(original: patching.Original, model: Any, data: Any) -> None:
        seen.append(data)
        original(model, data)

    patching.patch(integration, library.Model, "fit", behaviour)
    patching.patch(integration, library.Special, "fit", behaviour)
    model = library.Special()
    assert model.fit("rows") is model
    assert seen == ["rows"]
    assert library.calls == [("rows",)]


def test_what_another_library_puts_over_it_stays(library: Library, integration: Integration) -> None:
    patching.patch(integration, library, "train", lambda original, *args: original(*args))
    ours = library.train

    def theirs(data: Any) -> str:
        return f"again: {ours(data)}"

    library.train = theirs  # type: ignore[assignment]
    patching.unpatch(integration)
    assert library.train("rows") == "again: trained on rows for 3"


def test_a_replaced_function_is_pickled_and_copied_as_itself(
    library: Library, integration: Integration, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = library.train
    # Where the function is defined, as a module of a package defines what the package shows.
    home = ModuleType("library_of_the_test_home")
    home.train = original  # type: ignore[attr-defined]
    original.__module__ = home.__name__
    monkeypatch.setitem(sys.modules, home.__name__, home)
    patching.patch(integration, library, "train", lambda original, *args: original(*args))
    assert library.train is not original
    pickled = pickle.dumps({"metric": library.train})
    assert b"trackhelm" not in pickled
    assert pickle.loads(pickled)["metric"] is original
    assert copy.deepcopy(library.train) is library.train


def test_a_function_that_is_kept_logs_nothing_when_it_is_off(
    library: Library, integration: Integration
) -> None:
    seen = []

    def behaviour(original: patching.Original, data: Any) -> None:
        seen.append(data)
        original(data)

    patching.patch(integration, library, "train", behaviour)
    kept = library.train
    integration.configure({"disable": True}, lambda: None)
    assert kept("rows") == "trained on rows for 3"
    assert seen == []


def test_hooks_of_a_callback_raise_nothing(
    integration: Integration, caplog: pytest.LogCaptureFixture
) -> None:
    @patching.quiet_hooks
    class Callback:
        def __init__(self) -> None:
            self.recorder = type("Recorder", (), {"integration": integration})()

        def on_epoch_end(self, epoch: int) -> int:
            return 1 // epoch

    callback = Callback()
    assert callback.on_epoch_end(1) == 1
    assert callback.on_epoch_end(0) is None
    assert "ZeroDivisionError" in caplog.text
