"""Digits drawn with a pen: for tests that need pictures as people make them."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from digits.pictures.preparing import ink, place

STROKES = {
    0: [[(50, 5), (22, 20), (15, 50), (25, 82), (50, 95), (76, 80), (84, 50), (76, 18), (50, 5)]],
    1: [[(52, 5), (50, 50), (48, 95)]],
    2: [[(18, 25), (35, 7), (62, 8), (76, 26), (66, 48), (38, 72), (16, 93), (84, 92)]],
    3: [[(20, 12), (55, 5), (74, 22), (62, 42), (40, 48), (68, 54), (80, 74), (58, 94), (18, 88)]],
    4: [[(28, 5), (18, 52), (80, 50)], [(66, 10), (62, 95)]],
    5: [[(78, 8), (30, 8), (24, 45), (58, 42), (78, 62), (66, 88), (40, 95), (16, 84)]],
    6: [[(62, 4), (32, 32), (20, 66), (34, 92), (62, 92), (74, 72), (58, 56), (30, 62), (22, 72)]],
    7: [[(16, 10), (80, 8), (58, 48), (42, 95)]],
    8: [
        [(50, 48), (28, 28), (40, 6), (62, 6), (74, 26), (50, 48), (24, 72), (36, 94), (64, 94)],
        [(64, 94), (78, 72), (50, 48)],
    ],
    9: [[(74, 22), (50, 6), (28, 20), (32, 44), (56, 48), (74, 22), (72, 55), (62, 95)]],
}
"""Polylines in a square of 100."""


def draw(digit, size=200, width=0.09, margin=0.2, paper=255, pen=20):
    """A digit as a grey Pillow image, `size` pixels high, margins (a part of it) included."""
    image = Image.new("L", (size * 4, size * 4), paper)
    pencil = ImageDraw.Draw(image)
    inner, radius = size * 4 * (1 - 2 * margin), width * size * 2
    for stroke in STROKES[digit]:
        points = [tuple(size * 4 * margin + inner * c / 100 for c in point) for point in stroke]
        pencil.line(points, fill=pen, width=int(2 * radius), joint="curve")
        for x, y in points:
            pencil.ellipse((x - radius, y - radius, x + radius, y + radius), fill=pen)
    return image.resize((size, size), Image.Resampling.BOX)


def beside(*images):
    """Pictures in a row."""
    return Image.fromarray(np.hstack([np.asarray(image) for image in images]))


def picture(random):
    """A digit as a scanner or camera might see it: uint8 (height, width), any polarity."""
    size = int(random.integers(20, 120))
    image = draw(
        int(random.integers(10)), size, random.uniform(0.06, 0.14), random.uniform(0.1, 0.3)
    )
    image = image.rotate(random.uniform(-15, 15), Image.Resampling.BICUBIC, fillcolor=255)
    grey = np.asarray(image.filter(ImageFilter.GaussianBlur(random.uniform(0, size / 60))), float)
    grey = np.pad(grey, random.integers(0, size // 2, (2, 2)), constant_values=255)
    if random.random() < 0.5:  # a camera: uneven light, less contrast, noise
        light = np.linspace(1, random.uniform(0.8, 1.0), grey.shape[1])
        grey = 60 + grey * light * 0.6 + random.normal(0, random.uniform(0, 6), grey.shape)
    if random.random() < 0.3:
        grey = 255 - grey
    return np.rint(grey).clip(0, 255).astype(np.uint8)


def prepare(grey):
    """What `digits predict` shows a model of a picture, whether it is of one digit or more."""
    return place(ink(grey)[0])
