"""docs/cluster.md: every command of it, by the engines themselves, on small data.

What is not installed is skipped; with REQUIRE_CLUSTER in the environment it fails (.ci/run).
"""

import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import yaml

from tests.document import Document, sections
from tests.pipeline import ENVIRONMENT, ROOT, Project
from tests.servers import free_ports, need, slurm, ssh, two_hosts, wait_for

pytestmark = pytest.mark.slow
DOCUMENT = "docs/cluster.md"
TEXT = (ROOT / DOCUMENT).read_text()
COMMANDS = dict(sections(TEXT))
MODEL = "models/hidden.keras"
WIDTHS = list(range(32, 129, 32))
FOUND = {}
"""What the first engine has made: all others make the same."""


@pytest.fixture
def temporary(tmp_path):
    """The folder for temporary files, in which nothing is left."""
    (tmp_path / "temporary").mkdir()
    yield tmp_path / "temporary"
    assert list(tmp_path.glob("temporary/digits-trial-*")) == []


def run(heading, project, within=(), **variables):
    """Run the commands under one heading of the document."""
    document = Document(DOCUMENT, project, within, **variables)
    document.left = [(heading, COMMANDS[heading])]
    return document.run(heading)


def models(project):
    """The hash of the hidden model of each experiment, by its width."""
    found = {}
    for commit in project.run("git", "for-each-ref", "--format=%(objectname)", "refs/exps").split():
        lock = yaml.safe_load(project.run("git", "show", f"{commit}:dvc.lock"))
        stage = lock["stages"]["train_hidden"]
        units = stage["params"]["params.yaml"]["train_hidden"]["units"]
        found[units] = next(out["md5"] for out in stage["outs"] if out["path"] == MODEL)
    return found


def hold(project):
    """See to it that the sweep is whole, as by the other engines, and nothing else changed."""
    found = models(project)
    assert sorted(found) == WIDTHS
    assert len(set(found.values())) == len(WIDTHS)
    assert FOUND.setdefault("models", found) == found
    assert project.run("git", "status", "--porcelain") == ""


def test_each_section_is_run_by_a_test():
    tests = Path(__file__).read_text()
    for heading in COMMANDS:
        assert f'"{heading}"' in tests, heading


def test_a_trial(project, temporary):
    output = run("A trial", project, TMPDIR=temporary)
    assert "epoch 6/6" in output
    assert "stages.evaluate" not in output
    assert any("wide" in line and "200" in line for line in output.splitlines())
    assert project.read("params.yaml")["train_hidden"]["units"] == 200
    assert "train_hidden" not in project.run("dvc", "status", "train_hidden")
    run("Undo that", project)
    assert project.run("git", "status", "--porcelain") == ""


def test_slurm(project, temporary, tmp_path):
    with slurm(tmp_path) as conf:
        run("SLURM", project, SLURM_CONF=conf, TMPDIR=temporary)
        hold(project)


def test_ray(project, tmp_path):
    need("ray")
    folder = tempfile.mkdtemp(prefix="ray")  # its sockets' paths have to be short
    address = f"127.0.0.1:{free_ports(1)[0]}"
    head = ["ray", "start", "--head", "--block", f"--port={address[10:]}", f"--temp-dir={folder}"]
    options = ["--num-cpus=2", "--object-store-memory=80000000", "--include-dashboard=false"]
    environment = {**ENVIRONMENT, "TMPDIR": str(tmp_path), "RAY_USAGE_STATS_ENABLED": "0"}
    node = psutil.Popen([*head, *options], env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(node, int(address[10:]))
        run("Ray", project, RAY_ADDRESS=address)
    finally:
        for process in (*node.children(recursive=True), node):
            with suppress(psutil.NoSuchProcess):  # it ended with the one before
                process.kill()
        node.wait()
        shutil.rmtree(folder, ignore_errors=True)
    hold(project)


@pytest.fixture
def published(project, tmp_path):
    """A project with a remote."""
    project.run("dvc", "remote", "add", "--default", "storage", str(tmp_path / "storage"))
    project.commit("a remote")
    project.run("dvc", "push", "--quiet")
    return project


@pytest.fixture
def machine(published, tmp_path):
    """A clone on another machine, with an environment."""
    folder = tmp_path / "machine"
    run("Machines that share nothing", published, PROJECT=published.folder, FOLDER=folder)
    (folder / ".venv").symlink_to(sys.prefix)
    return Project(folder)


def test_gnu_parallel_over_ssh(published, machine, temporary, tmp_path):
    need("parallel")
    author = {name: value for name, value in ENVIRONMENT.items() if "GIT_" in name}
    machines = tmp_path / "machines"
    variables = {"PROJECT": published.folder, "FOLDER": machine.folder, "MACHINES": machines}
    with ssh(tmp_path, TMPDIR=temporary, **author) as (port, key):
        known = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
        command = f"1/ssh -p {port} -i {key} {known}"
        machines.write_text(f"{command} 127.0.0.1\n{command} 127.0.0.2\n")
        run("GNU parallel", published, **variables)
    hold(published)
    shutil.rmtree(published.path(".dvc/cache"))
    run("The results", published)
    assert published.read("params.yaml")["train_hidden"]["units"] == 64
    assert published.hashes()[MODEL] == models(published)[64]
    assert published.path(MODEL).is_file()


def test_kubernetes_manifest(published, machine, temporary, tmp_path):
    """Against the schema, unknown keys refused; and what it runs, with the index that it sets."""
    job, words = manifest("units", tmp_path / "cache")
    variables = {"PROJECT": str(published.folder), "TMPDIR": str(temporary)}
    machine.run(*words, JOB_COMPLETION_INDEX="1", **variables)
    assert list(models(published)) == [64]
    assert job["spec"]["completions"] == len(WIDTHS)
    assert (tmp_path / "cache/files").is_dir()
    hold_to_schema(job)


def manifest(name, folder):
    """The parts of a manifest, a Job last, and its command, with a folder as what it mounts."""
    blocks = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    found = [list(yaml.safe_load_all(block)) for block in blocks]
    parts = next(parts for parts in found if parts[-1]["metadata"]["name"] == name)
    (container,) = parts[-1]["spec"]["template"]["spec"]["containers"]
    (mount,) = container["volumeMounts"]
    words = [*container["command"], *container["args"]]
    return *parts, [word.replace(mount["mountPath"], str(folder)) for word in words]


def hold_to_schema(*parts):
    """See to it that parts of a manifest are as Kubernetes wants them, and have no unknown key."""
    need("kubernetes-validate")
    import kubernetes_validate

    for part in parts:
        kubernetes_validate.validate(part, "1.37", strict=True)


@pytest.fixture
def hosts():
    """Two hosts, with the names that they have for SLURM's nodes, and for the pods."""
    with two_hosts("one digits-0.digits", "two digits-1.digits") as found:
        yield found


@pytest.fixture
def two_workers(published):
    """A project that two workers train; in the end they have trained `hidden`, and DVC has it.

    The stages before have to run, too.
    """
    published.set("train.workers", 2)
    published.set("preprocess.limit", 250)
    published.commit("two workers")
    yield published
    assert published.read("metrics/training/hidden.json")["accuracy"] > 0.9
    locked = published.lock()["train_hidden"]
    assert locked["params"]["params.yaml"]["train"]["workers"] == 2
    assert "train_hidden" not in published.run("dvc", "status", "train_hidden")
    trained = published.hashes()[MODEL]
    assert FOUND.setdefault("by two workers", trained) == trained


@pytest.mark.parametrize("heading", ["By hand: two clones", "By hand: one folder"])
def test_by_hand(two_workers, machine, hosts, heading):
    projects = [two_workers, machine if "clones" in heading else two_workers]
    with ThreadPoolExecutor() as threads:
        runs = [
            threads.submit(run, heading, project, host.within(), RANK=str(rank))
            for rank, (project, host) in enumerate(zip(projects, hosts, strict=True))
        ]
        for each in runs:
            each.result()
    first, second = (project.lock()["train_hidden"] for project in projects)
    assert first == second


def test_a_slurm_job_of_two_workers(two_workers, hosts, tmp_path):
    with slurm(tmp_path, hosts) as conf:
        run("A SLURM job", two_workers, hosts[0].within(), SLURM_CONF=conf)


def test_a_kubernetes_job_of_two_workers(two_workers, hosts):
    service, job, words = manifest("digits", two_workers.folder)
    assert job["spec"]["template"]["spec"]["subdomain"] == service["metadata"]["name"]
    assert job["spec"]["completions"] == len(hosts)
    with ThreadPoolExecutor() as threads:
        starts = [
            host.within("env", f"JOB_COMPLETION_INDEX={n}", *words) for n, host in enumerate(hosts)
        ]
        list(threads.map(lambda start: two_workers.run(*start), starts))
    hold_to_schema(service, job)
