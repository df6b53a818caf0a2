# SPDX-License-Identifier: GPL-2.0-or-later
"""Instructions of one decision, framework and policy together: bench/decision under callgrind, beside Xen's own.

    decision.py             the table: instructions per call, inclusive, mean over the window
    decision.py --accept    the figures that issue 2 asks for

Instruction counts do not change with the load of the machine. BENCH names the folder of the built benchmarks.
"""
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
BENCH = os.environ.get('BENCH', os.path.join(TOP, 'build', 'gcc-release', 'bench'))
CALLS = ['schedule', 'context_saved', 'vcpu_unpause', 'vcpu_unblock', 'vcpu_pause', 'vcpu_block', 'sched_timer']
# Xen's own credit.c and core.c, same load, callgrind: policy's do_schedule + the rest of schedule(); policy's wake alone.
XEN_SCHEDULE = {1: 217 + 850, 8: 318 + 854}
XEN_WAKE = {1: 220, 8: 249}
SIZES = [('hogs', v, c) for c in (1, 8) for v in (8, 64, 512, 4096)] + \
        [('sleepers', v, c) for c in (1, 8) for v in (8, 512, 4096)]


def per_call(path):
    """{function: (calls, instructions per call, inclusive)} of what main's side called."""
    sums, target, count = {}, None, 0
    with open(path) as f:
        for line in f:
            if line.startswith('cfn='):
                target = line[4:].strip()
            elif line.startswith('calls='):
                count = int(line[6:].split()[0])
            elif count and re.match(r'[0-9+*-]', line):
                if target in CALLS:
                    calls, total = sums.get(target, (0, 0))
                    sums[target] = (calls + count, total + int(line.split()[-1]))
                count = 0
    return {name: (calls, total / calls) for name, (calls, total) in sums.items()}


def measure(size):
    load, v, pcpus = size
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, 'callgrind')
        done = subprocess.run(['valgrind', '--tool=callgrind', '--instr-atstart=no', '--compress-strings=no',
                               '--compress-pos=no', '--callgrind-out-file=' + out, os.path.join(BENCH, 'decision'),
                               load, str(v), str(pcpus)], env=dict(os.environ, ROTA_BENCH_CALLGRIND='1'),
                              capture_output=True, text=True)
        if done.returncode:
            raise SystemExit('decision.py: valgrind failed: ' + done.stderr)
        return size, per_call(out)


def table(results):
    print('%-8s %5s %5s' % ('Ir', 'pcpus', 'V') + ''.join(' %14s' % c for c in CALLS))
    for (load, v, pcpus), calls in results:
        print('%-8s %5d %5d' % (load, pcpus, v) + ''.join(
            ' %14s' % ('%.0f (%d)' % (calls[c][1], calls[c][0]) if c in calls else '-') for c in CALLS))


def figure(what, target, measured, limit):
    print('%s | %s | %.0f | %s' % (what, target, measured, 'met' if measured <= limit else 'NOT MET'))


def accept(results):
    """A decision as a whole is a wake-up and the schedule() that it asks for.

    Of a wake-up only the policy's part was measured on Xen, without what its core does around it; ours is with all of
    that and so is no like for like. It is counted into the decision, and shown.
    """
    for (load, v, pcpus), calls in results:
        if load != 'hogs' or v == 64:
            continue
        times, prefix = (1, '') if v == 8 else (2, '2 x ')
        where = '%d hogs a run queue, %d pCPU%s' % (v, pcpus, 's'[:pcpus > 1])
        schedule, wake = calls['schedule'][1], calls['vcpu_unpause'][1]
        figure('instructions: schedule(), ' + where, "<= %s%d (Xen's at 8)" % (prefix, XEN_SCHEDULE[pcpus]),
               schedule, times * XEN_SCHEDULE[pcpus])
        both = XEN_SCHEDULE[pcpus] + XEN_WAKE[pcpus]
        figure('instructions: wake-up and schedule(), ' + where, "<= %s%d (Xen's at 8)" % (prefix, both), schedule + wake,
               times * both)
        print("#   the wake-up alone: %.0f; in Xen's policy, without its core: %d" % (wake, XEN_WAKE[pcpus]))


def main():
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = list(pool.map(measure, SIZES))
    (accept if '--accept' in sys.argv[1:] else table)(results)


main()
