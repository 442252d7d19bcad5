"""Make the page that `dvc plots show` fills in: with its chart library in it, not on a CDN.

`python .ci/plots.py` (needs npm) writes .dvc/vega/plots.html, which .dvc/config names, and
.dvc/vega/LICENSE. To be run when the versions below change.
"""

import subprocess
import tarfile
import tempfile
from pathlib import Path

LIBRARIES = {"vega": "5.33.1", "vega-lite": "5.23.0", "vega-embed": "6.29.0"}
"""In the order of loading; of the major versions that DVC's own page names."""
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>DVC plots</title>
<!-- Made by .ci/plots.py. Holds {names}; their licence: .dvc/vega/LICENSE. -->
<style>
  body {{ font-family: sans-serif; margin: 1rem; }}
  body > div {{ display: inline-block; margin: 0 1rem 1rem 0; vertical-align: top; }}
  img {{ max-width: 100%; }}
</style>
{scripts}
</head>
<body>
{{plot_divs}}
</body>
</html>
"""


def read(name: str, member: str) -> str:
    """Return a text file of an npm package. Nothing is unpacked."""
    with tempfile.TemporaryDirectory() as folder:
        package = f"{name}@{LIBRARIES[name]}"
        command = ["npm", "pack", "--silent", "--pack-destination", folder, package]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).iterdir()
        with tarfile.open(archive) as tar:
            return tar.extractfile(f"package/{member}").read().decode()


folder = Path(".dvc/vega")
folder.mkdir(exist_ok=True)
scripts = [read(name, f"build/{name}.min.js").strip() for name in LIBRARIES]
assert not any("</script" in script for script in scripts)
names = ", ".join(f"{name} {version}" for name, version in LIBRARIES.items())
inlined = "\n".join(f"<script>\n{script}\n</script>" for script in scripts)
folder.joinpath("plots.html").write_text(PAGE.format(names=names, scripts=inlined))
folder.joinpath("LICENSE").write_text(read("vega-embed", "LICENSE"))
