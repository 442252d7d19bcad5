"""The form of the data: how large an image is, how many classes there are."""

SIDE = 28
"""Pixels: height and width of an image."""
PIXELS = SIDE * SIDE
CLASSES = 10
