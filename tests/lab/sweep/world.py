# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kill sweep acts with: a caller that plays libvirtd, and the state that must come back."""
import os
import signal
import socket
import subprocess
import time

VM = "donkey"
HOOK = "/usr/sbin/hostler-qemu-hook"
SETTLE = ["/usr/sbin/hostler-daemon-hook", "-", "start", "-", "start"]  # what libvirtd calls when it comes back
LATER = ["unshare", "--fork", "--time", "--boottime", "31"]  # by that clock the half minute of grace is over
PCI = "/sys/bus/pci/devices"
RUN = "/run/hostler"
SUB_OPERATION = {"prepare": "begin", "stopped": "end", "release": "end"}


class Caller:
    """A process of its own, the parent of every hook that it is told to run, as libvirtd is."""

    def __init__(self, xml):
        self.ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self.ours.close()
            serve(theirs, xml)
        theirs.close()

    def hook(self, operation, tracer=()):
        """The hook's exit status; negative: the signal that killed it."""
        argv = [*tracer, HOOK, VM, operation, SUB_OPERATION[operation], "-"]
        self.ours.send("\0".join(argv).encode())
        return int(self.ours.recv(16))

    def leave(self):
        """Gone at once, as libvirtd after SIGKILL."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.ours.close()
            self.pid = 0


def serve(ours, xml):
    while request := ours.recv(4096):
        ours.send(str(run(request.decode().split("\0"), xml)).encode())
    os._exit(0)


def run(argv, stdin="/dev/null"):
    with open(stdin, "rb") as source, open("/run/lab/sweep.stderr", "ab") as errors:
        return subprocess.run(argv, stdin=source, stdout=subprocess.DEVNULL, stderr=errors, timeout=120).returncode


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "absent"


def last_error():
    return (read("/run/lab/sweep.stderr").splitlines() or ["no word"])[-1]


def driver(bdf):
    try:
        return os.path.basename(os.readlink(f"{PCI}/{bdf}/driver"))
    except OSError:
        return "none"


def records():
    """Files below /run/hostler; locks stay once made."""
    found = []
    for folder, _, files in os.walk(RUN):
        if os.path.basename(folder) != "locks":
            found += [os.path.join(folder, name) for name in files
                      if name != "lock" and not name.endswith(".inflight")]
    return found


def state():
    """What lib.sh's snapshot shows, less the firewall, as a dictionary; some ten times as fast."""
    now = {path: "is there" for path in records()}
    for bdf in os.listdir(PCI):
        now[f"{bdf} driver"] = driver(bdf)
        for attribute in ("driver_override", "reset_method", "power/control", "d3cold_allowed"):
            now[f"{bdf} {attribute}"] = read(f"{PCI}/{bdf}/{attribute}")
    return now


def difference(before, now):
    return [f"{key}: was {before.get(key, 'absent')}, is {now.get(key, 'absent')}"
            for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key)]


class Processes:
    """Whether anything of ours still runs. Those that were there at the beginning are nobody of ours."""

    def __init__(self):
        self.known = set(os.listdir("/proc"))

    def ours(self):
        found = []
        for pid in set(os.listdir("/proc")) - self.known:
            if pid.isdigit() and read(f"/proc/{pid}/comm").startswith(("hostler", "strace", "kill-job", "unshare")):
                if ") Z" not in read(f"/proc/{pid}/stat"):
                    found.append(pid)
        return found

    def quiet(self, seconds=40):
        """FALSE: something has not ended."""
        end = time.monotonic() + seconds
        while self.ours():
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        return True


def put_right(before):
    """By force, so that one bad point does not spoil those after it."""
    for path in records():
        os.unlink(path)
    for bdf in os.listdir(PCI):
        want = before[f"{bdf} driver"]
        if driver(bdf) == want:
            continue
        with open(f"{PCI}/{bdf}/driver_override", "w") as file:
            file.write("\n")
        for path in (f"{PCI}/{bdf}/driver/unbind", f"/sys/bus/pci/drivers/{want}/bind"):
            try:
                with open(path, "w") as file:
                    file.write(bdf)
            except OSError:
                pass  # it had none, or is to have none
    for key, value in before.items():
        bdf, _, attribute = key.partition(" ")
        ours = attribute in ("driver_override", "power/control", "d3cold_allowed")
        if ours and read(f"{PCI}/{bdf}/{attribute}") != value:
            with open(f"{PCI}/{bdf}/{attribute}", "w") as file:
                file.write("\n" if value == "(null)" else value)
