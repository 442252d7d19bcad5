"""One file, one stage of dvc.yaml: `python -m stages.fetch` runs the stage `fetch`."""

import os

from digits.errors import stop_in_order

stop_in_order(with_parent="DVC_STAGE" in os.environ)  # before the slow imports
