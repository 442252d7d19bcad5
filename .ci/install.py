#!/usr/bin/env python3
"""Run `pip install` with the arguments given, in the environment of this Python.

Of the user's settings for pip it heeds those that say where packages come from; none of those that
say where they go, what is left out, or what else is done.
"""

import ast
import os
import subprocess
import sys

KEPT = (
    *("index-url", "extra-index-url", "find-links", "no-index", "trusted-host", "keyring-provider"),
    *("proxy", "cert", "client-cert", "timeout", "default-timeout", "retries", "cache-dir"),
    *("use-feature", "use-deprecated"),
)
names = {f"PIP_{name.replace('-', '_').upper()}": name for name in KEPT}
environment = {
    name: os.environ[name]
    for name in os.environ
    if not name.startswith("PIP_") or name in names or name == "PIP_CONFIG_FILE"
}
every = {f"PIP_{name}": "0" for name in ("USER", "GLOBAL", "SITE", "QUIET", "VERBOSE")}
pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
listed = [*pip, "config", "list"]
done = subprocess.run(listed, env=environment | every, stdout=subprocess.PIPE, text=True)
if done.returncode:
    sys.exit("error: pip cannot read its settings; it said why")
found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
for section in ("global", "install", ":env:"):  # the later one counts
    for variable, name in names.items():
        if value := found.get(f"{section}.{name}"):
            environment[variable] = ast.literal_eval(value)
environment["PIP_CONFIG_FILE"] = os.devnull
sys.exit(subprocess.run([*pip, "install", "--quiet", *sys.argv[1:]], env=environment).returncode)
