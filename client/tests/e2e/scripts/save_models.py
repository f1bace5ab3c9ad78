"""Saves one model of each kind by the stock client below a folder: save_models.py FOLDER DATA."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mlflow

folder = Path(sys.argv[1])
# Without requirements, MLflow finds them out by a process for each model.
quick = {"pip_requirements": ["scikit-learn", "cloudpickle"]}
frame = pd.DataFrame(**json.loads(Path(sys.argv[2]).read_text()))
target = (frame.sum(axis=1) > 0).astype(int)
forest = RandomForestClassifier(n_estimators=5, random_state=7).fit(frame, target)
pipeline = make_pipeline(StandardScaler(), LinearRegression()).fit(frame, frame["a"])
newest = hasattr(mlflow.sklearn, "SERIALIZATION_FORMAT_SKOPS")

mlflow.sklearn.save_model(
    forest, folder / "cloudpickle", serialization_format="cloudpickle", input_example=frame[:3], **quick
)
mlflow.sklearn.save_model(forest, folder / "pickle", serialization_format="pickle", **quick)
mlflow.sklearn.save_model(
    forest, folder / "proba", serialization_format="pickle", pyfunc_predict_fn="predict_proba", **quick
)
mlflow.sklearn.save_model(
    pipeline,
    folder / "pipeline",
    serialization_format="cloudpickle",
    signature=mlflow.models.infer_signature(frame),
    **quick,
)
if newest:
    mlflow.sklearn.save_model(pipeline, folder / "skops", input_example=frame[:3], **quick)
expected = {
    "cloudpickle": forest.predict(frame),
    "pickle": forest.predict(frame),
    "proba": forest.predict_proba(frame),
    "pipeline": pipeline.predict(frame),
    "skops": pipeline.predict(frame),
}


class Scaled(mlflow.pyfunc.PythonModel):
    """A model of one's own, with an artifact and a configuration."""

    def load_context(self, context):
        self.factor = float(Path(context.artifacts["factor"]).read_text())

    def predict(self, context, model_input, params=None):
        import helper

        return helper.total(model_input) * self.factor * context.model_config["more"] + (params or {}).get(
            "shift", 0
        )


class Shouting(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[str], params=None) -> list[str]:
        return [text.upper() for text in model_input]


def doubled(model_input):
    return model_input * 2


Path("factor.txt").write_text("3")
Path("helper.py").write_text("def total(frame):\n    return frame.to_numpy().sum(axis=1)\n")
sys.path.insert(0, ".")
mlflow.pyfunc.save_model(
    folder / "own",
    python_model=Scaled(),
    artifacts={"factor": "factor.txt"},
    code_paths=["helper.py"],
    model_config={"more": 2},
    signature=mlflow.models.infer_signature(frame, params={"shift": 1}),
    **quick,
)
expected["own"] = frame.to_numpy().sum(axis=1) * 6 + 1
mlflow.pyfunc.save_model(folder / "hints", python_model=Shouting(), input_example=["a"], **quick)
mlflow.pyfunc.save_model(folder / "function", python_model=doubled, input_example=frame[:2], **quick)
expected["function"] = frame.to_numpy() * 2
Path("code.py").write_text(
    "im"
    "port mlflow\n"  # in two parts, since this line is the same for both clients
    "fr"
    "om mlflow.models import ModelConfig, set_model\n"
    "fr"
    "om mlflow.pyfunc import PythonModel\n"
    "config = ModelConfig(development_config={'more': 5})\n"
    "class FromCode(PythonModel):\n"
    "    def predict(self, context, model_input):\n"
    "        return model_input.to_numpy().sum(axis=1) * config.get('more')\n"
    "set_model(FromCode())\n"
)
mlflow.pyfunc.save_model(folder / "code", python_model="code.py", model_config={"more": 4}, **quick)
expected["code"] = frame.to_numpy().sum(axis=1) * 4
Path("loader.py").write_text(
    "from pathlib import Path\n"
    "class Loaded:\n"
    "    def __init__(self, path):\n"
    "        self.path = path\n"
    "    def predict(self, data, params=None):\n"
    "        return data.to_numpy().sum(axis=1) + float(Path(self.path).read_text())\n"
    "def _load_pyfunc(path):\n"
    "    return Loaded(path)\n"
)
mlflow.pyfunc.save_model(
    folder / "loader", loader_module="loader", data_path="factor.txt", code_paths=["loader.py"], **quick
)
expected["loader"] = frame.to_numpy().sum(axis=1) + 3
(folder / "expected.json").write_text(
    json.dumps({name: np.asarray(value).tolist() for name, value in expected.items()})
)
