# SPDX-License-Identifier: GPL-2.0-or-later
"""How fast the simulator is and how much memory it takes.

Speed: scheduler events a second of scenarios/big-64p.yaml (64 pCPUs, 256 vCPUs, one core of this machine), with and
without a trace; the median of ten runs, since other work on the machine only ever makes it slower. An event is an entry
into the core (a wake-up, a block, a tick, a schedule() ...). Memory: the largest resident set of scenarios/huge-1024p.yaml
(1024 pCPUs, 16384 vCPUs).

    simulator.py            a table
    simulator.py --accept   the figures that issue 2 asks for
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
ROTA = os.environ.get('ROTA', os.path.join(TOP, 'build', 'rota'))
RUNS = 11


def run(name, *options):
    """(result, bytes of the largest resident set) of a shipped scenario."""
    child = subprocess.Popen([ROTA, 'sim', 'run', os.path.join(TOP, 'scenarios', name + '.yaml'), '--json', *options],
                             stdout=subprocess.PIPE)
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit('simulator.py: %s ended with exit code %d' % (name, child.returncode))
    return json.loads(out), usage.ru_maxrss * 1024


def speed(*options):
    """Median, slowest and fastest (million scheduler events a second), and machine events for each of them."""
    rates, result = [], None
    for _ in range(RUNS):
        result, _ = run('big-64p', *options)
        rates.append(result['events'] * 1e3 / result['wall_ns'])
    return statistics.median(rates), min(rates), max(rates), result['machine_events'] / result['events']


def line(what, target, measured, met):
    if '--accept' in sys.argv[1:]:
        print('%s | %s | %s | %s' % (what, target, measured, 'met' if met else 'NOT MET'))
    else:
        print('%-58s %s' % (what, measured))


def main():
    with tempfile.TemporaryDirectory() as tmp:
        for what, options, target in (('no trace', (), 4.0), ('with trace', ('--trace', os.path.join(tmp, 't')), 2.5)):
            median, low, high, machine = speed(*options)
            line('speed: 64 pCPUs, 256 vCPUs, %s' % what, '>= %.1f million scheduler events/s' % target,
                 'median of %d runs %.2f (%.2f to %.2f) million/s; %.2f machine events for each' % (
                     RUNS, median, low, high, machine), median >= target)
    result, rss = run('huge-1024p')
    vcpus = sum(d['vcpus'] for d in result['domains'])
    line('memory: %d pCPUs, %d vCPUs' % (len(result['pcpus']), vcpus), '< 64 MiB resident',
         '%.1f MiB, %d bytes a vCPU; %.2f million events/s' % (rss / 2**20, rss / vcpus,
                                                              result['events'] * 1e3 / result['wall_ns']),
         rss < 64 << 20 and vcpus == 16384 and len(result['pcpus']) == 1024)


main()
