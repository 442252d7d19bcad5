"""The same work as one script, as notebooks do it: python notebook.py MNIST.npz FOLDER."""

import sys
from pathlib import Path

import keras
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import seaborn as sns
import tensorflow as tf

matplotlib.use("Agg")
out = Path(sys.argv[2])

# Load
with np.load(sys.argv[1]) as data:
    x_train, y_train = data["x_train"], data["y_train"]
    x_test, y_test = data["x_test"], data["y_test"]

# Explore
print(x_train.shape, x_train.dtype, np.bincount(y_train), np.bincount(y_test))
print(x_train.mean(), x_train.std(), x_test.mean(), x_test.std())
figure, grid = plt.subplots(10, 10, figsize=(7, 7))
for digit, row in enumerate(grid):
    for axes, image in zip(row, x_train[y_train == digit][:10], strict=True):
        axes.imshow(image, cmap="gray_r")
        axes.axis("off")
figure.savefig(out / "samples.png")

# Normalise and flatten
x_train = x_train.reshape(len(x_train), 784) / 255
x_test = x_test.reshape(len(x_test), 784) / 255

# Train and evaluate both models
for name, layers in {
    "basic": [keras.layers.Dense(10, activation="sigmoid")],
    "hidden": [
        keras.layers.Dense(100, activation="relu"),
        keras.layers.Dense(10, activation="sigmoid"),
    ],
}.items():
    model = keras.Sequential([keras.Input((784,)), *layers])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=5)
    print(name, model.evaluate(x_test, y_test))
    predicted = model.predict(x_test).argmax(axis=1)
    plt.figure(figsize=(8, 6))
    sns.heatmap(tf.math.confusion_matrix(y_test, predicted), annot=True, fmt="d")
    plt.xlabel("predicted")
    plt.ylabel("actual")
    plt.savefig(out / f"confusion_{name}.png")
    model.save(out / f"{name}.keras")
