"""One file, one stage of dvc.yaml: `python -m stages.fetch` runs the stage `fetch`."""

import sys

from digits.environment import restrict

if sys.argv[0] == "-m":  # Python is about to run one of them
    restrict()
