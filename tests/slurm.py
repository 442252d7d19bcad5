"""A SLURM cluster of two nodes on this machine, for one test: `with cluster(folder) as conf`."""

import getpass
import os
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager

from tests.ports import PATH, free_ports

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


@contextmanager
def cluster(folder, hosts=()):
    """Run slurmctld and two slurmd, one core each; yield the path for SLURM_CONF.

    hosts: where, if not here: two, on the first of which jobs are submitted.
    """
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
        daemons = [
            host.within(*each) for host, each in zip((hosts[0], *hosts), daemons, strict=True)
        ]
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
