"""Estimators, a pipeline and searches that log themselves."""

import sys

import mlflow
import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

mlflow.set_experiment(sys.argv[1])
mlflow.sklearn.autolog(log_input_examples=True)

from sklearn.metrics import accuracy_score, log_loss

iris = load_iris(as_frame=True)
binary = iris.target < 2
Xa, ya = iris.data[binary], iris.target[binary]
Xb, yb = Xa[::3], ya[::3]

with mlflow.start_run(run_name="binary"):
    model = LogisticRegression(C=0.5).fit(Xa, ya)
    predicted = model.predict(Xb)
    accuracy_score(yb, predicted)
    accuracy_score(yb, y_pred=predicted, normalize=False)
    log_loss(yb, model.predict_proba(Xb))
    model.score(Xb, yb)

with mlflow.start_run(run_name="folds"):
    cross_val_score(LogisticRegression(), Xa, ya, cv=2)

with mlflow.start_run(run_name="forest of arrays"):
    RandomForestClassifier(n_estimators=5, random_state=7).fit(
        iris.data.to_numpy(), iris.target.to_numpy(), sample_weight=np.linspace(0.5, 1.5, len(iris.target))
    )

with mlflow.start_run(run_name="regression"):
    data = load_diabetes()
    LinearRegression().fit(data.data, data.target)

with mlflow.start_run(run_name="clusters"):
    KMeans(n_clusters=3, n_init=1, random_state=7).fit_predict(iris.data)

with mlflow.start_run(run_name="pipeline"):
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    pipeline.fit(iris.data, iris.target)
    rows = iris.data[:10]
    pipeline.predict(rows)

with mlflow.start_run(run_name="grid"):
    GridSearchCV(LogisticRegression(max_iter=300), {"C": [0.1, 0.5, 1.0, 2.0, 4.0, 8.0]}, cv=3).fit(
        iris.data, iris.target
    )

mlflow.sklearn.autolog(
    max_tuning_runs=None, log_models=False, extra_tags={"team": "blue"}, log_post_training_metrics=False
)
with mlflow.start_run(run_name="random search"):
    RandomizedSearchCV(
        LogisticRegression(max_iter=300), {"C": [0.1, 0.5, 1.0]}, n_iter=2, cv=2, random_state=7
    ).fit(iris.data, iris.target)

mlflow.sklearn.autolog(log_datasets=False, extra_tags={"team": "red"}, pos_label=1)
LogisticRegression().fit(Xa, ya)

try:
    LogisticRegression(C=-1).fit(Xa, ya)
except ValueError:
    pass

with mlflow.start_run(run_name="one class of preparation only"):
    StandardScaler().fit_transform(iris.data)

mlflow.sklearn.autolog(disable=True)
LogisticRegression(C=7).fit(Xa, ya)
