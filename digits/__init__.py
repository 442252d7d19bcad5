"""What the stages are made of, in rooms; README.md, "Where things are", has their map."""

import sys

if sys.argv[0] == "-m":  # of `python -m`, which looks into the current folder before all others
    sys.path.append(sys.path.pop(0))  # a random.py there must not be taken for Python's own
