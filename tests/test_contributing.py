"""CONTRIBUTING.md: its commands, around a change that concerns one stage."""

from tests.document import Document


def test_every_command_of_the_document(project):
    document = Document("CONTRIBUTING.md", project)
    document.run("1. Set up, once")
    document.run("2. Branch")
    project.edit("stages/explore.py", '"""', '"""Also: ')
    output = document.run("4. Build what it touches")
    assert [line for line in output.splitlines() if line.startswith("> ")] == [
        "> python -m stages.explore"
    ]
    assert "metrics/" not in output
    document.run("6. Commit")
    assert project.run("git", "status", "--porcelain") == ""
    changed = project.run("git", "diff", "--name-only", "main", "my-change").split()
    assert changed == ["dvc.lock", "stages/explore.py"]
    assert document.left == []
