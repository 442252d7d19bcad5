"""An SSH server with SFTP on this machine, for one test: `with serving(folder) as (port, key)`."""

import asyncio
import threading
from contextlib import contextmanager

import asyncssh


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
