"""SSH servers on this machine, for one test: `serving` has SFTP alone, `shells` runs commands."""

import asyncio
import shutil
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import asyncssh

from tests.ports import free_ports, wait_for


@contextmanager
def serving(folder, key):
    """Serve `folder` as / on a free port of 127.0.0.1 to whoever has the private `key`.

    folder, key: Paths; the key's file is written. Yields the port.
    """
    private = asyncssh.generate_private_key("ssh-ed25519")
    private.write_private_key(str(key))
    key.chmod(0o600)
    allowed = asyncssh.import_authorized_keys(private.export_public_key().decode())
    loop = asyncio.new_event_loop()

    def sftp(channel):
        return asyncssh.SFTPServer(channel, chroot=str(folder).encode())

    server = loop.run_until_complete(
        asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            authorized_client_keys=allowed,
            sftp_factory=sftp,
        )
    )
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@contextmanager
def shells(folder, **variables):
    """Run OpenSSH's server on 127.0.0.1 and 127.0.0.2; yield the ssh command, but for the address.

    variables: of the environment in which commands run.
    """
    key, server = folder / "key", folder / "server"
    for each in (key, server):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", each], check=True)
    (port,) = free_ports(1)
    settings = {
        "Port": port,
        "HostKey": server,
        "AuthorizedKeysFile": f"{key}.pub",
        "PidFile": "none",
        "StrictModes": "no",
        "SetEnv": " ".join(f'"{name}={value}"' for name, value in variables.items()),
    }
    lines = [f"{name} {value}\n" for name, value in settings.items()]
    lines += [f"ListenAddress 127.0.0.{place}\n" for place in (1, 2)]
    (folder / "sshd_config").write_text("".join(lines))
    if Path("/run").stat().st_uid == Path(folder).stat().st_uid:
        Path("/run/sshd").mkdir(exist_ok=True)  # which it asks for where it is root's
    command = [
        shutil.which("sshd", path="/usr/sbin:/usr/bin"),
        "-D",
        "-f",
        folder / "sshd_config",
        "-E",
        folder / "log",
    ]
    process = subprocess.Popen(command)
    try:
        wait_for(process, port, "127.0.0.2")
        known = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
        yield f"ssh -p {port} -i {key} {known}"
    finally:
        process.terminate()
        process.wait()
