"""A model as a function of Spark, on a real session whose workers get what they need from it."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import trackhelm

rng = np.random.default_rng(7)
FRAME = pd.DataFrame(rng.normal(size=(200, 3)), columns=["a", "b", "c"])
LABELS = (FRAME["a"] > FRAME["c"]).astype("int64")


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYSPARK_PYTHON", sys.executable)
        environment.setenv("PYSPARK_DRIVER_PYTHON", sys.executable)
        environment.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.driver.memory", "1g")
            .getOrCreate()
        )
        yield session
        session.stop()


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from sklearn.linear_model import LogisticRegression

    place = tmp_path_factory.mktemp("models") / "classifier"
    model = LogisticRegression().fit(FRAME, LABELS)
    trackhelm.sklearn.save_model(model, str(place), input_example=FRAME[:3])
    return place


def asked(spark: Any, predicted: Any, frame: pd.DataFrame = FRAME) -> list[Any]:
    """Return what a column of Spark gives for each row, in the order of the rows."""
    rows = spark.createDataFrame(frame.assign(number=range(len(frame)))).repartition(3)
    found = rows.withColumn("predicted", predicted).select("number", "predicted").collect()
    return [row["predicted"] for row in sorted(found, key=lambda row: row["number"])]


def test_a_models_columns_are_found_by_name_or_by_place(spark: Any, classifier: Path) -> None:
    expected = trackhelm.pyfunc.load_model(str(classifier)).predict(FRAME).tolist()
    assert len(set(expected)) == 2
    predict = trackhelm.pyfunc.spark_udf(spark, str(classifier))
    assert asked(spark, predict()) == expected
    # By name, in any order; of other names, by their places.
    assert asked(spark, predict("c", "a", "b")) == expected
    renamed = FRAME.rename(columns={"a": "x", "b": "y", "c": "z"})
    assert asked(spark, predict("x", "y", "z"), renamed) == expected

    as_text = trackhelm.pyfunc.spark_udf(spark, str(classifier), result_type="string")
    assert asked(spark, as_text()) == [str(one) for one in expected]


def test_a_struct_has_all_outputs(spark: Any, tmp_path: Path) -> None:
    # Here, since a class of this module would be pickled by a name that Spark's workers cannot import.
    class Summary(trackhelm.pyfunc.PythonModel):
        """A model with two outputs, one of them of the params."""

        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:
            """Return each row's sum, and its name."""
            names = [f"{params['name']} {number:.2f}" for number in model_input["a"]]
            return pd.DataFrame({"total": model_input.sum(axis=1), "name": names})

    model = Summary()
    expected = model.predict(None, FRAME, {"name": "row"})
    signature = trackhelm.models.infer_signature(FRAME, expected, params={"name": "none"})
    with trackhelm.models.allow_pickle():
        trackhelm.pyfunc.save_model(str(tmp_path / "model"), python_model=model, signature=signature)
        predict = trackhelm.pyfunc.spark_udf(spark, str(tmp_path / "model"), params={"name": "row"})
    found = asked(spark, predict())
    np.testing.assert_allclose([one["total"] for one in found], expected["total"])
    assert [one["name"] for one in found] == expected["name"].tolist()


def test_several_numbers_are_an_array(spark: Any, tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(FRAME, LABELS)
    trackhelm.sklearn.save_model(
        model, str(tmp_path / "model"), input_example=FRAME[:3], pyfunc_predict_fn="predict_proba"
    )
    predict = trackhelm.pyfunc.spark_udf(spark, str(tmp_path / "model"), result_type="array<double>")
    np.testing.assert_allclose(np.array(asked(spark, predict())), model.predict_proba(FRAME))


def test_another_environment_is_refused(classifier: Path) -> None:
    with pytest.raises(trackhelm.MlflowException, match="`env_manager` is 'local'"):
        trackhelm.pyfunc.spark_udf(None, str(classifier), env_manager="conda")
