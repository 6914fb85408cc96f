"""Policies of snapshot lifecycle management as Elasticsearch 7.10.2 reads them.

The scheduler is in no package that starts, but the classes that read its policies are in one; with
the server's jars they need no node. They come under the Elastic licence and are fetched for the test
only.
"""
import json
import pathlib
import subprocess

from elasticsearch import HOME, RUNNER
from jars import jars
from node import machines_java

CORE, CORE_HOME = "org.elasticsearch.plugin:x-pack-core:7.10.2", "x-pack-core-7.10.2"
READER = pathlib.Path(__file__).with_name("SlmPolicies.java")


def read(policies):
    """For each (id, policy) what Elasticsearch made of it: see SlmPolicies.java. Raises
    parts.Unavailable when the classes cannot be had."""
    classes = f"{jars(CORE_HOME, CORE)}/x-pack-core-7.10.2.jar:{jars(HOME, RUNNER)}/*"
    lines = "".join(f"{name}\t{json.dumps(policy)}\n" for name, policy in policies)
    done = subprocess.run([machines_java(), "-XX:TieredStopAtLevel=1", "-Dlog4j2.disable.jmx=true",
                           "-cp", classes, str(READER)], input=lines, capture_output=True,
                          text=True, encoding="utf-8", check=False, timeout=120)
    if done.returncode:
        raise RuntimeError(f"the policies could not be read: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]
