#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the CPUs of a QEMU do: monitor.py SOCKET CPUS

Looks five times by QEMU's monitor (QMP) at where each CPU stands and which interrupts its local APIC has pending, and
prints each different sight with the number of times it was seen. A CPU that stays in one place with the same interrupts
pending and none in service doesn't take them.
"""
import collections
import json
import re
import socket
import sys
import time


class Monitor:
    def __init__(self, path):
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        self.stream = s.makefile("rw")
        self.stream.readline()  # its greeting
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        json.dump({"execute": command, "arguments": arguments}, self.stream)
        self.stream.flush()
        while True:
            answer = json.loads(self.stream.readline())
            if "event" not in answer:
                return answer.get("return")

    def human(self, line, cpu):
        return self.ask("human-monitor-command", **{"command-line": line, "cpu-index": cpu})


def look(monitor, cpu):
    registers = monitor.human("info registers", cpu)
    apic = monitor.human(f"info lapic {cpu}", cpu)
    where = re.search(r"[ER]IP=\S+ [ER]FL=\S+.*", registers)
    control = re.search(r"CR0=\S+", registers)
    pending = [" ".join(line.split()) for line in apic.splitlines() if line.startswith(("ISR", "IRR"))]
    return " ".join([f"CPU {cpu}:"] + [m.group() for m in (where, control) if m] + pending)


def main():
    monitor = Monitor(sys.argv[1])
    seen = collections.Counter()
    for _ in range(5):
        for cpu in range(int(sys.argv[2])):
            seen[look(monitor, cpu)] += 1
        time.sleep(0.3)
    for sight, times in sorted(seen.items()):
        print(f"{times} x {sight}")


main()
