"""One training on several machines."""
