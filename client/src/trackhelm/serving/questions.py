"""From the body of a request to a question for the model, and from several questions to one call.

What MLflow's contract means is in `models.payloads`; here its most frequent form, rows of columns, is kept as
rows until a batch is gathered, so that one data frame is made of a batch and not one of each request.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from trackhelm.exceptions import MlflowException
from trackhelm.models import payloads
from trackhelm.serving.batching import CannotSplitError, Question

_SIMPLE: Final = frozenset({bool, int, float, str})
BATCHED: Final = frozenset(
    {
        "mlflow.sklearn",
        "mlflow.xgboost",
        "mlflow.lightgbm",
        "mlflow.pytorch",
        "mlflow.keras",
        "mlflow.tensorflow",
    }
)
"""Loaders whose models answer each row by itself. Models of one's own may do otherwise."""


class Rows:
    """Rows of named columns, of which the data frame is made when it is needed.

    Attributes:
        columns: The names.
        kinds: Python's type of each column's values.
        data: The rows.
    """

    __slots__ = ("columns", "data", "kinds")

    def __init__(self, columns: tuple[Any, ...], kinds: tuple[type, ...], data: list[list[Any]]) -> None:
        self.columns = columns
        self.kinds = kinds
        self.data = data


def read_json(body: bytes, decode: Any, metadata: Any) -> tuple[Question, bool]:
    """Return what a JSON body asks, and whether it is of a language model, so that the answer is not wrapped.

    Args:
        body: The body.
        decode: What parses JSON.
        metadata: The `Model`.
    """
    try:
        given = decode(body)
    except ValueError:
        given = None
    if isinstance(given, dict) and len(given) == 1 and not metadata.is_signature_from_type_hint():
        found = _rows(given.get("dataframe_split"))
        if found is not None:
            return found, False
    payload = payloads.read_json(body if given is None else given, metadata)
    if payload.params is None and not payload.is_llm:
        return of_data(payload.data), False
    return Question(payload.data, payload.params, 1, None), payload.is_llm


def _rows(split: Any) -> Question | None:
    """Return the question of simple rows in pandas' split form; None for whatever is not that simple."""
    if not isinstance(split, dict) or split.keys() != {"columns", "data"}:
        return None
    columns, data = split["columns"], split["data"]
    if not isinstance(columns, list) or not isinstance(data, list) or not data:
        return None
    width = len(columns)
    kinds = []
    for row in data:
        if type(row) is not list or len(row) != width:
            return None
    for column in zip(*data, strict=True):
        found = set(map(type, column))
        if len(found) != 1 or not found <= _SIMPLE:
            return None  # such as missing values, which would change the type of others' values
        kinds.append(found.pop())
    try:
        rows = Rows(tuple(columns), tuple(kinds), data)
        return Question(rows, None, len(data), ("rows", rows.columns, rows.kinds))
    except TypeError:
        return None


def of_data(data: Any) -> Question:
    """Return the question of a data frame, an array, or anything else."""
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        dtypes = tuple(str(dtype) for dtype in data.dtypes)
        is_simple = (
            all(data[name].dtype != object for name in data.columns) if data.columns.is_unique else False
        )
        key = ("frame", tuple(data.columns), dtypes) if is_simple and len(data) else None
        return Question(data, None, len(data), key)
    if isinstance(data, np.ndarray) and data.ndim and data.dtype != object:
        return Question(data, None, len(data), ("array", data.dtype.str, data.shape[1:]))
    return Question(data, None, 1, None)


class Asker:
    """Asks a loaded model several questions in one call.

    Args:
        model: The `PyFuncModel`.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._schema = model.metadata.get_input_schema()

    def __call__(self, questions: Sequence[Question]) -> list[Any]:
        """Return the answer to each question, all of one key.

        Raises:
            CannotSplitError: The model gives another number of predictions than of rows.
        """
        if len(questions) == 1:
            return [self._predict(self._data([questions[0]]), questions[0].params)]
        predicted = self._predict(self._data(questions), None)
        total = sum(question.rows for question in questions)
        if not hasattr(predicted, "__len__") or isinstance(predicted, (dict, str)) or len(predicted) != total:
            raise CannotSplitError
        is_frame = hasattr(predicted, "iloc")
        answers, first = [], 0
        for question in questions:
            last = first + question.rows
            part = predicted.iloc[first:last] if is_frame else predicted[first:last]
            answers.append(part.reset_index(drop=True) if is_frame else part)
            first = last
        return answers

    def _data(self, questions: Sequence[Question]) -> Any:
        first = questions[0].data
        if isinstance(first, Rows):
            rows = first.data if len(questions) == 1 else [row for one in questions for row in one.data.data]
            return payloads.typed_frame(_frame(first.columns, first.kinds, rows), self._schema)
        if len(questions) == 1:
            return first
        if isinstance(first, np.ndarray):
            return np.concatenate([one.data for one in questions])
        import pandas as pd

        return pd.concat([one.data for one in questions], ignore_index=True)

    def _predict(self, data: Any, params: dict[str, Any] | None) -> Any:
        try:
            return self.model.predict(data, params=params)
        except MlflowException as error:
            raise MlflowException(
                f"Failed to predict data '{_shortened(data)}'. \nError: {error.message}",
                error_code=error.error_code,
            ) from error


def _frame(columns: tuple[Any, ...], kinds: tuple[type, ...], rows: list[list[Any]]) -> Any:
    """Return a data frame of rows; one of floats alone is made of one array, in a fifth of the time."""
    import pandas as pd

    # A view of its own: a model that names the columns' index names that of this frame alone.
    names = _index(columns).view() if columns and set(map(type, columns)) == {str} else list(columns)
    if set(kinds) == {float}:
        return pd.DataFrame(np.array(rows, dtype=np.float64), columns=names, copy=False)
    return pd.DataFrame(rows, columns=names)


@lru_cache(maxsize=16)
def _index(columns: tuple[str, ...]) -> Any:
    """Return the names of columns as pandas holds them, which is slow to make and to look things up in."""
    import pandas as pd

    return pd.Index(list(columns))


def _shortened(data: Any) -> str:
    text = str(data)
    most = 1_000
    return text if len(text) <= most else f"{text[:most]}…"
