"""Pack many small images into one PNG: a sprite sheet, from which a page shows any of them."""

import io
from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

COLUMNS = 32


def sheet(images: NDArray[np.uint8], columns: int = COLUMNS) -> bytes:
    """Lay `images`, uint8 (n, side, side), out in rows of `columns`; return a grey PNG."""
    side = images.shape[1]
    rows = max(1, -(-len(images) // columns))
    tiles = np.zeros((rows * columns, side, side), np.uint8)
    tiles[: len(images)] = images
    grid = tiles.reshape(rows, columns, side, side).swapaxes(1, 2)
    content = io.BytesIO()
    picture = Image.fromarray(grid.reshape(rows * side, columns * side))
    picture.save(content, "PNG", optimize=True)
    return content.getvalue()


def data_uri(png: bytes) -> str:
    """Return a PNG as an address that holds it."""
    return f"data:image/png;base64,{b64encode(png).decode()}"


def packed(array: NDArray[Any]) -> str:
    """Return an array as base64 of little-endian float32, row after row, for a page's script."""
    return b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()
