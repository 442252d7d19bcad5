"""One file, one stage of dvc.yaml: `python -m stages.fetch` runs the stage `fetch`."""

import sys
from pathlib import Path

from digits.environment import restrict

if sys.argv[0] == "-m":  # Python is about to run one of them
    restrict()
    here, this = Path("stages/__init__.py"), Path(__file__)
    if not here.is_file() or not here.samefile(this):
        sys.exit(
            f"error: these are the stages of {this.parents[1]}: run them there. (Python finds "
            "those of the folder one is in, unless PYTHONSAFEPATH or -P forbids it.)"
        )
