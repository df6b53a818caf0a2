#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the CPUs of a QEMU do: monitor.py SOCKET CPUS [SYSTEM.MAP]

Looks five times by QEMU's monitor (QMP) at where each CPU stands and which interrupts its local APIC has pending, and
prints each different sight with the number of times it was seen. A CPU that stays in one place with the same interrupts
pending and none in service doesn't take them. Then, for each CPU, what on its stack may be a return address, by name:
that tells who waits for which lock, and below which program of BPF.
"""
import bisect
import collections
import json
import re
import socket
import sys
import textwrap
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


class Symbols:
    """The functions of a System.map, sorted."""

    def __init__(self, path):
        rows = []
        try:
            with open(path, encoding="ascii") as f:
                rows = [(int(r[0], 16), r[2]) for r in map(str.split, f) if len(r) == 3 and r[1] in "tTwW"]
        except (OSError, ValueError):
            pass
        rows.sort()
        self.starts = [r[0] for r in rows]
        self.names = [r[1] for r in rows]

    def name(self, address):
        """Its function and the offset; BPF's programs and modules lie above the kernel; None: no code."""
        i = bisect.bisect_right(self.starts, address) - 1
        if i >= 0 and address < self.starts[-1] and address - self.starts[i] < 1 << 16:
            return f"{self.names[i]}+{address - self.starts[i]:#x}"
        return f"BPF or module {address:#x}" if 0xFFFFFFFFA0000000 <= address < 0xFFFFFFFFFF000000 else None


def stack(monitor, cpu, symbols):
    """Where it is, and the names of what may be return addresses on its stack."""
    registers = dict(re.findall(r"\b(RIP|RSP)=([0-9a-f]+)", monitor.human("info registers", cpu) or ""))
    if len(registers) < 2:
        return None, []
    words = re.findall(r"\b0x[0-9a-f]{16}\b", monitor.human(f"x /400gx 0x{registers['RSP']}", cpu) or "")
    return symbols.name(int(registers["RIP"], 16)), [n for n in (symbols.name(int(w, 16)) for w in words) if n]


def main():
    monitor = Monitor(sys.argv[1])
    symbols = Symbols(sys.argv[3] if len(sys.argv) > 3 else "")
    seen = collections.Counter()
    for _ in range(5):
        for cpu in range(int(sys.argv[2])):
            seen[look(monitor, cpu)] += 1
        time.sleep(0.3)
    for sight, times in sorted(seen.items()):
        print(f"{times} x {sight}")
    monitor.ask("stop")
    for cpu in range(int(sys.argv[2])):
        at, below = stack(monitor, cpu, symbols)
        print(f"CPU {cpu} in {at or 'no code of the kernel'}; on its stack:")
        for line in textwrap.wrap(", ".join(below[:48]), 150):
            print("  " + line)
    monitor.ask("cont")


main()
