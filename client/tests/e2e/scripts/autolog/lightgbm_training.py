"""Boosters and estimators of LightGBM that log themselves."""

import sys

import lightgbm
import mlflow
from sklearn.datasets import load_diabetes, load_iris

mlflow.set_experiment(sys.argv[1])
mlflow.lightgbm.autolog(log_input_examples=True)

iris = load_iris(as_frame=True)
binary = iris.target < 2
X, y = iris.data[binary], iris.target[binary]
quiet = {"verbose": -1, "num_threads": 1, "min_data_in_leaf": 3}

with mlflow.start_run(run_name="native"):
    train = lightgbm.Dataset(X[::2], y[::2], free_raw_data=False)
    valid = lightgbm.Dataset(X[1::2], y[1::2], reference=train, free_raw_data=False)
    lightgbm.train(
        {"objective": "binary", "metric": ["binary_logloss", "auc"], **quiet},
        train,
        num_boost_round=6,
        valid_sets=[train, valid],
        valid_names=["train", "valid"],
    )

with mlflow.start_run(run_name="stopped early"):
    train = lightgbm.Dataset(X[::2].to_numpy(), y[::2].to_numpy(), free_raw_data=False)
    valid = lightgbm.Dataset(X[1::2].to_numpy(), y[1::2].to_numpy(), reference=train, free_raw_data=False)
    lightgbm.train(
        {"objective": "binary", "metric": ["auc"], **quiet},
        train,
        50,
        valid_sets=[valid],
        callbacks=[lightgbm.early_stopping(3, verbose=False)],
    )

with mlflow.start_run(run_name="ranking at positions"):
    train = lightgbm.Dataset(X.to_numpy(), y.to_numpy(), group=[50, 50], free_raw_data=False)
    lightgbm.train(
        {"objective": "lambdarank", "metric": "ndcg", "eval_at": [1, 3], **quiet},
        train,
        4,
        valid_sets=[train],
    )

with mlflow.start_run(run_name="estimator"):
    model = lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1)
    model.fit(iris.data, iris.target, eval_set=[(iris.data, iris.target)])
    rows = iris.data[:20]
    model.predict(rows)
    model.score(rows, iris.target[:20])

mlflow.lightgbm.autolog(log_models=False, log_datasets=False, extra_tags={"team": "blue"})
diabetes = load_diabetes()
lightgbm.LGBMRegressor(n_estimators=3, n_jobs=1, verbose=-1).fit(diabetes.data, diabetes.target)
mlflow.lightgbm.autolog(disable=True)
lightgbm.LGBMRegressor(n_estimators=3, n_jobs=1, verbose=-1).fit(diabetes.data, diabetes.target)
