#!/usr/bin/env python3
"""Runs a command that must end within some time, and leaves a record when it does not.

    within.py SECONDS COMMAND...      0: as long as it takes

Out of time, it prints what was running, lets each Python of it print where it stood, and ends them all.
The status is the command's, or 124. A signal goes on to everything that the command started. The last
line says what CPU time that took, which other work on the machine does not change much.
"""
import os
import resource
import signal
import subprocess
import sys


def send(group, number):
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass


def main():
    seconds, command = int(sys.argv[1]), sys.argv[2:]
    process = subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL,
                               env={**os.environ, "PYTHONFAULTHANDLER": "1"})
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: send(process.pid, number))
    try:
        return process.wait(seconds or None)
    except subprocess.TimeoutExpired:
        pass
    print(f"FAIL {command[0]} has not ended after {seconds} s; what runs:", flush=True)
    subprocess.run(["ps", "-o", "pid,ppid,etime,time,stat,args", "-g", str(process.pid)], check=False)
    sys.stdout.flush()
    send(process.pid, signal.SIGABRT)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        pass
    send(process.pid, signal.SIGKILL)
    process.wait()
    return 124


if __name__ == "__main__":
    status = main()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"-- {used.ru_utime + used.ru_stime:.0f} s of CPU", flush=True)
    sys.exit(128 - status if status < 0 else status)
