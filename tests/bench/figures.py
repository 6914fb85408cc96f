"""Figures: how they are held against their bounds, and how a program is measured."""
import statistics
import subprocess
import tempfile

from sandbox import BUILD

# Units of what other work on the machine makes larger.
TIMED = ("x", "x_bare", "x_bound", "ms")
MEASURE = str(BUILD / "bench_measure")
# What bench_pace takes on the machine whose milliseconds the bounds are.
PACE_S = 0.040


class Figures:
    """Prints one line a figure, as tests/run.sh bench promises, and counts."""

    def __init__(self):
        self.held = self.missed = 0

    def check(self, name, value, unit, bound, at_least=False):
        good = value >= bound if at_least else value <= bound
        self.held += good
        self.missed += not good
        text = f"{value:.2f}" if isinstance(value, float) else str(value)
        sign = ">=" if at_least else "<="
        print(f"figure {name} {text} {unit} {sign} {bound} {'held' if good else 'missed'}",
              flush=True)

    def check_best(self, measure, times=3):
        """Measures until every figure is held, `times` times at most. Of ratios of time the best
        counts, for the machine's other work only ever makes a program look slower; of all else, which
        it cannot change, the worst. `measure` gives name -> (value, unit, bound), all upper bounds."""
        taken = {}
        for _ in range(times):
            for name, (value, unit, bound) in measure().items():
                choose = min if unit in TIMED else max
                taken[name] = (choose(value, taken.get(name, (value,))[0]), unit, bound)
            if all(value <= bound for value, _, bound in taken.values()):
                break
        for name, figure in taken.items():
            self.check(name, *figure)


class Run:
    """One run of a program to its end: wall and CPU seconds, peak memory in MB, exit status."""

    def __init__(self, command, env=None, cwd=None, stdout=subprocess.DEVNULL):
        with tempfile.NamedTemporaryFile("r") as told:
            done = subprocess.run([MEASURE, told.name, *(str(part) for part in command)], env=env,
                                  cwd=cwd, stdin=subprocess.DEVNULL, stdout=stdout,
                                  stderr=subprocess.PIPE, text=True, errors="replace")
            wall, cpu, peak, self.exit = map(int, told.read().split())
        self.out, self.errors = done.stdout, done.stderr
        self.wall, self.cpu, self.memory = wall / 1e6, cpu / 1e6, peak / 1024


def median_ratio(pairs, field):
    """Median over pairs of runs (ours, theirs) that were taken in turn: noise hits both alike."""
    return statistics.median(getattr(a, field) / getattr(b, field) for a, b in pairs)


def least(runs, field):
    """What it takes without the machine's other work."""
    return min(getattr(run, field) for run in runs)


def pace():
    """A run of the fixed piece of work that shows how slow or busy the machine is."""
    return Run([BUILD / "bench_pace"])


def paced(run, field, times):
    """For bounds in plain time: the runs, and what they take, in milliseconds of the machine of the
    bounds. A fixed piece of work runs in turn with them, so that a slower or busy machine shows in both;
    a fast one is given no credit."""
    pairs = []
    for _ in range(times):
        yardstick = pace()
        pairs.append((run(), yardstick))
    runs = [run for run, _ in pairs]
    return runs, min(least(runs, field), median_ratio(pairs, field) * PACE_S) * 1000


def median(runs, field):
    return statistics.median(getattr(run, field) for run in runs)
