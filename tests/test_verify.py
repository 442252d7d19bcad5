"""The same-bytes check of CI, shown to fail when it should."""

import json

import pytest


def verify(project, code=0):
    return project.run("python", "-m", "digits", "verify", "evaluate", code=code)


def write_loss(project, scores, loss):
    """Commit another loss than the one that was measured."""
    scores["basic"]["loss"] = loss
    project.path("metrics/evaluation.json").write_text(json.dumps(scores, indent=2) + "\n")


@pytest.mark.slow
def test_the_same_bytes_other_bytes_another_cpu_and_other_metrics(project):
    project.run("python", "-m", "digits", "verify", "--record")
    project.commit()
    assert "the rebuild gave the committed bytes" in verify(project)

    scores = json.loads(project.path("metrics/evaluation.json").read_text())
    loss = scores["basic"]["loss"]
    write_loss(project, scores, loss + 0.001)
    assert "commit them first" in verify(project, code=1)
    project.commit()
    output = verify(project, code=1)
    assert "the rebuild differs from the committed results in metrics/evaluation.json" in output

    project.run("git", "checkout", "--quiet", "metrics", "dvc.lock")
    project.path(".ci/cpu.txt").write_text("Plan9 z80 Zilog 8\n")
    output = verify(project)
    assert "the results were made on another CPU (Plan9 z80 Zilog 8; this is " in output

    project.run("git", "checkout", "--quiet", "metrics", "dvc.lock")
    write_loss(project, scores, loss + 1)
    project.commit()
    output = verify(project, code=1)
    assert "metrics/evaluation.json: basic.loss: committed" in output
