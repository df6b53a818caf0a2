# SPDX-License-Identifier: GPL-2.0-or-later
"""Replays the captures in tests/data/xentrace and compares shares with tests/oracle/replay_shares.csv; prints TAP.

A difference of more than 3 points is accepted only if the capture itself explains it. The captures without "ic-" were
taken in real time on an emulated machine whose host now and then held it up: the scheduler granted 30 ms, and the
timer that ends the slice came up to 178 ms late. Whoever happened to run then got the time, whatever the scheduler wanted,
and no replay can repeat that. So what each domain ran beyond its granted slices is taken from the records
(SWITCH_INFNEXT and INFCONT grant, the next SCHEDULE of that pCPU ends), and the rest, scaled to the same total for the domains
that shared the pCPUs, must agree within 3 points.
"""

import csv
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

TOP = os.environ.get("ROTA_TOP") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
ROTA = os.environ.get("ROTA") or os.path.join(TOP, "build", "rota")
TOLERANCE = 0.03


def rows(name):
    with open(os.path.join(TOP, "tests", "oracle", name), encoding="utf-8") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def capture_path(name):
    return os.path.join(TOP, "tests", "data", "xentrace", name + ".xentrace")


def run(*args):
    return subprocess.run([ROTA, *args], capture_output=True, text=True, timeout=300)


CPU_CHANGE, SCHEDULE, INFNEXT, INFCONT = 0x1F003, 0x22009, 0x2800F, 0x28011


def records(path):
    """(TSC, pCPU, event, words) of each timed record, in order of time; the importer has checked the file."""
    with open(path, "rb") as f:
        data = f.read()
    out, at, cpu = [], 0, None
    while at < len(data):
        (header,) = struct.unpack_from("<I", data, at)
        event, words = header & 0x0FFFFFFF, header >> 28 & 7
        at += 4
        tsc = None
        if header >> 31:
            (tsc,) = struct.unpack_from("<Q", data, at)
            at += 8
        word = struct.unpack_from(f"<{words}I", data, at)
        at += 4 * words
        if event == CPU_CHANGE:
            cpu = word[0]
        elif tsc is not None:
            out.append((tsc, cpu, event, word))
    return sorted(out, key=lambda r: r[0])


def beyond_slice(path, hz):
    """For each domain id: share of one pCPU it ran after its slices should have ended, and the pCPUs it was granted."""
    all_records = records(path)
    granted, late, cpus = {}, {}, {}
    for tsc, cpu, event, word in all_records:
        if event == SCHEDULE and cpu in granted:
            dom, end = granted.pop(cpu)
            late[dom] = late.get(dom, 0) + max(0, tsc - end)
        elif event in (INFNEXT, INFCONT) and word[3] < 1 << 31:
            granted[cpu] = (word[0], tsc + word[3] * hz / 1e9)
            cpus.setdefault(word[0], set()).add(cpu)
    span = all_records[-1][0] - all_records[0][0]
    return {dom: ticks / span for dom, ticks in late.items()}, cpus


def without_lateness(scenario, capture_path, expected):
    """The recorded shares with the time beyond granted slices taken out, scaled to the same total."""
    with open(scenario, encoding="utf-8") as f:
        hz = float(re.search(r"TSC at ([0-9.]+) MHz", f.read())[1]) * 1e6
    late, cpus = beyond_slice(capture_path, hz)
    ident = {row["domain"]: int(row["domain"].replace("Domain-", "").replace("dom", "")) for row in expected}
    share = {row["domain"]: float(row["share"]) for row in expected}
    out = {}
    for domain in share:
        mates = [d for d in share if cpus[ident[d]] & cpus[ident[domain]]]
        total = sum(share[d] for d in mates)
        rest = total - sum(late.get(ident[d], 0) for d in mates)
        out[domain] = (share[domain] - late.get(ident[domain], 0)) * total / rest
    return out


class Tap:
    def __init__(self):
        self.count = 0

    def result(self, ok, name, why="", skip=""):
        self.count += 1
        print(f"{'ok' if ok else 'not ok'} {self.count} - {name}" + (f" # SKIP {skip}" if skip else ""))
        for line in why.splitlines():
            print(f"# {line}")


def import_capture(tap, capture, expected, out):
    """Imports with weights and caps; checks recorded.csv. Returns the scenario's path, None if it failed."""
    args = ["trace", "import", capture_path(capture), "-o", out]
    for row in expected:
        args += ["--weight", f"{row['domain']}={row['weight']}", "--cap", f"{row['domain']}={row['cap']}"]
    done = run(*args)
    if done.returncode:
        tap.result(False, f"{capture} imports", done.stderr)
        return None
    with open(os.path.join(out, "recorded.csv"), encoding="utf-8") as f:
        got = {row["domain"]: float(row["share"]) for row in csv.DictReader(f)}
    want = {row["domain"]: float(row["share"]) for row in expected}
    same = got.keys() == want.keys() and all(abs(got[d] - want[d]) < 0.0005 for d in want)
    tap.result(same, f"{capture} imports", "" if same else f"recorded.csv {got}\nexpected {want}")
    return os.path.join(out, capture + ".yaml")


def compare(tap, capture, expected, result, scenario):
    share = {d["name"]: d["share"] for d in result["domains"]}
    explained = None
    for row in expected:
        domain, want = row["domain"], float(row["share"])
        off = share[domain] - want
        name = f"{capture} {domain}: recorded {want:.4f}, replayed {share[domain]:.4f}, {off * 100:+.2f} points"
        if abs(off) <= TOLERANCE or capture.startswith("ic-"):
            tap.result(abs(off) <= TOLERANCE, name)
            continue
        if explained is None:
            explained = without_lateness(scenario, capture_path(capture), expected)
        rest = share[domain] - explained[domain]
        tap.result(
            abs(rest) <= TOLERANCE,
            name + f"; {rest * 100:+.2f} from {explained[domain]:.4f}, without what it ran after its slices' end",
        )


def main():
    tap = Tap()
    captures = {}
    for row in rows("replay_shares.csv"):
        captures.setdefault(row["capture"], []).append(row)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TEST_TMP")) as tmp:
        for capture, expected in captures.items():
            scenario = import_capture(tap, capture, expected, os.path.join(tmp, capture))
            if not scenario or expected[0]["sched"] != "credit":
                continue
            done = run("sim", "run", scenario, "--json")
            if done.returncode:
                tap.result(False, f"{capture} replays", done.stderr)
                continue
            compare(tap, capture, expected, json.loads(done.stdout), scenario)
    print(f"1..{tap.count}")


if __name__ == "__main__":
    sys.exit(main())
