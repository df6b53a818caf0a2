# SPDX-License-Identifier: GPL-2.0-or-later
"""Replays the captures in tests/data/xentrace and compares shares with tests/oracle/replay_shares.csv; prints TAP.

A row whose share differs by more than 3 points must be explained in replay_explained.csv, which names the capture and
domain, bounds the difference on both sides and gives the reason; a difference outside its bounds fails like any other.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile

TOP = os.environ.get("ROTA_TOP") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
ROTA = os.environ.get("ROTA") or os.path.join(TOP, "build", "rota")
TOLERANCE = 0.03


def rows(name):
    path = os.path.join(TOP, "tests", "oracle", name)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def run(*args):
    return subprocess.run([ROTA, *args], capture_output=True, text=True, timeout=300)


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
    args = ["trace", "import", os.path.join(TOP, "tests", "data", "xentrace", capture + ".xentrace"), "-o", out]
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


def compare(tap, capture, expected, result, explained):
    share = {d["name"]: d["share"] for d in result["domains"]}
    for row in expected:
        domain, want = row["domain"], float(row["share"])
        off = share[domain] - want
        name = f"{capture} {domain}: recorded {want:.4f}, replayed {share[domain]:.4f}"
        why = explained.get((capture, domain))
        if why and float(why["low"]) <= off <= float(why["high"]):
            tap.result(True, name + f", {off * 100:+.2f} points, explained", why["reason"])
        else:
            tap.result(abs(off) <= TOLERANCE, name + f", {off * 100:+.2f} points")


def main():
    tap = Tap()
    explained = {(r["capture"], r["domain"]): r for r in rows("replay_explained.csv")}
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
            compare(tap, capture, expected, json.loads(done.stdout), explained)
    print(f"1..{tap.count}")


if __name__ == "__main__":
    sys.exit(main())
