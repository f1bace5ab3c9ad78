"""Models of Keras 3 that log themselves."""

import sys

import keras
import mlflow
import numpy as np

mlflow.set_experiment(sys.argv[1])
mlflow.keras.autolog()

keras.utils.set_random_seed(7)
X = np.random.default_rng(7).normal(size=(60, 4)).astype("float32")
y = X.sum(axis=1, keepdims=True)


def network():
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)]
    )
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
    return model


with mlflow.start_run(run_name="arrays"):
    network().fit(X, y, batch_size=20, epochs=3, validation_data=(X[:20], y[:20]), verbose=0)

with mlflow.start_run(run_name="generator"):

    def batches():
        while True:
            yield X[:10], y[:10]

    network().fit(batches(), steps_per_epoch=2, epochs=2, verbose=0, callbacks=[])

mlflow.keras.autolog(log_every_epoch=False, log_every_n_steps=2, log_models=False, log_datasets=False)
with mlflow.start_run(run_name="steps"):
    network().fit(X, y, batch_size=10, epochs=2, verbose=0)

mlflow.keras.autolog(disable=True)
network().fit(X, y, epochs=1, verbose=0)
