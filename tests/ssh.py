"""An SSH server on this machine, for one test: `with server(folder) as (port, key)`."""

import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_ports, wait_for


@contextmanager
def server(folder, **variables):
    """Run OpenSSH's server on 127.0.0.1 and 127.0.0.2, with SFTP; yield its port and the key.

    folder: where its files are written. variables: of the environment in which commands run.
    """
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
    if Path("/run").stat().st_uid == Path(folder).stat().st_uid:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd asks for it where it is root's
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/bin")
    process = subprocess.Popen([sshd, "-D", "-f", folder / "sshd_config", "-E", folder / "log"])
    try:
        wait_for(process, port, "127.0.0.2")
        yield port, key
    finally:
        process.terminate()
        process.wait()
