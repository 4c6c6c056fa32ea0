# SPDX-License-Identifier: GPL-2.0-or-later
"""Where a hook can be killed: every (system call, k-th call), from one run that strace only watched."""
import collections
import glob
import os
import re

LOG = "/run/lab/sweep.strace"
KILL_JOB = "/run/lab/kill-job"
HEADER = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"
Point = collections.namedtuple("Point", "operation kind job call k")

# Who dies. strace counts by name of the call and in each process on its own; SIGKILL comes before the call acts.
#   hook  the hook alone, its jobs go on: strace
#   any   each process that comes to its k-th call: strace -f
#   job   one job alone: kill-job, which says why not strace
#   all   hook and jobs, at the moment at which one job comes to its k-th call: kill-job
KINDS = ("hook", "any", "job", "all")


def watch():
    return ["strace", "-D", "-ff", "-q", "-o", LOG]


def number(call):
    with open(HEADER, encoding="ascii") as file:
        return re.search(rf"#define __NR_{call} (\d+)", file.read()).group(1)


def tracer(point):
    if point.kind in ("job", "all"):
        return [KILL_JOB, LOG, str(point.job), number(point.call), str(point.k), point.kind]
    # No --seccomp-bpf, which would be twice as fast: strace 6.1 then kills no process but the first.
    follow = ["-f"] if point.kind == "any" else []
    return ["strace", "-D", *follow, "-q", "-o", LOG, "-e", f"trace={point.call}",
            "-e", f"inject={point.call}:signal=KILL:when={point.k}"]


def killed():
    """How many processes died of it, and the line of the call that the first of them was in, if strace wrote one."""
    with open(LOG, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    dead = [line for line in lines if "+++ killed by SIG" in line]
    if not dead:
        return 0, ""
    # With -f each line begins with the pid.
    pid = re.match(r"\d+ ", dead[0])
    own = [line for line in lines if re.match(r"(\d+ +)?\w+\(", line) and (not pid or line.startswith(pid.group()))]
    return len(dead), own[-1] if own else ""


def calls_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return [match.group(1) for line in file if (match := re.match(r"(\w+)\(", line))]


def forget():
    for path in glob.glob(LOG + "*"):
        os.unlink(path)


def up_to(counts, least=None):
    """(call, k) for each k of each call, above what `least` counts."""
    return [(call, k) for call, n in sorted(counts.items()) for k in range((least or {}).get(call, 0) + 1, n + 1)]


def points(operation):
    """All points of the operation that watch() has just seen."""
    logs = sorted(glob.glob(LOG + ".*"), key=lambda path: int(path.rpartition(".")[2]))
    hook = calls_of(logs[0])[1:]  # before its own execve there is no hook
    jobs = [calls_of(path) for path in logs[1:]]
    in_job = collections.Counter()
    for job in jobs:
        in_job |= collections.Counter(job)
    alone = collections.Counter(hook[:next(i for i, call in enumerate(hook) if call in ("clone", "clone3", "vfork"))])
    found = [Point(operation, "hook", 0, *each) for each in up_to(collections.Counter(hook))]
    # Up to what it calls alone the hook dies before it has a job: those points are the first kind's.
    found += [Point(operation, "any", 0, *each) for each in up_to(in_job, alone)]
    # Jobs that make the same calls, side by side on two devices, count once.
    different = {tuple(job): i + 1 for i, job in enumerate(jobs)}
    for kind in ("job", "all"):
        for calls, job in sorted(different.items(), key=lambda item: item[1]):
            found += [Point(operation, kind, job, *each) for each in up_to(collections.Counter(calls))]
    return found
