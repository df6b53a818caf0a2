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


def is_framework(function, file):
    """Cost of a wake-up that is the core's, not the policy's: the files tell, also of what was inlined."""
    return re.match(r'vcpu_(unpause|wake)', function) and file in ('domain.c', 'schedule.c', 'hooks.h', 'core.h')


def per_call(path):
    """{function: (calls, instructions per call, inclusive)} of what main's side called, and 'policy wake': its part."""
    sums, framework = {}, 0
    function = file = callee = None
    count = 0
    with open(path) as f:
        for line in f:
            key, _, value = line.strip().partition('=')
            if key in ('fl', 'fi', 'fe'):
                file = os.path.basename(value)
            elif key == 'fn':
                function = value
            elif key == 'cfn':
                callee = value
            elif key == 'calls':
                count = int(value.split()[0])
            elif re.match(r'[0-9]+ [0-9]+$', line):
                cost = int(line.split()[1])
                if count and callee in CALLS:
                    calls, total = sums.get(callee, (0, 0))
                    sums[callee] = (calls + count, total + cost)
                if is_framework(function, file) and (not count or callee.startswith('runstate_set')):
                    framework += cost
                count = 0
    out = {name: (calls, total / calls) for name, (calls, total) in sums.items()}
    if 'vcpu_unpause' in out:
        calls, wake = out['vcpu_unpause']
        out['policy wake'] = (calls, wake - framework / calls)
    return out


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
    """Of a wake-up only the policy's part was measured on Xen, so the core's is taken from ours, and told beside it."""
    for (load, v, pcpus), calls in results:
        if load != 'hogs' or v == 64:
            continue
        times, prefix = (1, '') if v == 8 else (2, '2 x ')
        where = '%d hogs a run queue, %d pCPU%s' % (v, pcpus, 's'[:pcpus > 1])
        figure('instructions: schedule(), framework and policy, ' + where, "<= %s%d (Xen's at 8)" % (
            prefix, XEN_SCHEDULE[pcpus]), calls['schedule'][1], times * XEN_SCHEDULE[pcpus])
        figure("instructions: wake-up, the policy's part, " + where, "<= %s%d (Xen's at 8)" % (prefix, XEN_WAKE[pcpus]),
               calls['policy wake'][1], times * XEN_WAKE[pcpus])
        print("#   the wake-up with the framework around it: %.0f; Xen's was not measured" % calls['vcpu_unpause'][1])


def main():
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = list(pool.map(measure, SIZES))
    (accept if '--accept' in sys.argv[1:] else table)(results)


main()
