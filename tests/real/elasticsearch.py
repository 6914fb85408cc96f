"""Real Elasticsearch 7.10.2 nodes without security, on loopback, for the length of a `with`.

The server's jars come with a library that embeds it (no distribution is in Maven); the launcher
beside this file makes a node of them. It is the open-source build: no snapshot lifecycle management,
no security. Nodes that start together share the folder of their repositories, as clusters of two
data centres share a file system.
"""
import contextlib
import os
import pathlib
import subprocess
import tempfile

import real  # noqa: F401  says where parts are
import parts
from jars import jars
from node import JVM, Node, machines_java

RUNNER = "org.codelibs:elasticsearch-cluster-runner:7.10.2.0"
HOME = "elasticsearch-7.10.2"
LAUNCHER = pathlib.Path(__file__).with_name("ElasticsearchNode.java")


@contextlib.contextmanager
def elasticsearch(names):
    """Gives a Node for each name; raises parts.Unavailable when its parts cannot be had."""
    command = [machines_java(), *JVM, "-cp", f"{jars(HOME, RUNNER)}/*"]
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(
            prefix="node-", dir=parts.CACHE, ignore_cleanup_errors=True)))
        (folder / "repositories").mkdir()
        nodes = [stack.enter_context(starting(command, folder, name)) for name in names]
        for node in nodes:
            node.wait()
        yield nodes


@contextlib.contextmanager
def starting(command, shared, name):
    """Gives a Node that was started."""
    folder, port, cluster = shared / name, parts.free_port(), f"{name}-{os.getpid()}"
    for made in ("config", "logs", "tmp"):
        (folder / made).mkdir(parents=True)
    with open(folder / "logs/output", "wb") as output:
        process = subprocess.Popen(
            [*command, f"-Djava.io.tmpdir={folder}/tmp", str(LAUNCHER), cluster, str(folder),
             str(shared / "repositories"), str(port)],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    node = Node(cluster, port, folder, process)
    node.repositories = shared / "repositories"
    try:
        yield node
    finally:
        node.stop()
