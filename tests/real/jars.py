"""Jars of a public Maven artifact and all that it needs, kept in the cache of tests/lib/parts.py."""
import os
import pathlib
import shlex
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import parts
from assemble import COPY, dependency, element, write_pom


def jars(name, *coordinates):
    """The folder NAME of the cache with the jars of "GROUP:ARTIFACT:VERSION"s.

    Raises parts.Unavailable. `MVN_ARGS=-o` works once Maven has everything.
    """
    folder = parts.CACHE / name
    with parts.lock(name):
        if folder.exists():
            return folder
        if not shutil.which("mvn"):
            raise parts.Unavailable("Maven is not installed")
        with tempfile.TemporaryDirectory(prefix="maven-", dir=parts.CACHE) as made:
            work = pathlib.Path(made)
            write_pom(work, name, "pom", element(
                "dependencies", "".join(dependency(*one.split(":")) for one in coordinates)))
            parts.fetch(name, ["mvn", "-q", "-B", *shlex.split(os.environ.get("MVN_ARGS", "")),
                               "-f", str(work / "pom.xml"), COPY + "copy-dependencies",
                               "-DincludeScope=runtime", f"-DoutputDirectory={work}/jars"])
            os.replace(work / "jars", folder)
    return folder
