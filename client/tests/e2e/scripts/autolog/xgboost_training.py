"""Boosters and estimators of XGBoost that log themselves."""

import sys

import mlflow
import pandas as pd
import xgboost
from sklearn.datasets import load_diabetes, load_iris

mlflow.set_experiment(sys.argv[1])
mlflow.xgboost.autolog(log_input_examples=True, importance_types=["weight", "gain"])

iris = load_iris(as_frame=True)
binary = iris.target < 2
X, y = iris.data[binary], iris.target[binary]

with mlflow.start_run(run_name="native"):
    train, valid = xgboost.DMatrix(X[::2].to_numpy(), y[::2]), xgboost.DMatrix(X[1::2].to_numpy(), y[1::2])
    xgboost.train(
        {
            "objective": "binary:logistic",
            "max_depth": 2,
            "eval_metric": ["logloss", "error@0.7"],
            "nthread": 1,
        },
        train,
        num_boost_round=6,
        evals=[(train, "train"), (valid, "valid")],
        verbose_eval=False,
    )

with mlflow.start_run(run_name="stopped early"):
    train, valid = xgboost.DMatrix(X[::2], y[::2]), xgboost.DMatrix(X[1::2], y[1::2])
    xgboost.train(
        {"objective": "binary:logistic", "max_depth": 2, "nthread": 1},
        train,
        50,
        evals=[(valid, "valid")],
        early_stopping_rounds=3,
        callbacks=[],
        verbose_eval=False,
    )

with mlflow.start_run(run_name="estimator"):
    model = xgboost.XGBClassifier(n_estimators=5, max_depth=2, n_jobs=1)
    model.fit(iris.data, iris.target, eval_set=[(iris.data, iris.target)], verbose=False)
    rows = iris.data[:20]
    model.predict(rows)
    model.score(rows, iris.target[:20])

with mlflow.start_run(run_name="forest, whose fit calls that of its base"):
    model = xgboost.XGBRFClassifier(n_estimators=5, max_depth=2, n_jobs=1, random_state=7)
    model.fit(iris.data, iris.target, eval_set=[(iris.data, iris.target)], verbose=False)

mlflow.xgboost.autolog(log_models=False, log_datasets=False, extra_tags={"team": "blue"})
diabetes = load_diabetes()
xgboost.XGBRegressor(n_estimators=3, max_depth=2, n_jobs=1).fit(diabetes.data, diabetes.target)
mlflow.xgboost.autolog(disable=True)
xgboost.XGBRegressor(n_estimators=3, max_depth=2, n_jobs=1).fit(diabetes.data, diabetes.target)
