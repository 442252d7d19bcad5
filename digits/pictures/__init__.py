"""From any picture to what a model reads: read it, find the ink, place it."""
