"""The model that is served, and its replacement by another version while requests go on."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from trackhelm.exceptions import MlflowException
from trackhelm.models import payloads
from trackhelm.pyfunc.loading import PyFuncModel
from trackhelm.serving.batching import Batcher, Question
from trackhelm.serving.metrics import Metrics
from trackhelm.serving.questions import BATCHED, Asker, of_data

_logger = logging.getLogger("trackhelm")


@dataclass(frozen=True)
class Loaded:
    """A model in memory: its name and version for the protocol, and the URI of just this version."""

    model: PyFuncModel
    name: str
    version: str | None
    uri: str


def load(uri: str, name: str | None, model_config: Any = None) -> Loaded:
    """Load what a URI names now.

    Args:
        uri: The URI; of an alias or a stage, the version that it has at this moment.
        name: The name for the protocol; by default that of the registered model, else `model`.
        model_config: A configuration for the model.
    """
    from trackhelm.pyfunc.loading import load_model

    found = version_of(uri)
    pinned = uri if found is None else f"models:/{found[0]}/{found[1]}"
    model = load_model(pinned, model_config=model_config)
    default = found[0] if found is not None else "model"
    return Loaded(model, name or default, None if found is None else found[1], pinned)


def version_of(uri: str) -> tuple[str, str] | None:
    """Return the name and number of the version that a URI names now; None if it names none."""
    from trackhelm.client import MlflowClient
    from trackhelm.models import loading

    return loading.version_of(MlflowClient(), uri) if uri.startswith("models:/") else None


class Answering:
    """A loaded model with its batches; made in the event loop that uses it."""

    def __init__(self, loaded: Loaded, metrics: Metrics, batching: bool | None, most_rows: int) -> None:
        self.model = loaded.model
        self.name = loaded.name
        self.version = loaded.version
        self.uri = loaded.uri
        self._batcher = Batcher(Asker(loaded.model), metrics.batch, most_rows)
        self._batcher.can_batch = loaded.model.loader_module in BATCHED if batching is None else batching

    async def ask(self, question: Question) -> Any:
        """Return the predictions for a question."""
        return await self._batcher.ask(question)

    def parsed(self, kind: str, body: bytes) -> Question:
        """Return the question of CSV or Parquet."""
        if kind == "text/csv":
            return of_data(payloads.read_csv(body, self.model.metadata.get_input_schema()))
        return of_data(payloads.read_parquet(body))

    async def close(self) -> None:
        """End when everything that was asked is answered."""
        await self._batcher.close()


class Served:
    """The model that answers now.

    Args:
        loaded: The first model.
        metrics: What counts.
        batching: Whether requests are asked together; None leaves it to the kind of model.
        most_rows: The most rows of a batch.
    """

    def __init__(self, loaded: Loaded, metrics: Metrics, batching: bool | None, most_rows: int) -> None:
        self._metrics = metrics
        self._how = batching, most_rows
        self.current = Answering(loaded, metrics, *self._how)
        metrics.model(loaded.name, loaded.version, is_served=True)

    async def follow(self, uri: str, every: float, name: str | None, model_config: Any) -> None:
        """Load what a URI names whenever that is another version; requests that began end with the old one.

        Args:
            uri: A URI with an alias or a stage, or `latest`.
            every: Seconds between two looks.
            name: See `load`.
            model_config: See `load`.
        """
        while True:
            await asyncio.sleep(every)
            try:
                found = await asyncio.to_thread(version_of, uri)
                if found is None or f"models:/{found[0]}/{found[1]}" == self.current.uri:
                    continue
                loaded = await asyncio.to_thread(load, uri, name, model_config)
            except (MlflowException, OSError) as error:
                _logger.warning("%s cannot be followed, and %s goes on: %s", uri, self.current.uri, error)
                continue
            old, self.current = self.current, Answering(loaded, self._metrics, *self._how)
            self._metrics.model(old.name, old.version, is_served=False)
            self._metrics.model(loaded.name, loaded.version, is_served=True)
            _logger.warning("%s is %s now", uri, loaded.uri)
            await old.close()
