"""Draw the pictures: each function returns the bytes of a PNG, the same for the same input."""

import os

os.environ["MPLBACKEND"] = "agg"  # a notebook passes its own on, which need not be here
