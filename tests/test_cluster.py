"""docs/cluster.md: every command of it, by the engines themselves, on small data.

What is not installed is skipped; with REQUIRE_CLUSTER in the environment it fails (.ci/run).
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
import yaml

from tests import pipeline, slurm
from tests.document import Document, sections
from tests.hosts import two_hosts
from tests.pipeline import ROOT, Project
from tests.ports import free_ports, wait_for
from tests.ssh import shells

pytestmark = pytest.mark.slow
DOCUMENT = "docs/cluster.md"
WIDTHS = list(range(16, 129, 16))
PATH = f"{pipeline.ENVIRONMENT['PATH']}:/usr/sbin"  # where Debian has daemons, also for users
FOUND = {}
"""What the first engine has made: all others make the same."""


def need(*programs, modules=()):
    missing = [name for name in programs if not shutil.which(name, path=PATH)]
    missing += [name for name in modules if not find_spec(name)]
    if missing:
        miss = pytest.fail if "REQUIRE_CLUSTER" in os.environ else pytest.skip
        miss(f"not installed: {', '.join(missing)}")


@pytest.fixture
def temporary(tmp_path):
    """The folder for temporary files, in which nothing is left."""
    (tmp_path / "temporary").mkdir()
    yield tmp_path / "temporary"
    assert list(tmp_path.glob("temporary/digits-trial-*")) == []


def run(heading, project, within=(), **variables):
    """Run the commands under one heading of the document."""
    document = Document(DOCUMENT, project, within, **variables)
    document.left = [section for section in document.left if section[0] == heading]
    return document.run(heading)


def models(project):
    """The hash of the hidden model of each experiment, by its width."""
    refs = project.run("git", "for-each-ref", "--format=%(objectname)", "refs/exps/*/*/*")
    found = {}
    for commit in refs.split():
        lock = yaml.safe_load(project.run("git", "show", f"{commit}:dvc.lock"))
        stage = lock["stages"]["train_hidden"]
        units = stage["params"]["params.yaml"]["train_hidden"]["units"]
        found[units] = next(out["md5"] for out in stage["outs"] if "models/" in out["path"])
    return found


def hold(project):
    """See to it that the sweep is whole, as by the other engines, and nothing else changed."""
    found = models(project)
    assert sorted(found) == WIDTHS
    assert len(set(found.values())) == len(WIDTHS)
    assert FOUND.setdefault("models", found) == found
    assert project.run("git", "status", "--porcelain") == ""


def test_each_section_is_run_by_a_test():
    found = [heading for heading, _ in sections((ROOT / DOCUMENT).read_text())]
    assert found == [
        "A trial", "Undo that", "SLURM", "Ray", "Machines that share nothing",
        "GNU parallel", "What they made",
        "By hand: the second machine", "By hand: the first machine", "A SLURM job",
    ]  # fmt: skip


def test_a_trial(project, temporary):
    output = run("A trial", project, TMPDIR=temporary)
    assert "epoch 6/6" in output
    assert "stages.evaluate" not in output
    (row,) = (line for line in output.splitlines() if "wide" in line and "200" in line)
    assert float(row.split("|")[2]) > 0.95
    assert project.read("params.yaml")["train_hidden"]["units"] == 200
    assert "train_hidden" not in project.run("dvc", "status", "train_hidden")
    run("Undo that", project)
    assert project.run("git", "status", "--porcelain") == ""


def test_slurm(project, temporary):
    need("slurmctld", "slurmd", "sbatch")
    with slurm.cluster(temporary.parent / "slurm") as conf:
        run("SLURM", project, SLURM_CONF=conf, TMPDIR=temporary)
        hold(project)
        ran = {
            log: log.read_text().count("Launching batch") for log in conf.parent.glob("slurmd*log")
        }
        assert all(ran.values()), ran
        assert sum(ran.values()) == len(WIDTHS)


@contextmanager
def ray_nodes(**variables):
    """Start Ray on nodes of two cores and one; yield its address, and the process of the second."""
    folder = tempfile.mkdtemp(prefix="ray")  # its sockets' paths have to be short
    environment = {**pipeline.ENVIRONMENT, **variables, "RAY_USAGE_STATS_ENABLED": "0"}
    (port,) = free_ports(1)
    options = ["--block", "--object-store-memory=80000000"]
    head = ["--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={folder}"]
    kinds = [[*head, "--num-cpus=2"], [f"--address=127.0.0.1:{port}", "--num-cpus=1"]]
    nodes = []
    try:
        for kind in kinds:
            command = ["ray", "start", *options, *kind]
            nodes.append(
                psutil.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=2)
            )
            wait_for(nodes[-1], port)
        yield f"127.0.0.1:{port}", nodes[1]
    finally:
        for node in nodes:
            end(node)
        shutil.rmtree(folder, ignore_errors=True)


def end(process):
    """Kill a process and all that it has started, as a machine that loses its power."""
    if process.poll() is None:
        processes = [process, *process.children(recursive=True)]
        for each in processes:
            each.kill()
        psutil.wait_procs(processes)


def trials(process):
    """The trials that run under a process, by their names."""
    found = []
    for each in process.children(recursive=True):
        command = each.cmdline()
        if "trial" in command:
            found.append(command[command.index("trial") + 1])
    return found


def test_ray_goes_on_without_a_node_that_dies(project, tmp_path):
    need("ray")
    with ray_nodes(TMPDIR=str(tmp_path)) as (address, second):
        environment = {**pipeline.ENVIRONMENT, "RAY_ADDRESS": address}
        script = dict(sections((ROOT / DOCUMENT).read_text()))["Ray"]
        sweep = psutil.Popen(
            ["bash", "-euc", script], cwd=project.folder, env=environment, stderr=subprocess.STDOUT
        )
        try:
            while not (lost := trials(second)):
                assert sweep.poll() is None
                time.sleep(0.1)
            end(second)
            assert sweep.wait() == 0
        finally:
            end(sweep)
    assert len(lost) == 1
    names = project.run("dvc", "exp", "list", "--name-only").split()
    assert set(names) == {f"units-{units}" for units in WIDTHS}
    assert lost[0] in names
    hold(project)


@pytest.fixture
def published(project, tmp_path):
    """A project with a remote, and the address of a repository that shares it."""
    project.run("dvc", "remote", "add", "--default", "storage", str(tmp_path / "storage"))
    project.commit("a remote")
    project.run("dvc", "push", "--quiet")
    return project


@pytest.fixture
def machine(published, tmp_path):
    """A clone on another machine, with an environment."""
    folder = tmp_path / "machine"
    run("Machines that share nothing", published, PROJECT=published.folder, FOLDER=folder)
    binaries = Path(shutil.which("digits", path=PATH)).parent
    (folder / ".venv").symlink_to(binaries.parent)
    return Project(folder)


def test_gnu_parallel_over_ssh(published, machine, temporary, tmp_path):
    need("parallel", "sshd", "ssh")
    author = {name: value for name, value in pipeline.ENVIRONMENT.items() if "GIT_" in name}
    (tmp_path / "ssh").mkdir()
    with shells(tmp_path / "ssh", TMPDIR=temporary, **author) as ssh:
        machines = tmp_path / "machines"
        machines.write_text(f"1/{ssh} 127.0.0.1\n1/{ssh} 127.0.0.2\n")
        variables = {"PROJECT": published.folder, "FOLDER": machine.folder}
        run("GNU parallel", published, MACHINES=machines, **variables)
    hold(published)
    shutil.rmtree(published.path(".dvc/cache"))
    run("What they made", published)
    assert published.read("params.yaml")["train_hidden"]["units"] == 48
    assert published.hashes()["models/hidden.keras"] == models(published)[48]
    assert published.path("models/hidden.keras").is_file()


def test_kubernetes_manifest(published, machine, temporary, tmp_path):
    """Against the schema, unknown keys refused; and what it runs, with the index that it sets."""
    (job,) = manifest("units")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    variables = {"PROJECT": published.folder, "JOB_COMPLETION_INDEX": 2, "TMPDIR": temporary}
    command = [*container["command"], *container["args"]]
    (mount,) = container["volumeMounts"]
    machine.run(
        "env",
        *(f"{name}={value}" for name, value in variables.items()),
        *(part.replace(mount["mountPath"], str(tmp_path / "cache")) for part in command),
    )
    assert list(models(published)) == [48]
    assert job["spec"]["completions"] == len(WIDTHS)
    assert (tmp_path / "cache/files").is_dir()
    assert "Kubernetes 1.37" in (ROOT / DOCUMENT).read_text()
    hold_to_schema(job)


def manifest(name):
    """The parts of the document's manifest in which a Job of this name is the last."""
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / DOCUMENT).read_text(), re.DOTALL)
    found = [list(yaml.safe_load_all(block)) for block in blocks]
    return next(parts for parts in found if parts[-1]["metadata"]["name"] == name)


def hold_to_schema(*parts):
    """See to it that parts of a manifest are as Kubernetes wants them, and would not pass else."""
    need(modules=["kubernetes_validate"])
    import kubernetes_validate

    for part in parts:
        kubernetes_validate.validate(part, "1.37", strict=True)
        part["spec"]["completion"] = 8
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(part, "1.37", strict=True)


@pytest.fixture
def hosts():
    """With the names that they have for SLURM's nodes, and for the pods."""
    with two_hosts("one digits-0.digits", "two digits-1.digits") as found:
        yield found


@pytest.fixture
def two_workers(published):
    published.set("train.workers", 2)
    published.commit("two workers")
    return published


def hold_trained(project):
    """See to it that two workers have trained `hidden`, and DVC has it."""
    assert project.read("metrics/train_hidden.json")["accuracy"] > 0.9
    locked = project.lock()["train_hidden"]
    assert locked["params"]["params.yaml"]["train"]["workers"] == 2
    assert "train_hidden" not in project.run("dvc", "status", "train_hidden")
    trained = project.hashes()["models/hidden.keras"]
    assert FOUND.setdefault("by two workers", trained) == trained


def test_two_machines_by_hand(two_workers, machine, hosts):
    with ThreadPoolExecutor() as threads:
        first = threads.submit(run, "By hand: the first machine", two_workers, hosts[0].within())
        run("By hand: the second machine", machine, hosts[1].within())
        first.result()
    hold_trained(two_workers)
    assert machine.run("git", "status", "--porcelain") == ""
    assert not machine.path("models/hidden.keras").exists()


def test_a_slurm_job_of_two_workers(two_workers, hosts, tmp_path):
    need("slurmctld", "slurmd", "sbatch", "srun")
    with slurm.cluster(tmp_path / "slurm", hosts) as conf:
        try:
            run("A SLURM job", two_workers, hosts[0].within(), SLURM_CONF=conf)
        except AssertionError:
            print(two_workers.path(".dvc/tmp/workers.log").read_text())
            raise
    hold_trained(two_workers)


def test_a_kubernetes_job_of_two_workers(two_workers, hosts):
    service, job = manifest("digits")
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["subdomain"] == service["metadata"]["name"]
    command = [*container["command"], *container["args"]]
    (mount,) = container["volumeMounts"]
    command = [part.replace(mount["mountPath"], str(two_workers.folder)) for part in command]
    with ThreadPoolExecutor() as threads:
        pods = [
            threads.submit(
                two_workers.run, *host.within("env", f"JOB_COMPLETION_INDEX={n}"), *command
            )
            for n, host in enumerate(hosts[: job["spec"]["completions"]])
        ]
        for each in pods:
            each.result()
    hold_trained(two_workers)
    hold_to_schema(service, job)
