#!/usr/bin/env python3
"""lifeboat-sandbox with a recorder in front: what goes over the wire, byte for byte, into files.

Takes lifeboat-sandbox's own options and prints its lines, with the recorder's port in place of the
sandbox's, so it stands in wherever LB_SANDBOX names the program. Nothing is changed on the way: Host
and signature stay as they were sent, and a reset stays a reset. Each connection becomes two files in
the folder $LB_WIRE: N.out (what the client said) and N.in (what it was answered).
"""
import asyncio
import contextlib
import os
import pathlib
import signal
import socket
import struct
import sys
import tempfile
from urllib.parse import urlsplit

PROGRAM = os.environ.get("LB_RECORDED", str(
    pathlib.Path(__file__).resolve().parents[2] / "build/lifeboat-sandbox"))


def reset(writer):
    """Closes as a peer does that has gone: RST, not FIN."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def pump(reader, writer, file):
    """Copies until one end is done."""
    try:
        while chunk := await reader.read(65536):
            file.write(chunk)
            file.flush()
            writer.write(chunk)
            await writer.drain()
        writer.close()
    except ConnectionError:
        reset(writer)


class Recorder:
    def __init__(self, port, folder):
        self.port, self.folder, self.count = port, folder, 0

    async def serve(self, reader, writer):
        self.count += 1
        stem = self.folder / f"{self.count:05}"
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            reset(writer)
            return
        with open(f"{stem}.out", "wb") as said, open(f"{stem}.in", "wb") as answered:
            pumps = [asyncio.ensure_future(pump(reader, far_writer, said)),
                     asyncio.ensure_future(pump(far_reader, writer, answered))]
            await asyncio.wait(pumps)


async def main():
    root = pathlib.Path(os.environ["LB_WIRE"])
    root.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="wire-", dir=root))
    process = await asyncio.create_subprocess_exec(PROGRAM, *sys.argv[1:],
                                                   stdout=asyncio.subprocess.PIPE)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.terminate)
    lines = []
    async for line in process.stdout:
        lines.append(line.decode())
        if lines[-1].strip() == "ready":
            break
    text = "".join(lines)
    url = next((line.partition("=")[2].strip() for line in lines
                if "AWS_ENDPOINT_URL=" in line), None)
    if url:
        port = urlsplit(url).port
        server = await asyncio.start_server(Recorder(port, folder).serve, "127.0.0.1", 0)
        mine = server.sockets[0].getsockname()[1]
        text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{mine}")
    print(text, end="", flush=True)
    status = await process.wait()
    os._exit(status if status >= 0 else 128 - status)  # open connections are no reason to stay


if __name__ == "__main__":
    asyncio.run(main())
