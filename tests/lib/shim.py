"""The library that tests/torture preloads (shim.c): the n-th call of a C library function fails."""
import errno
import os
import pathlib
import sys
import tempfile

from sandbox import BUILD

LIBRARY = BUILD / "libtorture_shim.so"
HOW = {"short": "short"} | {name: str(getattr(errno, name)) for name in
                            ("ENOMEM", "ENOSPC", "EIO", "EROFS", "EDQUOT", "EACCES", "ECONNREFUSED")}


def missing():
    """Why nothing can be preloaded here; None where it can."""
    if not sys.platform.startswith("linux"):
        return "only Linux can preload the library that makes calls fail"
    return None if LIBRARY.exists() else f"{LIBRARY} is not built"


def preload(library):
    """By its name: a blank would end a path in LD_PRELOAD."""
    return {"LD_PRELOAD": library.name, "LD_LIBRARY_PATH": str(library.parent)}


def environment(call, nth, count, how):
    return {**preload(LIBRARY), "LB_FAIL": f"{call}:{nth}:{count}:{HOW[how]}"}


def count(run):
    """How often each call is made by run(env): a run in which none fails."""
    handle, path = tempfile.mkstemp(prefix="lifeboat-counts-")
    os.close(handle)
    try:
        run({**preload(LIBRARY), "LB_FAIL_COUNTS": path})
        lines = pathlib.Path(path).read_text().splitlines()
    finally:
        os.unlink(path)
    return {name: int(number) for name, number in map(str.split, lines)}
