#!/usr/bin/env python3
"""One real OpenSearch node with the security plugin, on loopback, for the length of a `with`.

    node.py [VERSION]      prints the address and serves until it is ended

Everything of a node lives in one folder of the cache, beside the assembled home (assemble.py), so
that jars are hard links; the folder goes when the node ends. The node ends by its process id.
"""
import base64
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import parts
from assemble import assemble

SECURITY = "opensearch-security"
USER, PASSWORD = "admin", "admin-Pass-1"
SETTINGS = """
cluster.name: {name}
node.name: {name}
network.host: 127.0.0.1
http.port: {port}
transport.port: {transport}
discovery.type: single-node
path.data: {folder}/data
path.logs: {folder}/logs
path.repo: ["{folder}/repositories"]
bootstrap.system_call_filter: false
cluster.routing.allocation.disk.threshold_enabled: false
plugins.security.ssl.http.enabled: false
plugins.security.ssl.transport.pemcert_filepath: node.pem
plugins.security.ssl.transport.pemkey_filepath: node-key.pem
plugins.security.ssl.transport.pemtrustedcas_filepath: ca.pem
plugins.security.ssl.transport.enforce_hostname_verification: false
plugins.security.nodes_dn: ["CN=node,O=tests"]
plugins.security.allow_default_init_securityindex: true
plugins.security.audit.type: noop
plugins.security.restapi.roles_enabled: [all_access, security_rest_api_access]
plugins.security.system_indices.enabled: true
"""
LOGGING = """status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""
USERS = """_meta: {{type: internalusers, config_version: 2}}
{user}: {{hash: '{hash}', reserved: true, backend_roles: [admin]}}
"""
EXTENSION = """subjectAltName=DNS:localhost,IP:127.0.0.1,RID:1.2.3.4.5.5
keyUsage=digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth,clientAuth
"""
JVM = ["-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
       "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8", "-Djna.nosys=true",
       "-Djna.nounpack=true", "-Dio.netty.noUnsafe=true", "-Dlog4j.shutdownHookEnabled=false",
       "-Dlog4j2.disable.jmx=true", "-Dopensearch.distribution.type=tar",
       "-Dopensearch.bundled_jdk=false"]


def java():
    """Java and its feature release."""
    program = shutil.which("java")
    if not program:
        raise parts.Unavailable("Java is not installed")
    text = subprocess.run([program, "-XshowSettings:properties", "-version"], capture_output=True,
                          text=True, check=True).stderr
    return program, int(text.split("java.specification.version = ")[1].split()[0].split(".")[0])


def link(source, target):
    """A hard link where the file system lets it, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def certify(folder):
    """A CA and a node's certificate: nodes speak TLS with each other even when alone."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    (folder / "node.ext").write_text(EXTENSION, encoding="utf-8")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca-key.pem", "-out",
            "ca.pem", "-days", "3650", "-subj", "/O=tests/CN=ca")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "node-key.pem", "-out", "node.csr",
            "-subj", "/O=tests/CN=node")
    openssl("x509", "-req", "-in", "node.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem",
            "-CAcreateserial", "-days", "3650", "-extfile", "node.ext", "-out", "node.pem")


class Node:
    """A node that answers; `url` without credentials, `repositories` is its shared folder."""

    def __init__(self, port, folder):
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self.repositories = folder / "repositories"

    def request(self, method, path, body=None, timeout=60):
        """(status, JSON) of a call by the admin."""
        credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        message = urllib.request.Request(
            self.url + path, method=method, data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(message, timeout=timeout) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with contextlib.suppress(ValueError):
                return error.code, json.loads(error.read())
            return error.code, None

    def ready(self, name):
        with contextlib.suppress(OSError):
            status, health = self.request("GET", "/_cluster/health", timeout=5)
            return status == 200 and health["cluster_name"] == name and health["status"] != "red"
        return False


def configure(folder, home, ports, name, program):
    config = folder / "config"
    for made in ("config", "data", "logs", "tmp", "repositories"):
        (folder / made).mkdir()
    for part in ("lib", "modules", "plugins"):
        shutil.copytree(home / part, folder / part, copy_function=link)
    shutil.copytree(home / "plugins" / SECURITY / "config", config / SECURITY)
    certify(config)
    classes = f"{folder}/plugins/{SECURITY}/*:{folder}/lib/*"
    hashed = subprocess.run([program, "-cp", classes, "org.opensearch.security.tools.Hasher",
                             "-p", PASSWORD], capture_output=True, text=True, check=True).stdout
    (config / SECURITY / "internal_users.yml").write_text(
        USERS.format(user=USER, hash=hashed.split()[-1]), encoding="utf-8")
    (config / "log4j2.properties").write_text(LOGGING, encoding="utf-8")
    (config / "opensearch.yml").write_text(
        SETTINGS.format(name=name, port=ports[0], transport=ports[1], folder=folder),
        encoding="utf-8")


def command(folder, program, release):
    options = [*JVM, f"-Djava.io.tmpdir={folder}/tmp", f"-Dopensearch.path.home={folder}",
               f"-Dopensearch.path.conf={folder}/config",
               "-Djava.locale.providers=SPI," + ("CLDR" if release >= 23 else "COMPAT")]
    if release >= 18:
        options.append("-Djava.security.manager=allow")
    return [program, *options, "-cp", f"{folder}/lib/*", "org.opensearch.bootstrap.OpenSearch"]


def await_node(node, process, name, log, seconds=180):
    deadline = time.monotonic() + seconds
    while not node.ready(name):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the node did not start:\n"
                               + log.read_text(encoding="utf-8", errors="replace")[-2000:])
        time.sleep(0.3)


@contextlib.contextmanager
def opensearch(version="2.19.1", ports=None):
    """Gives a Node; raises parts.Unavailable when its parts cannot be had."""
    program, release = java()
    home = assemble(version, [SECURITY])
    ports, name = ports or (parts.free_port(), parts.free_port()), f"node-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="node-", dir=parts.CACHE,
                                     ignore_cleanup_errors=True) as made:
        folder = pathlib.Path(made)
        configure(folder, home, ports, name, program)
        log = folder / "logs/output"
        with open(log, "wb") as output:
            process = subprocess.Popen(command(folder, program, release), cwd=folder,
                                       stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            node = Node(ports[0], folder)
            await_node(node, process, name, log)
            yield node
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def main():
    with opensearch(*sys.argv[1:2]) as node:
        print(f"{node.url} {USER} {PASSWORD}", flush=True)
        signal.pause()


if __name__ == "__main__":
    try:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        main()
    except parts.Unavailable as reason:
        print(reason, file=sys.stderr)
        sys.exit(parts.UNAVAILABLE)
