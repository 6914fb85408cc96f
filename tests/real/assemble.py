#!/usr/bin/env python3
"""Puts an OpenSearch home together from the artifacts that its makers publish to Maven.

    assemble.py VERSION [PLUGIN...]      prints the folder: lib/ modules/ plugins/

There is no distribution in Maven, only jars: the server, its modules, and plugins, some as the zip
that they are installed from, some as a jar. A module or plugin is a folder of the jars that the
server does not have itself (the same class twice is refused at start), with a descriptor and a
security policy that the jars lack. Assembled once into the cache of tests/lib/parts.py;
`MVN_ARGS=-o` works once Maven has everything.

From an empty cache 2.19.1 with its security plugin takes 120 MB and 70 s, 3.8.0 with repository-s3
100 MB and 50 s more; from Maven's own cache 5 s.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import parts

COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:"
PLUGIN_GROUP = "org.opensearch.plugin"
# Folder of the module: its artifact, and what its code may do.
MODULES = {
    "transport-netty4": ("transport-netty4-client", """
  permission java.io.FilePermission "/proc/sys/net/core/somaxconn", "read";
  permission java.net.SocketPermission "*", "accept,connect";
  permission java.lang.RuntimePermission "setContextClassLoader";
  permission java.lang.RuntimePermission "getClassLoader";
  permission java.util.PropertyPermission "sun.nio.ch.bugLevel", "write";
"""),
    "reindex": ("reindex-client", '  permission java.net.SocketPermission "*", "connect";\n'),
    "mapper-extras": ("mapper-extras-client", ""),
}
# The same for plugins that are published as a jar; all others are zips of VERSION.0.
JAR_PLUGINS = {
    "repository-s3": ("repository-s3", """
  permission java.lang.RuntimePermission "accessDeclaredMembers";
  permission java.lang.RuntimePermission "getClassLoader";
  permission java.lang.RuntimePermission "setContextClassLoader";
  permission java.lang.reflect.ReflectPermission "suppressAccessChecks";
  permission java.net.NetPermission "setDefaultAuthenticator";
  permission java.net.SocketPermission "*", "connect,resolve";
  permission java.util.PropertyPermission "opensearch.allow_insecure_settings", "read,write";
  permission java.util.PropertyPermission "opensearch.path.conf", "read,write";
  permission java.util.PropertyPermission "aws.sharedCredentialsFile", "read,write";
  permission java.util.PropertyPermission "aws.configFile", "read,write";
  permission java.io.FilePermission "config", "read";
"""),
}
DESCRIPTOR = """name={name}
description={name}
version={version}
opensearch.version={version}
java.version=11
classname={main}
has.native.controller=false
"""


def element(name, text):
    return f"<{name}>{text}</{name}>"


def dependency(group, artifact, version, kind="jar"):
    return element("dependency", element("groupId", group) + element("artifactId", artifact)
                   + element("version", version) + element("type", kind))


def write_pom(folder, name, packaging, body):
    folder.mkdir(parents=True, exist_ok=True)
    text = element("project", element("modelVersion", "4.0.0") + element("groupId", "tests")
                   + element("artifactId", name) + element("version", "1")
                   + element("packaging", packaging) + body)
    (folder / "pom.xml").write_text(text, encoding="utf-8")


def maven(pom, goal, *options):
    parts.fetch("OpenSearch from Maven",
                ["mvn", "-q", "-B", *shlex.split(os.environ.get("MVN_ARGS", "")), "-f", str(pom),
                 COPY + goal, *options])


def resolve(work, version, plugins):
    """One Maven run for everything: a sub-project each, its jars in PROJECT/out."""
    projects = {"server": [dependency("org.opensearch", "opensearch", version),
                           dependency("org.opensearch", "opensearch-plugin-classloader", version)]}
    if int(version.split(".")[0]) >= 3:  # the server's pom has it for compiling only
        projects["server"].append(dependency("org.opensearch", "opensearch-agent-bootstrap",
                                             version))
    for name, (artifact, _) in bare(plugins).items():
        projects[name] = [dependency(PLUGIN_GROUP, artifact, version)]
    for name in zipped(plugins):
        projects[name] = [dependency(PLUGIN_GROUP, name, version + ".0", "zip")]
    write_pom(work, "all", "pom", element("modules", "".join(element("module", name)
                                                             for name in projects)))
    for name, wanted in projects.items():
        write_pom(work / name, name, "pom", element("dependencies", "".join(wanted)))
    maven(work / "pom.xml", "copy-dependencies", "-DincludeScope=runtime",
          "-DoutputDirectory=${project.basedir}/out")
    # The main class needs log4j-core, which the server's pom calls optional.
    api = next((work / "server/out").glob("log4j-api-*.jar")).stem.removeprefix("log4j-api-")
    maven(work / "server/pom.xml", "copy",
          f"-Dartifact=org.apache.logging.log4j:log4j-core:{api}",
          f"-DoutputDirectory={work}/server/out")


def bare(plugins):
    """What comes as jars: all modules, and of the plugins some."""
    return {**MODULES, **{name: JAR_PLUGINS[name] for name in plugins if name in JAR_PLUGINS}}


def zipped(plugins):
    return [name for name in plugins if name not in JAR_PLUGINS]


def stem(jar):
    return re.sub(r"-\d.*", "", jar.name)


def main_class(jar):
    """The plugin's class has the shortest name that ends in Plugin."""
    with zipfile.ZipFile(jar) as archive:
        found = [name for name in archive.namelist()
                 if re.search(r"/[A-Za-z0-9]+Plugin\.class$", name)]
    return min(found, key=len).removesuffix(".class").replace("/", ".")


def make(folder, work, version, about):
    """The folder of a module or plugin out of its jars."""
    name, (artifact, policy) = folder.name, about
    of_server = {stem(jar) for jar in (work / "server/out").iterdir()}
    folder.mkdir(parents=True)
    for jar in (work / name / "out").iterdir():
        if stem(jar) not in of_server:
            shutil.copy(jar, folder)
    main = main_class(next(folder.glob(f"{artifact}-*.jar")))
    (folder / "plugin-descriptor.properties").write_text(
        DESCRIPTOR.format(name=name, version=version, main=main), encoding="utf-8")
    if policy:
        (folder / "plugin-security.policy").write_text("grant {\n" + policy.strip("\n") + "\n};\n",
                                                       encoding="utf-8")


def assemble(version, plugins=()):
    """The folder of that version with those plugins; raises parts.Unavailable."""
    home = parts.CACHE / "-".join(["opensearch", version, *sorted(plugins)])
    with parts.lock("opensearch"):
        if home.exists():
            return home
        if not shutil.which("mvn"):
            raise parts.Unavailable("Maven is not installed")
        with tempfile.TemporaryDirectory(prefix="maven-", dir=parts.CACHE) as folder:
            work, made = pathlib.Path(folder), pathlib.Path(folder, "home")
            resolve(work, version, plugins)
            shutil.copytree(work / "server/out", made / "lib")
            for name, about in bare(plugins).items():
                kind = "modules" if name in MODULES else "plugins"
                make(made / kind / name, work, version, about)
            for name in zipped(plugins):
                with zipfile.ZipFile(next((work / name / "out").glob("*.zip"))) as archive:
                    archive.extractall(made / "plugins" / name)
            os.replace(made, home)
    return home


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        print(assemble(sys.argv[1], sys.argv[2:]))
    except parts.Unavailable as reason:
        print(reason, file=sys.stderr)
        sys.exit(parts.UNAVAILABLE)
