import numpy as np

from digits.data.statistics import statistics

CLASSES = list("0123456789")


def test_the_numbers_are_those_of_the_arrays(dataset):
    train = statistics(dataset.train_images, dataset.train_labels, CLASSES)
    assert (train["shape"], train["dtype"]) == ([300, 28, 28], "uint8")
    assert (train["min"], train["max"]) == (0, 255)
    assert train["mean"] == round(float((dataset.train_images / 255).mean()), 6)
    assert train["deviation"] == round(float((dataset.train_images / 255).std()), 6)
    assert train["examples"] == dict.fromkeys(CLASSES, 30)


def test_a_class_that_does_not_occur():
    images = np.zeros((2, 28, 28), np.uint8)
    images[1] = 255
    test = statistics(images, np.array([3, 3], np.uint8), CLASSES)
    assert (test["mean"], test["deviation"]) == (0.5, 0.5)
    assert (test["examples"]["3"], test["examples"]["9"]) == (2, 0)
