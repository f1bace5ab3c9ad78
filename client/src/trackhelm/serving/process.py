"""The process, or the processes, of a scoring server: sockets, workers that are forked, and a graceful end.

The model is loaded once and its memory is shared by workers, which are forked after that. TensorFlow does not
survive a fork, so each worker loads its models.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from trackhelm.serving.served import Loaded

_NOT_FORKED: Final = frozenset({"mlflow.tensorflow", "mlflow.keras"})
_SWITCH_SECONDS: Final = 0.0005
_SHORT_LIFE_SECONDS: Final = 5.0
_MOST_SHORT_LIVES: Final = 5

_logger = logging.getLogger("trackhelm")


@dataclass(frozen=True)
class Options:
    """How a model is served; times in seconds.

    Attributes:
        uri: The model.
        host: The address to listen at.
        port: The port.
        workers: The processes that answer.
        timeout: How long a request may take.
        name: The name of the model in the Open Inference Protocol.
        batching: Whether requests are asked together; None leaves it to the kind of model.
        most_rows: The most rows of a batch.
        largest: The most bytes of a request.
        follow: How often it is looked whether the URI names another version; None never.
        stop: How long requests that have begun may go on after SIGTERM.
        model_config: A configuration for the model.
    """

    uri: str
    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = 1
    timeout: float = 60.0
    name: str | None = None
    batching: bool | None = None
    most_rows: int = 65_536
    largest: int = 256 * 1024 * 1024
    follow: float | None = None
    stop: float = 30.0
    model_config: Any = None


def serve(options: Options) -> None:
    """Serve a model until SIGTERM or SIGINT; requests that have begun are answered before this returns."""
    listening = socket.create_server((options.host, options.port), backlog=2048)
    with ExitStack() as until_the_end:
        if options.workers > 1:
            # Read by the library of metrics when it is imported.
            folder = until_the_end.enter_context(tempfile.TemporaryDirectory(prefix="trackhelm-metrics-"))
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        _serve(options, listening)


def _serve(options: Options, listening: socket.socket) -> None:
    import gc

    from trackhelm.serving.served import load

    # What a model imports makes a million objects that stay: to look through them again and again takes a
    # tenth of the start.
    gc.disable()
    try:
        loaded: Loaded | None = load(options.uri, options.name, options.model_config)
    finally:
        gc.enable()
    assert loaded is not None, "it was loaded, or an error was raised"
    host, port = listening.getsockname()[:2]
    address = f"http://{host}:{port}"
    _give_back_memory()
    _logger.warning("%s is served at %s", loaded.uri, address)
    if options.workers == 1:
        _work(options, loaded, listening)
        return
    if loaded.model.loader_module in _NOT_FORKED:
        loaded = None
    _Workers(options.workers, lambda: _work(options, loaded, listening), options.stop).run()


def _give_back_memory() -> None:
    """Give back what loading the model left free, and let what is left be shared by workers."""
    import ctypes
    import gc

    gc.collect()
    gc.freeze()
    with suppress(OSError, AttributeError):  # another library of C than GNU's
        ctypes.CDLL(None).malloc_trim(0)


def _work(options: Options, loaded: "Loaded | None", listening: socket.socket) -> None:
    """Answer requests in this process."""
    from trackhelm.serving.served import load

    # The thread that asks the model and the one that reads requests take turns; five milliseconds are too
    # long.
    sys.setswitchinterval(_SWITCH_SECONDS)
    model = load(options.uri, options.name, options.model_config) if loaded is None else loaded
    import uvloop

    uvloop.run(_answer(options, model, listening))


async def _answer(options: Options, loaded: "Loaded", listening: socket.socket) -> None:
    import uvicorn

    from trackhelm.serving.application import Application
    from trackhelm.serving.metrics import Metrics
    from trackhelm.serving.served import Served

    metrics = Metrics()
    served = Served(loaded, metrics, options.batching, options.most_rows)
    application = Application(served, metrics, options.timeout, options.largest)
    config = uvicorn.Config(
        application,
        http="httptools",
        loop="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(options.stop),
    )
    server = _server_of(config, application)
    following = None
    if options.follow is not None:
        following = asyncio.ensure_future(
            served.follow(options.uri, options.follow, options.name, options.model_config)
        )
    await server.serve(sockets=[listening])
    if following is not None:
        following.cancel()
    await served.current.close()


def _server_of(config: Any, application: Any) -> Any:
    """Return a server that ends on SIGTERM and SIGINT, and whose health checks fail from that moment."""
    import uvicorn

    class Server(uvicorn.Server):  # type: ignore[misc]  # of the optional uvicorn
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Handle signals without raising them again at the end: this process ends by itself."""
            before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGTERM, signal.SIGINT)}
            try:
                yield
            finally:
                for one, handler in before.items():
                    signal.signal(one, handler)

        def handle_exit(self, sig: int, frame: Any) -> None:
            """Begin to end."""
            application.is_stopping = True
            super().handle_exit(sig, frame)

    return Server(config)


class _Workers:
    """Processes that do the same work; one that ends is started again.

    Args:
        count: How many.
        work: What each does, after the fork.
        stop: Seconds to wait for them at the end, before they are killed.
    """

    def __init__(self, count: int, work: Callable[[], None], stop: float) -> None:
        self._count = count
        self._work = work
        self._stop = stop
        self._started: dict[int, float] = {}
        self._is_stopping = False
        self._short_lives = 0

    def run(self) -> None:
        """Keep the workers until SIGTERM or SIGINT, then end them."""
        from prometheus_client.multiprocess import mark_process_dead

        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._end)
        for _ in range(self._count):
            self._fork()
        while self._started:
            pid, status = os.wait()
            began = self._started.pop(pid, None)
            if began is None or self._is_stopping:
                continue
            code = os.waitstatus_to_exitcode(status)
            mark_process_dead(pid)
            _logger.warning("The worker %d ended with %d, and another one is started", pid, code)
            is_short = time.monotonic() - began < _SHORT_LIFE_SECONDS
            self._short_lives = self._short_lives + 1 if is_short else 0
            if self._short_lives >= _MOST_SHORT_LIVES:
                self._end(signal.SIGTERM, None)
                raise SystemExit(f"{_MOST_SHORT_LIVES} workers in a row ended within seconds")
            self._fork()

    def _fork(self) -> None:
        pid = os.fork()
        if pid:
            self._started[pid] = time.monotonic()
            return
        code = 1
        try:
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, signal.SIG_DFL)
            self._work()
            code = 0
        except BaseException:
            _logger.exception("A worker failed")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _end(self, number: int, _frame: Any) -> None:
        self._is_stopping = True
        for pid in self._started:
            os.kill(pid, signal.SIGTERM)
        # Those that do not end by themselves are killed a while after they had to.
        signal.signal(signal.SIGALRM, self._kill)
        signal.setitimer(signal.ITIMER_REAL, self._stop + 5)

    def _kill(self, _number: int, _frame: Any) -> None:
        for pid in self._started:
            os.kill(pid, signal.SIGKILL)
