#!/usr/bin/env python3
"""Real OpenSearch nodes on loopback, each for the length of a `with`.

    node.py security|s3      prints the address and serves until it is ended

`security` is a 2.19.1 with its security plugin, on the machine's Java; `s3` a 3.8.0 with
repository-s3, on a Java that PyPI has. Everything of a node lives in one folder of the cache, beside
the assembled home (assemble.py), so that jars are hard links; the folder goes when the node ends.
The node ends by its process id.
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
import typing
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import parts
from assemble import assemble

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
"""
SECURE_SETTINGS = """
plugins.security.ssl.http.enabled: false
plugins.security.ssl.transport.pemcert_filepath: node.pem
plugins.security.ssl.transport.pemkey_filepath: node-key.pem
plugins.security.ssl.transport.pemtrustedcas_filepath: ca.pem
plugins.security.ssl.transport.enforce_hostname_verification: false
plugins.security.nodes_dn: ["CN=node,O=tests"]
plugins.security.allow_default_init_securityindex: true
plugins.security.audit.type: noop
plugins.security.restapi.roles_enabled: [all_access, security_manager]
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
# Passwords, and the headers by which a proxy says who calls: how a domain's own proxy tells the node
# about callers of AWS.
SIGNING_IN = """_meta: {type: config, config_version: 2}
config:
  dynamic:
    http:
      anonymous_auth_enabled: false
      xff: {enabled: true, internalProxies: '127[.]0[.]0[.]1', remoteIpHeader: x-forwarded-for}
    authc:
      proxy:
        http_enabled: true
        order: 0
        http_authenticator:
          type: proxy
          challenge: false
          config: {user_header: x-proxy-user, roles_header: x-proxy-roles}
        authentication_backend: {type: noop}
      password:
        http_enabled: true
        transport_enabled: true
        order: 1
        http_authenticator: {type: basic, challenge: true}
        authentication_backend: {type: intern}
"""
EXTENSION = """subjectAltName=DNS:localhost,IP:127.0.0.1,RID:1.2.3.4.5.5
keyUsage=digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth,clientAuth
"""
JVM = ["-Xms256m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
       "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8", "-Djna.nosys=true",
       "-Djna.nounpack=true", "-Dio.netty.noUnsafe=true", "-Dlog4j.shutdownHookEnabled=false",
       "-Dlog4j2.disable.jmx=true", "-Dopensearch.distribution.type=tar",
       "-Dopensearch.bundled_jdk=false"]


def machines_java():
    program = shutil.which("java")
    if not program:
        raise parts.Unavailable("Java is not installed")
    return program


class Kind(typing.NamedTuple):
    """What a node is made of."""
    version: str
    plugin: str
    java: typing.Callable
    jvm: tuple


KINDS = {
    "security": Kind("2.19.1", "opensearch-security", machines_java, ()),
    # Keys in the settings of a repository: else they want a keystore, and that a Java compiler.
    "s3": Kind("3.8.0", "repository-s3", parts.java, ("-Dopensearch.allow_insecure_settings=true",)),
}


def release(program):
    """The feature release of a Java: 17."""
    text = subprocess.run([program, "-XshowSettings:properties", "-version"], capture_output=True,
                          text=True, check=True).stderr
    return int(text.split("java.specification.version = ")[1].split()[0].split(".")[0])


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
    """A node, started. `url` is without credentials, `repositories` its folder for them."""

    def __init__(self, name, port, folder, process):
        self.name, self.url, self.process = name, f"http://127.0.0.1:{port}", process
        self.repositories, self.log = folder / "repositories", folder / "logs/output"

    def request(self, method, path, body=None, timeout=60):
        """(status, JSON) of a call by the admin, where there is one."""
        credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else None
        message = urllib.request.Request(
            self.url + path, method=method, data=data,
            headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(message, timeout=timeout) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with contextlib.suppress(ValueError):
                return error.code, json.loads(error.read())
            return error.code, None

    def ready(self):
        with contextlib.suppress(OSError):
            status, health = self.request("GET", "/_cluster/health", timeout=5)
            return (status == 200 and health["cluster_name"] == self.name
                    and health["status"] != "red")
        return False

    def wait(self, seconds=180):
        """Until it answers."""
        deadline = time.monotonic() + seconds
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the node did not start:\n" + self.log.read_text(
                    encoding="utf-8", errors="replace")[-2000:])
            time.sleep(0.3)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def secure(folder, kind, program):
    """Certificates, an admin who signs in with a password, and a proxy that names callers."""
    config, plugin = folder / "config", folder / "plugins" / kind.plugin
    shutil.copytree(plugin / "config", config / kind.plugin)
    certify(config)
    hashed = subprocess.run([program, "-cp", f"{plugin}/*:{folder}/lib/*",
                             "org.opensearch.security.tools.Hasher", "-p", PASSWORD],
                            capture_output=True, text=True, check=True).stdout
    (config / kind.plugin / "internal_users.yml").write_text(
        USERS.format(user=USER, hash=hashed.split()[-1]), encoding="utf-8")
    with open(config / kind.plugin / "roles.yml", "a", encoding="utf-8") as roles:
        roles.write("security_manager: {}\n")  # a domain has it, for who may map roles
    (config / kind.plugin / "config.yml").write_text(SIGNING_IN, encoding="utf-8")
    return SECURE_SETTINGS


def configure(folder, kind, program, name, port):
    home = assemble(kind.version, [kind.plugin])
    for made in ("config", "data", "logs", "tmp", "repositories"):
        (folder / made).mkdir()
    for part in ("lib", "modules", "plugins"):
        shutil.copytree(home / part, folder / part, copy_function=link)
    settings = SETTINGS.format(name=name, port=port, transport=parts.free_port(), folder=folder)
    if kind.plugin == KINDS["security"].plugin:
        settings += secure(folder, kind, program)
    (folder / "config/opensearch.yml").write_text(settings, encoding="utf-8")
    (folder / "config/log4j2.properties").write_text(LOGGING, encoding="utf-8")


def command(folder, kind, program):
    feature = release(program)
    options = [*JVM, *kind.jvm, f"-Djava.io.tmpdir={folder}/tmp",
               f"-Dopensearch.path.home={folder}", f"-Dopensearch.path.conf={folder}/config",
               "-Djava.locale.providers=SPI," + ("CLDR" if feature >= 23 else "COMPAT")]
    if feature >= 18 and kind.version.startswith("2."):
        options.append("-Djava.security.manager=allow")
    return [program, *options, "-cp", f"{folder}/lib/*", "org.opensearch.bootstrap.OpenSearch"]


@contextlib.contextmanager
def starting(name):
    """Gives a Node of that kind that was started, so that several can start side by side; raises
    parts.Unavailable when its parts cannot be had."""
    kind = KINDS[name]
    program, port = str(kind.java()), parts.free_port()
    cluster = f"{name}-{os.getpid()}-{port}"
    # Without AWS's variables: a client without keys would ask the address of a machine's metadata.
    environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true"}
    with tempfile.TemporaryDirectory(prefix="node-", dir=parts.CACHE,
                                     ignore_cleanup_errors=True) as made:
        folder = pathlib.Path(made)
        configure(folder, kind, program, cluster, port)
        with open(folder / "logs/output", "wb") as output:
            process = subprocess.Popen(command(folder, kind, program), cwd=folder, env=environment,
                                       stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        node = Node(cluster, port, folder, process)
        try:
            yield node
        finally:
            node.stop()


@contextlib.contextmanager
def opensearch(name):
    """Like it, and the node answers."""
    with starting(name) as node:
        node.wait()
        yield node


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    with opensearch(sys.argv[1]) as node:
        print(node.url, USER, PASSWORD, flush=True)
        signal.pause()


if __name__ == "__main__":
    try:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        main()
    except parts.Unavailable as reason:
        print(reason, file=sys.stderr)
        sys.exit(parts.UNAVAILABLE)
