#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""transcript.py FILE...: type the commands of transcripts, and compare what they print.

A transcript is text. Its first lines that begin with "#:" are the arguments of the rotad that is started for it. Then
    $ rota COMMAND ...   a command, given to a shell; `wait SECONDS` and other commands do as well
    TEXT                 what it prints on standard output, line by line
    ! WORDS              what its standard error has among others
    ? N                  its exit code, 0 if there is no such line
    # TEXT               a remark
Masked on both sides before the comparison are what differs from run to run: times ("12.3" becomes a T of the same width),
UUIDs, uptimes, the CPU of a vCPU, and the letters of States (r, b, - are all one). Everything else, columns above all, must be the same byte for byte.
"...", alone on a line, stands for any lines.
"""
import os, re, socket, subprocess, sys, tempfile, time

ROTA = os.environ["ROTA"]
BIN = os.path.dirname(os.path.abspath(ROTA))


def mask(line):
    line = re.sub(r"\d+\.\d\b", lambda m: "T".rjust(len(m[0])), line)
    line = re.sub(r"(?<= )[r-][b-][p-]---(?= )", lambda m: "s" + m[0][1:].replace("b", "-"), line)
    line = re.sub(r"(?<=  )[r-][b-]-(?= )", "s--", line)
    line = re.sub(r"^(.{32}\S* +\d+ +\d+)( +\d+)(   [rs][b-]-)", lambda m: m[1] + "C".rjust(len(m[2])) + m[3], line)
    line = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "U".rjust(36), line)
    line = re.sub(r"[ \d]\d:\d\d:\d\d$", lambda m: "T".rjust(len(m[0].strip())), line)
    return line


def parse(path):
    args, steps, fenced = [], [], not path.endswith(".md")
    for n, line in enumerate(open(path).read().split("\n"), 1):
        # Of a page, what is between ```console and ```, and its arguments in a comment.
        if path.endswith(".md"):
            if line.startswith("<!-- #:"):
                line = line[5:].replace("-->", "")
            elif line.startswith("```"):
                fenced = line == "```console"
                continue
            elif not fenced:
                continue
        if line.startswith("#:"):
            args += line[2:].split()
        elif line.startswith("# ") or line == "#":
            continue
        elif line.startswith("$ "):
            steps.append({"line": n, "cmd": line[2:], "out": [], "err": [], "code": 0})
        elif not steps:
            continue
        elif line.startswith("! "):
            steps[-1]["err"].append(line[2:])
        elif line.startswith("? "):
            steps[-1]["code"] = int(line[2:])
        else:
            steps[-1]["out"].append(line)
    for s in steps:
        while s["out"] and s["out"][-1] == "" :
            s["out"].pop()
    return args, steps


def same(want, got):
    if "..." in want:
        i = want.index("...")
        tail = want[i + 1:]
        return same(want[:i], got[:i]) and len(got) >= i + len(tail) and same(tail, got[len(got) - len(tail):])
    return [mask(w) for w in want] == [mask(g) for g in got]


def run(path):
    args, steps = parse(path)
    bad = []
    with tempfile.TemporaryDirectory(prefix="rota") as tmp:
        env = dict(os.environ, ROTA_SOCKET=tmp + "/s", PATH=BIN + ":" + os.environ["PATH"], TMP=tmp, HOSTNAME="host")
        args = [a.replace("$TOP", os.environ.get("ROTA_TOP", ".")).replace("$TMP", tmp) for a in args]
        d = subprocess.Popen([BIN + "/rotad"] + args, env=env, stderr=subprocess.PIPE)
        try:
            for _ in range(200):
                try:
                    with socket.socket(socket.AF_UNIX) as s:
                        s.connect(tmp + "/s")
                        break
                except OSError:
                    time.sleep(0.05)
                if d.poll() is not None:
                    break
            for s in steps:
                p = subprocess.run(s["cmd"], shell=True, env=env, cwd=tmp, capture_output=True, text=True, timeout=120)
                got = p.stdout.split("\n")[:-1] if p.stdout else []
                why = []
                if p.returncode != s["code"]:
                    why.append("exit code %d, not %d" % (p.returncode, s["code"]))
                if not same(s["out"], got):
                    why.append("it printed\n" + "\n".join("#     |" + g for g in got) + "\n#   and not\n" +
                               "\n".join("#     |" + w for w in s["out"]))
                for words in s["err"]:
                    if words not in p.stderr:
                        why.append("its error has no '%s'" % words)
                if not s["err"] and s["code"] == 0 and p.stderr:
                    why.append("it complained")
                if why:
                    bad.append("# %s:%d: %s: %s\n#   stderr: %s" % (path, s["line"], s["cmd"], "; ".join(why), p.stderr.strip()))
            d.terminate()
            code = d.wait(20)
            err = d.stderr.read().decode()
            if code:
                bad.append("# %s: rotad ended with %d: %s" % (path, code, err))
            if os.path.exists(tmp + "/s"):
                bad.append("# %s: rotad left its socket" % path)
        finally:
            d.kill()
    return steps, bad


def main():
    n = failed = 0
    for path in sys.argv[1:]:
        n += 1
        steps, bad = run(path)
        print("%sok %d - %s (%d commands)" % ("not " if bad else "", n, os.path.basename(path), len(steps)))
        if bad:
            failed = 1
            print("\n".join(bad))
    print("1..%d" % n)
    sys.exit(failed)


if __name__ == "__main__":
    main()
