"""Draw the pictures: each function returns the bytes of a PNG."""
