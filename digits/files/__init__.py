"""Read and write files: whole or not at all, and only if they are what they should be."""
