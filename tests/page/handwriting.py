"""What is no digit: polylines in a square of 100."""

import numpy as np


def ring(x, y, radius, start=0.0, turns=1.0, growth=0.0):
    """A circle, a part of one, or a spiral."""
    angles = 2 * np.pi * (start + turns * np.linspace(0, 1, 1 + int(24 * abs(turns))))
    radii = radius + growth * np.linspace(0, 1, len(angles))
    return np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], axis=1)


SHAPES = {
    "star": [[(50 + 45 * np.sin(i * 2.513), 50 - 45 * np.cos(i * 2.513)) for i in range(6)]],
    "face": [ring(50, 50, 45), ring(33, 38, 4), ring(67, 38, 4), ring(50, 52, 24, 0.04, 0.42)],
    "A": [[(10, 95), (50, 5), (90, 95)], [(26, 60), (74, 60)]],
    "M": [[(8, 95), (15, 5), (50, 60), (85, 5), (92, 95)]],
    "arrow": [[(5, 50), (95, 50)], [(65, 20), (95, 50), (65, 80)]],
    "spiral": [ring(50, 50, 4, turns=3.0, growth=44)],
    "zigzag": [[(5 + 15 * i, 15 if i % 2 else 85) for i in range(7)]],
    "window": [
        [(10, 10), (90, 10), (90, 90), (10, 90), (10, 10)],
        [(50, 10), (50, 90)],
        [(10, 50), (90, 50)],
    ],
    "scribble": [[(5, 60), (40, 10), (30, 80), (70, 20), (50, 90), (95, 40), (20, 45), (80, 75)]],
}
