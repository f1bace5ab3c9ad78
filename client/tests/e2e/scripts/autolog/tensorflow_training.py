"""Models of TensorFlow's Keras that log themselves."""

import sys

import mlflow
import numpy as np
import tensorflow as tf

mlflow.set_experiment(sys.argv[1])
mlflow.tensorflow.autolog(log_input_examples=True)

X = np.random.default_rng(7).normal(size=(60, 4)).astype("float32")
y = X.sum(axis=1, keepdims=True)


def network():
    tf.keras.utils.set_random_seed(7)
    model = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(1)])
    model.compile(optimizer=tf.keras.optimizers.SGD(0.01), loss="mse", metrics=["mae"])
    return model


with mlflow.start_run(run_name="arrays"):
    network().fit(X, y, batch_size=20, epochs=3, validation_data=(X[:20], y[:20]), verbose=0)

with mlflow.start_run(run_name="stopped early"):
    model = network()
    stop = tf.keras.callbacks.EarlyStopping(
        "val_loss", patience=1, min_delta=100.0, restore_best_weights=True
    )
    model.fit(X, y, epochs=9, validation_data=(X[:20], y[:20]), verbose=0, callbacks=[stop])

with mlflow.start_run(run_name="dataset"):
    data = tf.data.Dataset.from_tensor_slices((X, y)).batch(12)
    network().fit(data, epochs=2, verbose=0)

mlflow.tensorflow.autolog(log_every_epoch=False, log_every_n_steps=2, log_models=False, checkpoint=False)
with mlflow.start_run(run_name="steps"):
    network().fit(X, y, batch_size=10, epochs=2, verbose=0)

with mlflow.start_run(run_name="dataset of named inputs"):
    tf.keras.utils.set_random_seed(7)
    inputs = {name: tf.keras.layers.Input((2,), name=name) for name in ("left", "right")}
    joined = tf.keras.layers.Concatenate()(list(inputs.values()))
    model = tf.keras.Model(inputs, tf.keras.layers.Dense(1)(joined))
    model.compile(optimizer=tf.keras.optimizers.SGD(0.01), loss="mse")
    named = {"left": X[:, :2], "right": X[:, 2:]}
    model.fit(tf.data.Dataset.from_tensor_slices((named, y)).batch(12), epochs=2, verbose=0)

mlflow.tensorflow.autolog(disable=True)
network().fit(X, y, epochs=1, verbose=0)
