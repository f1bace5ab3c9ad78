"""A model as a function of Spark: sent to the workers with this package, and loaded once by each of them."""

import atexit
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from trackhelm.exceptions import MlflowException
from trackhelm.models.loading import fetch
from trackhelm.models.model import Model
from trackhelm.models.trust import require_trusted_model
from trackhelm.types.schema import Array, ColSpec, DataType, Object, Schema, TensorSpec

_logger = logging.getLogger("trackhelm")

_ROWS: Final = 10_000
_PRIMITIVES: Final = {
    "boolean": "boolean",
    "bool": "boolean",
    "int": "int",
    "integer": "int",
    "long": "bigint",
    "bigint": "bigint",
    "float": "float",
    "double": "double",
    "string": "string",
    "binary": "binary",
    "datetime": "timestamp",
    "timestamp": "timestamp",
}


def spark_udf(
    spark: Any,
    model_uri: str,
    result_type: Any = None,
    env_manager: str | None = None,
    params: dict[str, Any] | None = None,
    extra_env: dict[str, str] | None = None,
    prebuilt_env_uri: str | None = None,
    model_config: Any = None,
) -> Any:
    """Return a function of columns, which asks a model about the rows of a data frame of Spark.

    Args:
        spark: The session.
        model_uri: The model; whether it may be loaded is asked here, and not again by the workers.
        result_type: The type of a prediction, as Spark names types; by default that of the signature's first
            output, else `double`. `array<…>` for several numbers, and a struct for several outputs.
        env_manager: `local` or None: the workers have what the model needs.
        params: Params of the inference.
        extra_env: Environment variables of the workers while the model is asked.
        prebuilt_env_uri: Refused: it is of Databricks.
        model_config: A configuration for the model.

    Example:
        >>> import trackhelm as mlflow
        >>> predict = mlflow.pyfunc.spark_udf(spark, "models:/iris/Production")
        >>> frame.withColumn("predicted", predict("width", "length"))
    """
    if prebuilt_env_uri is not None or env_manager not in {None, "local"}:
        raise MlflowException(
            "`spark_udf` uses the Python of Spark's workers: `env_manager` is 'local', and "
            "`prebuilt_env_uri` is of Databricks",
            error_code="NOT_IMPLEMENTED",
        )
    from pyspark.sql.functions import col as column_of
    from pyspark.sql.functions import pandas_udf, struct

    folder = fetch(model_uri)
    require_trusted_model(folder)
    meta = Model.load(folder)
    schema = meta.get_input_schema()
    names = schema.input_names() if schema is not None and schema.has_input_names() else None
    kind = _type_text(result_type) if result_type is not None else type_of_outputs(meta.get_output_schema())
    archive = _ship(spark, folder)
    environment = dict(extra_env or {})

    def predict(batches: Iterator[Any]) -> Iterator[Any]:
        from trackhelm.pyfunc.spark import answers

        yield from answers(batches, archive, names, kind, params, model_config, environment)

    # What Spark needs to know is in the hints of the function, which pandas_udf reads.
    import pandas as pd

    predict.__annotations__ = {
        "batches": Iterator[pd.DataFrame],
        "return": Iterator[pd.DataFrame] if kind.startswith("struct<") else Iterator[pd.Series],
    }
    function = pandas_udf(predict, kind)

    def udf(*columns: Any) -> Any:
        given = list(columns) or names
        if not given:
            raise MlflowException.invalid_parameter_value(
                "The model has no named inputs: give the columns for which it is asked"
            )
        return function(struct(*[column_of(one) if isinstance(one, str) else one for one in given]))

    return udf


def _ship(spark: Any, folder: Path) -> str:
    """Send the model and this package to the workers, and return the name of the model's archive."""
    context = spark.sparkContext
    # Workers fetch the files whenever they start, so that these stay until this program ends.
    place = Path(tempfile.mkdtemp(prefix="trackhelm-spark-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    # A file's name is for one content in a session.
    if context.applicationId not in _sent:
        package = Path(__file__).parents[1]
        code = shutil.make_archive(str(place / f"code-{place.name}"), "zip", package.parent, package.name)
        context.addPyFile(code)
        _sent.add(context.applicationId)
    archive = shutil.make_archive(str(place / f"model-{place.name}"), "zip", folder)
    context.addFile(archive)
    return Path(archive).name


_sent: set[str] = set()
"""The applications of Spark whose workers have this package."""
_loaded: dict[str, Any] = {}
"""The models of this worker by their archives."""


def answers(
    batches: Iterator[Any],
    archive: str,
    names: list[Any] | None,
    kind: str,
    params: dict[str, Any] | None,
    model_config: Any,
    environment: dict[str, str],
) -> Iterator[Any]:
    """Yield the predictions for data frames, in a worker of Spark.

    Args:
        batches: The data frames.
        archive: The name of the file that Spark sent.
        names: The columns of the model; those of the data frame are taken in this order unless they have
            these names.
        kind: The type of a prediction.
        params: Params of the inference.
        model_config: A configuration for the model.
        environment: Variables that are set.
    """
    os.environ.update(environment)
    if archive not in _loaded:
        _loaded[archive] = _load(archive, model_config)
    for frame in batches:
        if names is not None and len(names) <= len(frame.columns) and not set(names) <= set(frame.columns):
            frame = frame.rename(columns=dict(zip(frame.columns, names, strict=False)))  # noqa: PLW2901 - renamed
        yield _as_spark(_loaded[archive].predict(frame, params=params), kind, len(frame))


def _load(archive: str, model_config: Any) -> Any:
    from pyspark import SparkFiles

    from trackhelm.models.trust import allow_pickle
    from trackhelm.pyfunc.loading import load_model

    folder = tempfile.mkdtemp(prefix="trackhelm-model-")
    shutil.unpack_archive(SparkFiles.get(archive), folder)
    with allow_pickle():  # the driver has asked
        return load_model(folder, suppress_warnings=True, model_config=model_config)


def _as_spark(predicted: Any, kind: str, rows: int) -> Any:
    """Return predictions as Spark takes them: a series, or a data frame for a struct."""
    import numpy as np
    import pandas as pd

    if kind.startswith("struct<"):
        return predicted if isinstance(predicted, pd.DataFrame) else pd.DataFrame(predicted)
    is_array = kind.startswith("array<")
    if isinstance(predicted, pd.DataFrame):
        wanted = predicted if is_array else predicted.select_dtypes("number" if kind != "string" else None)
        predicted = wanted.to_numpy() if is_array else wanted.iloc[:, 0]
    array = np.asarray(predicted)
    if is_array:
        return pd.Series([np.atleast_1d(one).tolist() for one in array])
    if array.ndim > 1:
        array = array.reshape(rows, -1)[:, 0]
    dtypes = {"double": "float64", "float": "float32", "int": "int32", "bigint": "int64", "boolean": "bool"}
    if kind == "string":
        return pd.Series([str(one) for one in array])
    return pd.Series(array).astype(dtypes[kind]) if kind in dtypes else pd.Series(array)


def type_of_outputs(schema: Schema | None) -> str:
    """Return Spark's type of a prediction by the signature: of its only output, or a struct of several."""
    if schema is None:
        return "double"
    if len(schema) == 1:
        return _spark_type(schema.inputs[0])
    fields = [f"`{one.name}`: {_spark_type(one)}" for one in schema]
    return f"struct<{', '.join(fields)}>"


def _spark_type(spec: ColSpec | TensorSpec) -> str:
    if isinstance(spec, TensorSpec):
        found = DataType.from_numpy_type(spec.type)
        item = _PRIMITIVES[found.name] if found is not None else "double"
        return item if len(spec.shape) == 1 else f"array<{item}>"
    if isinstance(spec.type, DataType):
        return _PRIMITIVES[spec.type.name]
    if isinstance(spec.type, Array) and isinstance(spec.type.dtype, DataType):
        return f"array<{_PRIMITIVES[spec.type.dtype.name]}>"
    if isinstance(spec.type, Object):
        _logger.warning("An output of the type %r is given as text", spec.type)
    return "string"


def _type_text(given: Any) -> str:
    text = given if isinstance(given, str) else given.simpleString()
    return _PRIMITIVES.get(text.strip().lower(), text)
