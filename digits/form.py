"""The form of the data: how many pixels high and wide an image is, how many classes there are."""

SIDE = 28
PIXELS = SIDE * SIDE
CLASSES = 10
