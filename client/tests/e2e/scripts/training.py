"""A training script as people write it: params, metrics by step, tags, nested runs, and every kind of artifact."""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
from PIL import Image

mlflow.set_experiment(sys.argv[1])
Path("weights").mkdir(exist_ok=True)
Path("weights/layer.bin").write_bytes(b"\x00\x01")
Path("weights/readme.txt").write_text("two layers")

with mlflow.start_run(
    run_name="parent", tags={"team": "vision"}, description="A run of *both* clients"
) as run:
    mlflow.log_param("depth", 3)
    mlflow.log_params({"rate": 0.1, "optimizer": "adam", "layers": [64, 32], "none": None})
    for step in range(5):
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
        mlflow.log_metrics({"accuracy": step / 5, "val/accuracy": step / 10}, step=step)
    mlflow.log_metric("numpy", np.float32(0.5))
    mlflow.log_metric("array", np.array([7]))
    mlflow.log_metric("text", "0.25")
    mlflow.log_metric("whole", 3)
    mlflow.log_metric("yes", True)
    mlflow.log_metric("not_a_number", float("nan"))
    mlflow.set_tag("state", "done")
    mlflow.set_tags({"a": 1, "b": None})
    mlflow.set_tag("gone", "soon")
    mlflow.delete_tag("gone")
    mlflow.log_artifact("weights/readme.txt")
    mlflow.log_artifact("weights/readme.txt", "docs/more")
    mlflow.log_artifact("weights")
    mlflow.log_artifacts("weights", "copies")
    mlflow.log_text("a text", "texts/a.txt")
    mlflow.log_dict({"a": [1, 2]}, "dicts/a.json")
    mlflow.log_dict({"a": [1, 2]}, "dicts/a.yaml")
    figure, axes = plt.subplots()
    axes.plot([0, 1], [1, 0])
    mlflow.log_figure(figure, "figures/a.png")
    mlflow.log_image(np.zeros((8, 8, 3), dtype=np.uint8), "images/black.png")
    mlflow.log_image(
        Image.new("RGB", (300, 8)), key="samples/first", step=2, timestamp=1000, synchronous=True
    )
    mlflow.log_table({"question": ["a"], "answer": ["b"]}, "tables/t.json")
    mlflow.log_table(pd.DataFrame({"question": ["c"], "answer": ["d"]}), "tables/t.json")
    mlflow.log_input(mlflow.data.from_pandas(pd.DataFrame({"x": [1.0]}), name="points"), context="training")
    with mlflow.start_run(run_name="child", nested=True):
        mlflow.log_metric("loss", 2)
    with mlflow.start_run(run_name="second child", parent_run_id=run.info.run_id, nested=True):
        mlflow.log_param("fold", 1)

rows = mlflow.load_table("tables/t.json")
assert list(rows["answer"]) == ["b", "d"], rows
frame = mlflow.search_runs(filter_string="metrics.accuracy > 0.5", order_by=["metrics.loss DESC"])
assert list(frame["run_id"]) == [run.info.run_id]
assert frame.loc[0, "params.optimizer"] == "adam"
assert [point.value for point in mlflow.MlflowClient().get_metric_history(run.info.run_id, "loss")][-1] == 0.2
assert mlflow.last_active_run() is not None
assert (
    mlflow.get_parent_run(
        mlflow.search_runs(output_format="list", filter_string="run_name = 'child'")[0].info.run_id
    ).info.run_id
    == run.info.run_id
)
