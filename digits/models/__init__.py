"""The models, a file each: digits/training/definition.py says what a file may define."""
