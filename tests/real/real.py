"""What the checks against real servers share: where the parts of other suites are, how a check is run."""
import pathlib
import signal
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/lib"), str(ROOT / "tests/judges")]

import parts  # noqa: E402
from judge import Checks  # noqa: E402


def run(name, judged):
    """Runs judged(checks) and prints the counts; gives the exit status. SIGTERM unwinds like ^C, so
    that every `with` ends its server."""
    checks = Checks()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        judged(checks)
    except parts.Unavailable as reason:
        checks.skip(f"{name}: {reason}")
    except Exception as error:  # whatever a node or a client throws
        checks.true(f"{name}: the checks ran to their end", False,
                    f"{type(error).__name__}: {error}")
    return checks.finish()
