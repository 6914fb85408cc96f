#!/usr/bin/env python3
# Runs a page of docs the way a reader would, and compares what is printed.
#
#   ```console      "$ command" lines are typed into one shell, one after the other; "> " goes on with
#                   the line before. What follows is the output, standard error included.
#   ```yaml FILE    is saved as FILE in the folder where the shell is.
#
# A line of output that is only "..." stands for any number of lines. Ids, times and temporary names
# differ from run to run and are masked on both sides (MASKS). LB_BLESS=1 puts real output in.
import difflib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

MASKS = [
    (r"\b[0-9a-f]{64}\b", "ID"),  # plan ids
    (r"\b[0-9a-f]{8}\b", "SHORT-ID"),
    (r"\bas [0-9a-f]{12} on\b", "as COMMIT on"),
    (r"\b(approved|now) [0-9a-f]{16}\b", r"\1 ID"),
    (r"\[\d[\dsmhd ]*\]", "[TIME]"),  # of a step
    (r"\bin (\d+[smhd] ?)+\.", "in TIME."),  # of an apply
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "INSTANT"),
    (r"/tmp/[\w.]+", "/tmp/NAME"),
]
MARK = "@@end-of-command@@"
TIMEOUT_S = 180


class Shell:
    """One bash. A command that starts another shell (the sandbox's) goes on in that one."""

    def __init__(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LIFEBOAT_", "LB_"))}
        self.home = tempfile.TemporaryDirectory()
        env.update(HOME=self.home.name, TMPDIR=self.home.name, TERM="dumb", COLUMNS="100")
        self.bash = subprocess.Popen(["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, env=env, text=True, start_new_session=True)

    def run(self, command):
        # the status is handed on, so that a reader's `echo $?` sees what a reader would see
        self.bash.stdin.write(f"{command}\n_status=$?; printf '\\n{MARK}\\n'; (exit $_status)\n")
        self.bash.stdin.flush()
        lines = []
        for line in self.bash.stdout:
            if line == MARK + "\n":
                output = "".join(lines)
                output = output[:-1] if output.endswith("\n") else output
                return output.replace(self.home.name, "/tmp/home").splitlines()
            lines.append(line)
        raise RuntimeError(f"the shell ended in: {command}\n{''.join(lines)}")

    def close(self):
        try:
            self.bash.stdin.close()
            self.bash.wait(timeout=10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            os.killpg(self.bash.pid, signal.SIGTERM)
            self.bash.wait()
        self.home.cleanup()


def masked(line):
    for pattern, word in MASKS:
        line = re.sub(pattern, word, line)
    return line.rstrip()


def matches(expected, actual):
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[i:]) for i in range(len(actual) + 1))
    return bool(actual) and masked(expected[0]) == masked(actual[0]) and matches(expected[1:], actual[1:])


def refreshed(expected, actual):
    """Expected lines with "..." left where they are, the others replaced by what is most like them."""
    result, segment, at = [], [], 0
    for line in expected + ["..."]:
        if line != "...":
            segment.append(line)
            continue
        size, text = len(segment), "\n".join(segment)
        starts = range(at, len(actual) - size + 1)
        if size and starts:
            at = max(starts, key=lambda i: difflib.SequenceMatcher(None, text, "\n".join(actual[i:i + size])).ratio())
            segment = actual[at:at + size]
            at += size
        result += segment + ["..."]
        segment = []
    return result[:-1]


def commands(lines):
    """[(command as typed, the lines it stands on, expected output)]"""
    found = []
    for line in lines:
        if line.startswith("$ "):
            found.append(([line[2:]], [line], []))
        elif line.startswith("> ") and found and not found[-1][2]:
            found[-1][0].append(line[2:])
            found[-1][1].append(line)
        elif found:
            found[-1][2].append(line)
        else:
            raise ValueError(f"output before a command: {line}")
    return [("\n".join(typed), shown, output) for typed, shown, output in found]


def console(shell, block, bless, faults):
    result = []
    for command, shown, expected in commands(block):
        actual = shell.run(command)
        good = matches(expected, actual)
        if not good and bless:
            expected = refreshed(expected, actual) if "..." in expected else actual
            good = matches(expected, actual)
        if not good:
            faults.append(f"$ {command}\n" + "\n".join(f"  - {line}" for line in expected) +
                          "\n  printed:\n" + "\n".join(f"  + {line}" for line in actual))
        result += shown + expected
    return result


def main():
    page = pathlib.Path(sys.argv[1])
    bless = bool(os.environ.get("LB_BLESS"))
    shell, faults, out, block, fence = Shell(), [], [], [], None
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(TimeoutError("the page hangs")))
    signal.alarm(TIMEOUT_S)
    try:
        for line in page.read_text().splitlines():
            if fence is None:
                fence = line[3:] if line.startswith("```") else None
                out.append(line)
            elif line != "```":
                block.append(line)
            else:
                name = fence.partition(" ")[2]
                if fence == "console":
                    block = console(shell, block, bless, faults)
                elif name:
                    text = "\n".join(block)
                    shell.run(f"cat >{name} <<'_end_of_file_'\n{text}\n_end_of_file_")
                out += block + [line]
                block, fence = [], None
    finally:
        shell.close()
    if bless:
        page.write_text("\n".join(out) + "\n")
    for fault in faults:
        print(f"{page}: {fault}")


main()
