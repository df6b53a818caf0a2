# SPDX-License-Identifier: GPL-2.0-or-later
"""The live half of docs/comparison.md: bench/live/comparison.csv, measured now with real KVM guests in the test machine.

    comparison_live.py [SCENARIO...]    boot it, measure, write the file; `make comparison` puts it into the document

One machine of one CPU whose clock counts instructions, 2 ns each (tests/live/boot.sh): figures do not depend on what else this
one has to do. ROTA names the program, ROTA_LIVE_KERNEL the kernel.
"""
import csv
import os
import subprocess
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
OUT = os.path.join(TOP, 'bench', 'live', 'comparison.csv')
SCHEDULERS = ['EEVDF', 'credit', 'credit2', 'rtds']
SECONDS = int(os.environ.get('ROTA_LIVE_SECONDS', '4'))
INSTRUCTION_NS = 2
HOG_ROUND = 1003 # instructions of one of a hog's loops: mov, 1000 times loop, inc, jmp
# Entitlements of one pCPU, of those that want all they can get; whose latency is told; instructions of a job.
SCENARIOS = {
    'weights': ({'a': 1 / 7, 'b': 2 / 7, 'c': 4 / 7}, None, {}),
    'caps': ({'a': .10, 'b': .25, 'c': .65}, None, {}),
    'io': ({'hog0': 1, 'hog1': 1}, 'io', {'io': 25000}),
    'sleepers': ({'hog': 1}, 'web', {'web': 150000}),
    'deadlines': ({'hog0': 1, 'hog1': 1}, None, {'t0': 850000, 't1': 1900000, 't2': 4000000, 't3': 1900000}),
    'locks': ({'hog': .5, 'kernel': .5}, None, None),
    'pingpong': ({}, None, None),
}


def read(text):
    """{(scenario, scheduler): ({what the host counted}, {vm: [report of each vCPU]})}"""
    cells, host, vms = {}, None, None
    for line in text.splitlines():
        words = line.split()
        values = dict(w.split('=', 1) for w in words if '=' in w)
        if words[:1] == ['cell']:
            host, vms = {}, {}
            cells[words[1], words[2]] = (host, vms)
        elif words[:1] == ['end']:
            host.update({k: float(v) for k, v in values.items()})
        elif 'loops' in values:
            vms.setdefault(words[0], []).append({k: float(v) for k, v in values.items()})
        else:
            print(line, file=sys.stderr)
    return cells


def row(scenario, scheduler, host, vms):
    entitled, whose, work = SCENARIOS[scenario]
    share = {n: sum(r['cpu_ns'] / r['span_ms'] / 1e6 for r in rs) for n, rs in vms.items()}
    hogs = {n: share[n] for n in entitled}
    everybody = len(hogs) == len(vms)
    total = 1 if everybody else sum(hogs.values())
    weights = sum(entitled.values())
    fairness = '%.1f' % (100 * max(abs(s - total * entitled[n] / weights) for n, s in hogs.items())) if len(hogs) > 1 else '-'
    waits = ['-'] * 3
    if whose:
        # A vCPU at a time: the median is that of most, the rest that of the worst.
        waits = ['%.3g' % (f(r[k] for r in vms[whose]) / 1000) for k, f in (
            ('p50_us', lambda x: sorted(x)[len(vms[whose]) // 2]), ('p99_us', max), ('max_us', max))]
    done, lost = '-', '-'
    if scenario == 'deadlines':
        missed = sum(r['missed'] for n in work for r in vms[n])
        done = '%.0f of %.0f deadlines missed' % (missed, missed + sum(r['loops'] for n in work for r in vms[n]))
    elif scenario == 'locks':
        done = '%.0f passes a second' % sum(r['loops'] / r['span_ms'] * 1000 for r in vms['kernel'])
    elif scenario == 'pingpong':
        done = '%.0f round trips a second' % (vms['pair'][0]['loops'] / vms['pair'][0]['span_ms'] * 1000)
    if work is not None:
        guest = sum(r['loops'] / r['span_ms'] * work.get(n, HOG_ROUND) for n, rs in vms.items() for r in rs)
        lost = '%.2f %%' % (100 - 100 * guest * INSTRUCTION_NS / 1e6)
    seconds = host['ns'] / 1e9
    return [scenario, scheduler, fairness, *waits, '%.0f' % (host['switches'] / seconds),
            '%.0f' % (host['calls'] / seconds) if 'calls' in host else '-', lost, done]


def main():
    names = sys.argv[1:] or list(SCENARIOS)
    rota = os.environ.get('ROTA', os.path.join(TOP, 'build', 'rota'))
    env = dict(os.environ, ROTA_BUILD=os.path.dirname(os.path.abspath(rota)), ROTA_LIVE_ACCEL='icount', ROTA_LIVE_CPUS='1')
    subprocess.run([os.path.join(TOP, 'tests/live/build-guests.sh')], env=env, check=True)
    raw = os.path.join(env['ROTA_BUILD'], 'live', 'comparison.txt')
    with open(raw, 'w') as f:
        done = subprocess.run([os.path.join(TOP, 'tests/live/boot.sh'), '-t', os.environ.get('ROTA_LIVE_LIMIT', '3000'),
                               os.environ.get('ROTA_LIVE_KERNEL', '6.12'), os.path.join(TOP, 'bench/live/comparison-inside.sh'),
                               str(SECONDS), *SCHEDULERS, '--', *names], env=env, stdout=f)
    with open(raw) as f:
        cells = read(f.read())
    if done.returncode:
        raise SystemExit('comparison_live.py: the machine ended with %d; nothing is written, %s has what there is' % (
            done.returncode, raw))
    missing = ['%s under %s' % (n, s) for n in names for s in SCHEDULERS if not cells.get((n, s), [{}])[0]]
    if missing:
        raise SystemExit('comparison_live.py: not measured, so nothing is written: ' + ', '.join(missing))
    rows = [row(n, s, *cells[n, s]) for n in names for s in SCHEDULERS]
    if sys.argv[1:]:
        # Some of them only: for looking at, not for the file.
        return csv.writer(sys.stdout).writerows(rows)
    with open(OUT, 'w', newline='') as f:
        out = csv.writer(f, lineterminator='\n')
        out.writerow(['seconds', SECONDS])
        out.writerows(rows)


main()
