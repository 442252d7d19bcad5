"""Servers on this machine for one test: OpenSSH, SLURM, and two hosts with a cable between."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.pipeline import ENVIRONMENT

PATH = f"{ENVIRONMENT['PATH']}:/usr/sbin"  # where Debian has daemons, also for users
CONF = """\
ClusterName=test
SlurmctldHost={host}({addresses[0]})
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
MpiDefault=none
ReturnToService=2
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmctldPort={ports[0]}
NodeName=one NodeHostname={host} NodeAddr={addresses[0]} Port={ports[1]} CPUs=1
NodeName=two NodeHostname={host} NodeAddr={addresses[1]} Port={ports[2]} CPUs=1
PartitionName=all Nodes=ALL Default=YES State=UP
"""


def need(*programs):
    """Skip a test for which a program is missing; fail it if REQUIRE_CLUSTER is set (.ci/run)."""
    if missing := [name for name in programs if not shutil.which(name, path=PATH)]:
        miss = pytest.fail if "REQUIRE_CLUSTER" in os.environ else pytest.skip
        miss(f"not installed: {', '.join(missing)}")


def free_ports(count):
    """Ports of 127.0.0.1 that nobody has."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def wait_for(process, port, address="127.0.0.1"):
    """Wait until a server, which must go on running, answers at its port."""
    refused = True
    while refused:
        assert process.poll() is None, f"{process.args} has ended"
        time.sleep(0.1)
        with socket.socket() as asking:
            refused = asking.connect_ex((address, port))


@contextmanager
def ssh(folder, **variables):
    """Run OpenSSH's server on 127.0.0.1 and 127.0.0.2, with SFTP; yield its port and the key.

    folder: where its files are written. variables: of the environment in which commands run.
    """
    need("sshd", "ssh", "ssh-keygen")
    key, host = folder / "key", folder / "host"
    for each in (key, host):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", each], check=True)
    (port,) = free_ports(1)
    variables = " ".join(f'"{name}={value}"' for name, value in variables.items())
    (folder / "sshd_config").write_text(
        f"Port {port}\nHostKey {host}\nAuthorizedKeysFile {key}.pub\nPidFile none\nStrictModes no\n"
        "ListenAddress 127.0.0.1\nListenAddress 127.0.0.2\nSubsystem sftp internal-sftp\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        + (f"SetEnv {variables}\n" if variables else "")
    )
    if Path("/run").stat().st_uid == folder.stat().st_uid:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd asks for it where it is root's
    command = [shutil.which("sshd", path=PATH), "-D", "-f", folder / "sshd_config"]
    with subprocess.Popen([*command, "-E", folder / "log"]) as process:
        try:
            wait_for(process, port, "127.0.0.2")
            yield port, key
        finally:
            process.terminate()


@contextmanager
def slurm(parent, hosts=()):
    """Run slurmctld and two slurmd, one core each; yield the path for SLURM_CONF.

    hosts: where, if not here: two, on the first of which jobs are submitted.
    """
    need("slurmctld", "slurmd", "sbatch", "srun")
    folder = parent / "slurm"
    for name in ("state", "spool-one", "spool-two"):
        (folder / name).mkdir(parents=True)
    conf = folder / "slurm.conf"
    text = CONF.format(
        folder=folder,
        user=getpass.getuser(),
        host=socket.gethostname().split(".")[0],
        ports=free_ports(3),
        addresses=[host.address for host in hosts] or ["127.0.0.1"] * 2,
    )
    conf.write_text(text)
    environment = {**os.environ, "SLURM_CONF": str(conf), "PATH": PATH}
    daemons = [["slurmctld", "-D"], ["slurmd", "-N", "one", "-D"], ["slurmd", "-N", "two", "-D"]]
    asked = ["sinfo", "--noheader", "--Node", "--format=%T"]
    if hosts:
        places = (hosts[0], *hosts)
        daemons = [host.within(*each) for host, each in zip(places, daemons, strict=True)]
        asked = hosts[0].within(*asked)
    with ExitStack() as stack:
        for daemon in daemons:
            process = subprocess.Popen(daemon, env=environment, stderr=subprocess.DEVNULL)
            stack.enter_context(process)
            stack.callback(process.terminate)
        states, left = "", 300
        while states.split() != ["idle", "idle"]:
            assert left, "\n".join(log.read_text() for log in folder.glob("*.log"))
            states = subprocess.run(asked, env=environment, capture_output=True, text=True).stdout
            left -= 1
            time.sleep(0.1)
        yield conf


class Host(NamedTuple):
    """A network namespace, its address there, and the file that is its /etc/hosts."""

    name: str
    address: str
    known: str

    def within(self, *command):
        """The words that run a command on this host."""
        bind = ["unshare", "--mount", "sh", "-ec", 'mount --bind "$0" /etc/hosts; exec "$@"']
        return ["nsenter", f"--net=/run/netns/{self.name}", *bind, self.known, *command]

    def ip(self, *words):
        """Change this host's network, as the command `ip` does."""
        subprocess.run(["ip", "-n", self.name, *words], check=True)


@contextmanager
def two_hosts(*names):
    """Yield 10.0.0.1 and 10.0.0.2, which know each other by `names`; skip without the rights."""
    if not shutil.which("ip"):
        pytest.skip("no iproute2 here")
    with ExitStack() as stack:
        known = stack.enter_context(tempfile.NamedTemporaryFile("w"))
        addresses = ["10.0.0.1", "10.0.0.2"]
        for address, words in [("127.0.0.1", "localhost"), *zip(addresses, names, strict=False)]:
            print(address, words, file=known, flush=True)
        one, two = (f"digits{os.getpid()}-{n}" for n in range(2))
        commands = [f"-n {one} link add cable type veth peer name cable netns {two}"]
        for name, address in zip((one, two), addresses, strict=True):
            if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode:
                pytest.skip("no network namespaces here")
            stack.callback(subprocess.run, ["ip", "netns", "delete", name], check=True)
            commands.append(f"-n {name} addr add {address}/24 dev cable")
            commands += [f"-n {name} link set {device} up" for device in ("cable", "lo")]
        for command in commands:
            subprocess.run(["ip", *command.split()], check=True, capture_output=True)
        yield [Host(*words, known.name) for words in zip((one, two), addresses, strict=True)]
