#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
rotad on the simulated host killed (SIGKILL) at random moments while a client changes things and saves them:

    bench/kills.py [KILLS [SEED]]        default 500; ROTAD: the program, default build/rotad

After each kill: the file of what was saved parses; what it has of every setting is what was acknowledged last, or what was
asked for after that and never answered; and the next rotad starts with it, finds pools and settings as the file has them,
and its socket where the dead one left its own. One line with the figures; exit code 1 if anything was torn or lost.
"""
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROTAD = os.environ.get("ROTAD", os.path.join(os.path.dirname(__file__), "../build/rotad"))


class Client:
    def __init__(self, path, patience=60):
        end = time.monotonic() + patience
        while True:
            self.s = socket.socket(socket.AF_UNIX)
            try:
                self.s.connect(path)
                break
            except OSError:
                self.s.close()
                if time.monotonic() > end:
                    raise
                time.sleep(0.005)
        self.f = self.s.makefile("rw")

    def ask(self, **request):
        self.f.write(json.dumps({"version": 1, **request}) + "\n")
        self.f.flush()
        line = self.f.readline()
        if not line.endswith("\n"):
            raise ConnectionError
        return json.loads(line)


def request(rng, n):
    """A change of one of a few settings, and how the saved file has it: (request, key, value)."""
    name = rng.choice(["a", "b"])
    kind = rng.randrange(4)
    if kind == 0:
        return ({"verb": "sched-domain", "sched": "credit", "domain": name, "weight": 1 + n % 60000},
                (name, "weight"), 1 + n % 60000)
    if kind == 1:
        cpu = str(n % 6)
        return ({"verb": "vcpu-pin", "domain": name, "vcpu": "all", "hard": cpu}, (name, "vcpu"), cpu)
    if kind == 2:
        return {"verb": "sdom-attach", "sdom": "a", "domains": ["b"]}, ("b", "sdom"), "a"
    return {"verb": "sdom-detach", "domain": "b"}, ("b", "sdom"), False


def saved_value(doc, key):
    for d in doc.get("domains", []):
        if d["name"] == key[0]:
            v = d.get(key[1])
            return v[0]["cpus"] if key[1] == "vcpu" and v else v
    return None


def main():
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    torn = lost = starts = acknowledged = in_flight = between = left = n = 0
    last = {}
    with tempfile.TemporaryDirectory(prefix="rota-kills-") as dir:
        saved, sock = os.path.join(dir, "saved.json"), os.path.join(dir, "s")
        for _ in range(kills + 1):
            rotad = subprocess.Popen([ROTAD, "--host", "sim", "--speed", "step", "--socket", sock, "--saved",
                                      saved], stderr=subprocess.PIPE)
            try:
                c = Client(sock)
                for name in "a", "b":
                    c.ask(verb="create", config={"name": name, "vcpus": 2, "workload": "{model: hog}"})
                starts += 1
                rows = {d["name"]: d for d in c.ask(verb="list")["domains"]}
                for (name, what), value in last.items():
                    if what == "weight" and rows[name]["weight"] != value:
                        lost += 1
            except OSError:
                print("it does not start again:", rotad.stderr.read().decode().strip())
                rotad.kill()
                return 1
            if starts > kills:
                rotad.terminate()
                rotad.wait()
                break
            # Killed after so long, whatever it is doing then: a timer of another process than the client's.
            killer = subprocess.Popen(["sh", "-c", f"sleep {rng.uniform(0.001, 0.08):.4f}; kill -9 {rotad.pid}"])
            pending = None
            try:
                while True:
                    n += 1
                    what, key, value = request(rng, n)
                    pending = (key, value)
                    answer = c.ask(**what, save=True)
                    if "warnings" in answer:
                        raise SystemExit(f"not saved: {answer}")
                    if "error" not in answer:
                        last[key] = value
                        acknowledged += 1
                    pending = None
            except (OSError, ValueError):
                pass
            killer.wait()
            assert rotad.wait() == -signal.SIGKILL
            in_flight += pending is not None
            left += os.path.exists(saved + ".new")
            if not os.path.exists(saved):
                lost += bool(last)
                continue
            try:
                doc = json.load(open(saved))
            except ValueError:
                torn += 1
                continue
            for key, value in last.items():
                has = saved_value(doc, key)
                if has == value:
                    continue
                if pending and (key, has) == pending:
                    last[key] = has
                    between += 1
                else:
                    lost += 1
    print(f"{kills} kills, {starts} starts, {acknowledged} changes acknowledged and saved, {in_flight} kills while one was "
          f"under way, of which {between} were saved and not yet answered and {left} left a half-written successor; "
          f"{torn} files torn, {lost} acknowledged changes lost")
    return 1 if torn or lost else 0


if __name__ == "__main__":
    sys.exit(main())
