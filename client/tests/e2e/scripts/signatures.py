"""Prints, for a table of data, the schema that is inferred, and what a schema makes of other data."""

import datetime
import json
import logging
import sys
import warnings

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

import mlflow
from mlflow.models import convert_input_example_to_serving_input, infer_signature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import AnyType, Array, Map, Object, Property

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")

frame = pd.DataFrame(
    {
        "i": [1, 2],
        "i32": np.array([1, 2], dtype="int32"),
        "u8": np.array([1, 2], dtype="uint8"),
        "u16": np.array([1, 2], dtype="uint16"),
        "u32": np.array([1, 2], dtype="uint32"),
        "f": [1.5, None],
        "f32": np.array([1.5, 2], dtype="float32"),
        "f16": np.array([1.5, 2], dtype="float16"),
        "b": [True, False],
        "s": ["a", "b"],
        "s?": ["a", None],
        "bytes": [b"a", b"bc"],
        "time": pd.to_datetime(["2026-01-01", "2026-01-02"]),
        "list": [[1, 2], [3]],
        "object": [{"a": 1}, {"a": 2, "b": "x"}],
        "deep": [[{"a": [1.0]}], [{"a": []}]],
        "category": pd.Series(["x", "y"], dtype=object),
    }
)
data = {
    "frame": frame,
    "series": frame["f"],
    "unnamed series": pd.Series([1, 2]),
    "numbers as names": pd.DataFrame(np.zeros((2, 3))),
    "array": np.zeros((3, 2)),
    "array of floats": np.zeros((3, 2, 4), dtype="float32"),
    "texts": np.array(["a", "bcd"]),
    "sparse": csr_matrix(np.eye(3)),
    "arrays": {"x": np.zeros((3, 2)), "y": np.zeros(3, dtype="int64")},
    "text": "text",
    "number": 7,
    "float": 7.5,
    "flag": True,
    "bytes": b"b",
    "time": datetime.datetime(2026, 1, 1),
    "list of texts": ["a", "b"],
    "list of lists": [["a"], ["b", "c"]],
    "empty": [],
    "rows": [{"a": 1, "b": "x"}, {"a": 2}],
    "rows with lists": [{"a": [1.0], "b": {"c": 1}}, {"a": [], "b": {"d": "x"}}],
    "dictionary": {"a": "x", "b": [1, 2], "c": {"d": None}},
    "none": {"a": None},
    "mixed": [1, "a"],
    "empty array": np.zeros(0),
    "scalar array": np.array(1),
}


def told(call):
    try:
        return call()
    except Exception as error:
        code = getattr(error, "error_code", "")
        return f"{type(error).__name__} {code}"


for name, value in data.items():
    print("signature", name, told(lambda: json.dumps(infer_signature(value).to_dict())))
params = [
    {"a": 1, "b": 0.5, "c": "x", "d": True},
    {"a": [1, 2]},
    {"a": {"b": 1}},
    {"a": None},
    {"a": [[1]]},
    {"a": b"x"},
]
for value in params:
    print("params", value, told(lambda: json.dumps(infer_signature(params=value).to_dict())))


def shown(value):
    if isinstance(value, pd.DataFrame):
        return {
            str(name): (str(column.dtype), [repr(one) for one in column.tolist()])
            for name, column in value.items()
        }
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.tolist()
    if isinstance(value, dict):
        return {name: shown(one) for name, one in value.items()}
    return repr(value)


class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input, params


def asked(signature, value, params=None):
    from mlflow.pyfunc import PyFuncModel

    class Impl:
        def predict(self, data, params=None):
            return data, params

    model = PyFuncModel(
        mlflow.models.Model(flavors={"python_function": {"loader_module": "x"}}, signature=signature), Impl()
    )
    found, given = model.predict(value, params=params)
    return shown(found), sorted(given.items()) if given else given


columns = infer_signature(
    pd.DataFrame({"d": [1.5], "l": [1], "s": ["a"], "t": pd.to_datetime(["2026-01-01"]), "b": [True]})
)
floats = mlflow.models.ModelSignature(Schema([ColSpec("float", "x"), ColSpec("double", "y", required=False)]))
ints = mlflow.models.ModelSignature(Schema([ColSpec("integer", "x")]))
longs = mlflow.models.ModelSignature(Schema([ColSpec("long", "x")]))
unnamed = mlflow.models.ModelSignature(Schema([ColSpec("double"), ColSpec("double")]))
texts = mlflow.models.ModelSignature(Schema([ColSpec("string")]))
tensor = infer_signature(np.zeros((3, 2)))
tensors = infer_signature({"x": np.zeros((3, 2)), "y": np.zeros(3)})
nested = mlflow.models.ModelSignature(
    Schema(
        [
            ColSpec(Array("long"), "list"),
            ColSpec(Object([Property("a", "double"), Property("b", "string", required=False)]), "object"),
            ColSpec(Map("double"), "map", required=False),
            ColSpec(AnyType(), "any", required=False),
        ]
    )
)
row = {"d": [1.5], "l": [1], "s": ["a"], "t": pd.to_datetime(["2026-01-01"]), "b": [True]}
cases = [
    (columns, pd.DataFrame(row)),
    (columns, pd.DataFrame({**row, "more": [1]})),
    (columns, pd.DataFrame(dict(reversed(row.items())))),
    (columns, pd.DataFrame({name: value for name, value in row.items() if name != "s"})),
    (columns, pd.DataFrame({**row, "l": [1.0]})),
    (columns, pd.DataFrame({**row, "l": [None]})),
    (columns, pd.DataFrame({**row, "l": [1.5]})),
    (columns, pd.DataFrame({**row, "l": ["1"]})),
    (columns, pd.DataFrame({**row, "d": [1]})),
    (columns, pd.DataFrame({**row, "d": [7]})),
    (columns, pd.DataFrame({**row, "d": np.array([7], dtype="int32")})),
    (columns, pd.DataFrame({**row, "d": np.array([7], dtype="float32")})),
    (columns, pd.DataFrame({**row, "d": ["x"]})),
    (columns, pd.DataFrame({**row, "s": [1]})),
    (columns, pd.DataFrame({**row, "s": [None]})),
    (columns, pd.DataFrame({**row, "t": ["2026-01-01"]})),
    (columns, pd.DataFrame({**row, "t": ["no time"]})),
    (columns, pd.DataFrame({**row, "b": [1]})),
    (columns, pd.DataFrame({**row, "b": [None]})),
    (columns, row),
    (columns, [1, 2]),
    (columns, "text"),
    (floats, pd.DataFrame({"x": [1.5]})),
    (floats, pd.DataFrame({"x": np.array([1.5], dtype="float32"), "y": [2.5]})),
    (floats, pd.DataFrame({"x": [1]})),
    (floats, pd.DataFrame({"x": [2]})),
    (floats, {"x": 1}),
    (floats, {"x": np.array([1, 0])}),
    (ints, pd.DataFrame({"x": np.array([1], dtype="int8")})),
    (ints, pd.DataFrame({"x": np.array([1], dtype="uint16")})),
    (ints, pd.DataFrame({"x": np.array([1], dtype="uint32")})),
    (ints, pd.DataFrame({"x": [1]})),
    (longs, pd.DataFrame({"x": np.array([1], dtype="int32")})),
    (longs, np.array([1, 2])),
    (longs, [1, 2]),
    (longs, pd.Series([1, 2], name="x")),
    (unnamed, pd.DataFrame([[1.5, 2.5, 3.5]])),
    (unnamed, pd.DataFrame([[1.5]])),
    (unnamed, np.array([[1.5, 2.5]])),
    (unnamed, [[1.5, 2.5]]),
    (texts, ["a", "b"]),
    (texts, "a"),
    (texts, {"x": "a"}),
    (tensor, np.zeros((5, 2))),
    (tensor, np.zeros((5, 3))),
    (tensor, np.zeros(5)),
    (tensor, np.zeros((5, 2), dtype="float32")),
    (tensor, pd.DataFrame(np.zeros((2, 2)))),
    (tensor, pd.DataFrame(np.zeros((2, 3)))),
    (tensor, pd.DataFrame({"x": [[1.0, 2.0], [3.0, 4.0]]})),
    (tensor, pd.DataFrame({"x": [1.0, 2.0]})),
    (tensor, pd.DataFrame()),
    (tensor, [[1.0, 2.0]]),
    (tensor, csr_matrix(np.zeros((2, 2)))),
    (tensors, {"x": np.zeros((5, 2)), "y": np.zeros(5)}),
    (tensors, {"x": np.zeros((5, 2))}),
    (tensors, {"x": [[1.0, 2.0]], "y": [1.0]}),
    (tensors, pd.DataFrame({"x": [[1.0, 2.0]], "y": [1.0]})),
    (
        nested,
        pd.DataFrame(
            {"list": [[1, 2]], "object": [{"a": 1.5, "b": "x"}], "map": [{"k": 1.5}], "any": [None]}
        ),
    ),
    (nested, pd.DataFrame({"list": [[1]], "object": [{"a": 1.5}]})),
    (nested, pd.DataFrame({"list": [["x"]], "object": [{"a": 1.5}]})),
    (nested, pd.DataFrame({"list": [1], "object": [{"a": 1.5}]})),
    (nested, pd.DataFrame({"list": [[1]], "object": [{"b": "x"}]})),
    (nested, pd.DataFrame({"list": [[1]], "object": [{"a": 1.5, "c": 1}]})),
    (nested, pd.DataFrame({"list": [[1]], "object": ["x"]})),
    (nested, {"list": [1], "object": {"a": 1.5}}),
]
for number, (signature, value) in enumerate(cases):
    print("enforced", number, told(lambda: asked(signature, value)))

with_params = mlflow.models.ModelSignature(
    Schema([ColSpec("long", "x")]),
    params=ParamSchema(
        [
            ParamSpec("n", "long", 3),
            ParamSpec("rate", "double", 0.5),
            ParamSpec("names", "string", ["a"], (-1,)),
            ParamSpec("at", "datetime", np.datetime64("2026-01-01")),
        ]
    ),
)
x = pd.DataFrame({"x": [1]})
for given in [
    None,
    {},
    {"n": 5},
    {"n": 5.5},
    {"n": "5"},
    {"rate": 1},
    {"names": ["b", "c"]},
    {"names": "b"},
    {"other": 1},
    {"at": "2026-02-03"},
    {"at": "never"},
    {"n": None},
]:
    print("params", given, told(lambda: asked(with_params, x, given)))
print("no params", told(lambda: asked(longs, x, {"n": 1})))

for name, value in data.items():
    print(
        "example",
        name,
        told(
            lambda: json.dumps(json.loads(convert_input_example_to_serving_input(value))).replace(
                "NaN", "null"
            )
        ),
    )
print("example with params", convert_input_example_to_serving_input((["a"], {"n": 1})))
