"""The commands of a document: its indented blocks, run exactly as they stand there, in order."""

import re

from tests.pipeline import ROOT


class Document:
    """A document whose commands are run in a project, section by section."""

    def __init__(self, name, project, within=(), **variables):
        """within: words before every command; variables: what the document leaves to the reader."""
        self.project, self.within = project, within
        self.variables = [f"{name}={value}" for name, value in variables.items()]
        self.left = list(sections((ROOT / name).read_text()))

    def run(self, heading, folder="."):
        """Run the next section that has commands, which must be `heading`; return its output."""
        found, script = self.left.pop(0)
        assert found == heading
        command = ["bash", "-euo", "pipefail", "-c", f"cd '{folder}'\n{script}"]
        return self.project.run(*self.within, "env", *self.variables, *command)


def sections(text):
    """Yield each heading and the commands under it. Fenced blocks are shown, not run."""
    heading, script, fenced = "", [], False
    for line in [*text.splitlines(), "# "]:
        fenced ^= line.startswith("```")
        if not fenced and (title := re.match(r"#+ (.*)", line)):
            if script:
                yield heading, "\n".join(script)
            heading, script = title[1], []
        elif not fenced and line.startswith("    "):
            script.append(line.removeprefix("    "))
