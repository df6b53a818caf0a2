#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Watches the CPUs of a QEMU: monitor.py SOCKET CPUS SECONDS [SYSTEM.MAP [EVERY]]

Looks every EVERY (5) seconds by QEMU's monitor (QMP) at where each CPU stands. When look after look all of them stand
where they stood, with interrupts off, nothing will ever happen there any more: it tells what they do and ends the
machine. After SECONDS it only tells. What it tells of each CPU: the places where it was seen (which tells a machine that is slow from
one that is dead), which interrupts its local APIC has pending and in service, and by name what on its stack may be a
return address: who waits for which lock, and below which program of BPF.

An interrupt that was taken although they were off (the flags that it saved say so) is no doing of any program's, but
the emulator's: that is told, too.
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
        s.settimeout(30)
        s.connect(path)
        self.stream = s.makefile("rw")
        self.stream.readline()  # its greeting
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while True:
            line = self.stream.readline()
            if not line:
                return None  # the machine is gone
            answer = json.loads(line)
            if "event" not in answer:
                return answer.get("return")

    def human(self, line, cpu):
        return self.ask("human-monitor-command", **{"command-line": line, "cpu-index": cpu}) or ""


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


STACK = 1 << 14  # a stack of the kernel's, as aligned as long; the last word of an interrupt's leads to the one before
FLAGS_IF, FLAGS_ONE = 0x200, 2  # the latter is always set
RIP_AT, CS_AT, FLAGS_AT = 17, 18, 19  # of the words that an interrupt's entry saves, behind its own return address
KERNEL_CS = 0x10
LOOKS = 6  # in a row, all CPUs in the same place with interrupts off: no lock is waited for as long


def words(monitor, cpu, start):
    """What is on the stack from an address to its end."""
    said = monitor.human(f"x /{(STACK - start % STACK) // 8}gx {start:#x}", cpu)
    rows = (line.split(":")[1].split() for line in said.splitlines() if re.match(r"[0-9a-f]+: 0x", line))
    return [int(w, 16) for row in rows for w in row if w.startswith("0x")]


def stack(monitor, cpu, symbols):
    """Where it is, what may be return addresses on its stack, and the interrupts that came when they were off."""
    registers = dict(re.findall(r"\b(RIP|RSP)=([0-9a-f]+)", monitor.human("info registers", cpu)))
    if len(registers) < 2:
        return None, [], []
    on = words(monitor, cpu, int(registers["RSP"], 16))
    if on and on[-1] >> 47 == 0x1FFFF:
        on += words(monitor, cpu, on[-1])
    names = [symbols.name(w) for w in on]
    wrong = [
        f"{names[i].split('+')[0]} in {names[i + RIP_AT]}, saved flags {on[i + FLAGS_AT]:#x}"
        for i in range(len(on) - FLAGS_AT)
        if re.match("asm_(sysvec_|common_interrupt)", names[i] or "")
        and names[i + RIP_AT]
        and on[i + CS_AT] == KERNEL_CS
        and on[i + FLAGS_AT] & (FLAGS_IF | FLAGS_ONE) == FLAGS_ONE
    ]
    return symbols.name(int(registers["RIP"], 16)), [n for n in names if n], wrong


def look(monitor, cpu):
    registers = monitor.human("info registers", cpu)
    where = re.search(r"[ER]IP=\S+ [ER]FL=\S+.*", registers)
    control = re.search(r"CR0=\S+", registers)
    return " ".join([f"CPU {cpu}:"] + [m.group() for m in (where, control) if m])


def stands_still(sight):
    flags = re.search(r"RIP=f\S+ RFL=(\S+) .*HLT=0", sight)
    return bool(flags) and not int(flags.group(1), 16) & FLAGS_IF


def tell(monitor, cpus, symbols):
    seen = collections.Counter()
    for _ in range(5):
        for cpu in range(cpus):
            apic = monitor.human(f"info lapic {cpu}", cpu)
            pending = [" ".join(line.split()) for line in apic.splitlines() if line.startswith(("ISR", "IRR"))]
            seen[" ".join([look(monitor, cpu)] + pending)] += 1
        time.sleep(0.3)
    for sight, times in sorted(seen.items()):
        print(f"{times} x {sight}")
    monitor.ask("stop")
    for cpu in range(cpus):
        at, below, wrong = stack(monitor, cpu, symbols)
        print(f"CPU {cpu} in {at or 'no code of the kernel'}; on its stack:")
        for line in textwrap.wrap(", ".join(below[:48]), 150):
            print("  " + line)
        for interrupt in wrong:
            print(f"CPU {cpu} took an interrupt while they were off: {interrupt}")
    monitor.ask("cont")


def connect(path, end):
    """QEMU makes its socket when it has begun, and listens a moment later."""
    while True:
        try:
            return Monitor(path)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def main():
    path, cpus, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    symbols = Symbols(sys.argv[4] if len(sys.argv) > 4 else "")
    every = float(sys.argv[5]) if len(sys.argv) > 5 else 5
    end = time.monotonic() + seconds
    monitor = connect(path, end)
    last, same = None, 0
    while time.monotonic() < end:
        time.sleep(max(0, min(every, end - time.monotonic())))
        sights = [look(monitor, cpu) for cpu in range(cpus)]
        same = same + 1 if sights == last and all(map(stands_still, sights)) else 0
        last = sights
        if same == LOOKS:
            break
    tell(monitor, cpus, symbols)
    if same == LOOKS:
        print("all CPUs stand still with interrupts off: the machine is ended")
        sys.stdout.flush()
        monitor.ask("quit")


main()
