# SPDX-License-Identifier: GPL-2.0-or-later
"""Instructions of one decision, framework and policy together: bench/decision under callgrind, beside Xen's own.

    decision.py                     the table for credit: instructions per call, inclusive, mean over the window
    decision.py --accept            the figures that issue 2 asks for
    decision.py credit2             the table for credit2; V is of a run queue, of up to 16 pCPUs
    decision.py credit2 --accept    the figures that issue 6 asks for
    decision.py rtds --accept       those of issue 5: rtds, or rtxen, against Xen's RTDS; V is all vCPUs

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
# Xen's own credit2.c and core.c, hogs, by pCPUs and V a run queue: do_schedule, the rest of schedule(), wake, context_saved.
XEN_CREDIT2 = {
    (1, 8): (424.7, 886.6, 727.4, 528.1), (1, 64): (399.0, 874.3, 943.5, 996.3),
    (1, 512): (385.2, 865.7, 3222.6, 3690.8), (1, 4096): (377.0, 852.0, 21917.7, 25223.0),
    (8, 8): (484.2, 822.1, 454.1, 145.5), (8, 64): (475.0, 921.4, 1451.0, 1463.6),
    (8, 512): (463.7, 913.7, 3184.7, 4169.4), (8, 4096): (1168.7, 906.0, 22856.1, 24287.5)}
# Xen's own rt.c and core.c, likewise; and its replenishment handler, 1 pCPU.
XEN_RTDS = {
    (1, 8): (284, 919, 401, 212), (1, 64): (295, 866, 1620, 732), (1, 512): (298, 852, 11889, 5187),
    (1, 4096): (296, 850, 84408, 34159), (8, 8): (175, 799, 337, 73), (8, 64): (358, 924, 1825, 979),
    (8, 512): (352, 910, 12035, 5516), (8, 4096): (360, 911, 59896, 40177)}
XEN_REPLENISH = {64: 71000, 512: 4350000, 4096: 277000000}
PEERS = {'credit2': XEN_CREDIT2, 'rtds': XEN_RTDS, 'rtxen': XEN_RTDS}
LOG = {8: 3, 64: 6, 512: 9, 4096: 12}
SCHED = next((word for word in sys.argv[1:] if not word.startswith('-')), 'credit')
WINDOW_MS = 1000 if SCHED == 'credit' else 300 # of virtual time; instruction counts are exact


def framework_of(function, file):
    """The call a cost belongs to that is the core's, not the policy's: the files tell, also of what was inlined."""
    if file not in ('domain.c', 'schedule.c', 'hooks.h', 'core.h'):
        return None
    return 'vcpu_unpause' if re.match(r'vcpu_(unpause|wake)', function) else \
        'context_saved' if re.match(r'context_saved|finish_switch', function) else None


def per_call(path):
    """{function: (calls, instructions per call, inclusive)} of what main's side called; 'policy wake', 'policy saved': its parts."""
    sums, framework = {}, {'vcpu_unpause': 0, 'context_saved': 0}
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
                call = framework_of(function, file)
                if call and (not count or callee.startswith('runstate_set')):
                    framework[call] += cost
                count = 0
    out = {name: (calls, total / calls) for name, (calls, total) in sums.items()}
    for call, part in (('vcpu_unpause', 'policy wake'), ('context_saved', 'policy saved')):
        if call in out:
            calls, cost = out[call]
            out[part] = (calls, cost - framework[call] / calls)
    return out


def measure(size, *more):
    load, v, pcpus = size
    with tempfile.TemporaryDirectory() as tmp:
        out = os.path.join(tmp, 'callgrind')
        done = subprocess.run(['valgrind', '--tool=callgrind', '--instr-atstart=no', '--compress-strings=no',
                               '--compress-pos=no', '--callgrind-out-file=' + out, os.path.join(BENCH, 'decision'),
                               load, str(v), str(pcpus), str(WINDOW_MS), SCHED, *more], env=dict(os.environ, ROTA_BENCH_CALLGRIND='1'),
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


def accept_tree(results):
    """Each call against Xen's at the same size, and from size to size: eight times as many vCPUs are three more levels of a tree."""
    by_size = {(pcpus, v): calls for (load, v, pcpus), calls in results if load == 'hogs'}
    for pcpus in (1, 8):
        for what, name, xen in (
                ('schedule(), framework and policy', 'schedule', lambda x: x[0] + x[1]),
                ("wake-up, the policy's part", 'policy wake', lambda x: x[2]),
                ("context_saved(), the policy's part", 'policy saved', lambda x: x[3])):
            sizes = [v for v in (8, 64, 512, 4096)]
            got = [by_size[pcpus, v][name][1] for v in sizes]
            limit = [xen(PEERS[SCHED][pcpus, v]) for v in sizes]
            over = [g / x for g, x in zip(got, limit)]
            print('%s, instructions: %s, %d pCPU%s, 8/64/512/4096 vCPUs | at most Xen\'s: %s | %s | %s' % (
                SCHED, what, pcpus, 's'[:pcpus > 1], '/'.join('%.0f' % x for x in limit), '/'.join('%.0f' % g for g in got),
                'met' if max(over) <= 1 else 'NOT MET'))
            if name != 'schedule':
                whole = {'policy wake': 'vcpu_unpause', 'policy saved': 'context_saved'}[name]
                print("#   with the framework around it: %s; Xen's was not measured" % '/'.join(
                    '%.0f' % by_size[pcpus, v][whole][1] for v in sizes))
            # With as many vCPUs as pCPUs nobody queues: that is another path, not a smaller tree.
            from_, base = (64, got[1]) if pcpus > 1 else (8, got[0])
            growth = got[3] / base
            print('%s, instructions: the same, growth from %d to 4096 vCPUs | at most %.1f times, as log n | %.2f times | %s' % (
                SCHED, from_, LOG[4096] / LOG[from_], growth, 'met' if growth <= LOG[4096] / LOG[from_] else 'NOT MET'))
    for v in (64, 512, 4096) if SCHED != 'credit2' else ():
        # All periods are the same and end together: this is a timer of all vCPUs at once.
        got = by_size[1, v]['sched_timer'][1]
        print("%s, instructions: replenishment of %d vCPUs at once | at most Xen's: %d | %.0f | %s" % (
            SCHED, v, XEN_REPLENISH[v], got, 'met' if got <= XEN_REPLENISH[v] else 'NOT MET'))


def turns():
    """What it costs that turns (src/sched/assist.c) are on while nobody has any: all calls together, and schedule()."""
    sizes = [s for s in SIZES if s[1] <= 512]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        off = list(pool.map(measure, sizes))
        on = list(pool.map(lambda s: measure(s, 'turns'), sizes))
    for (size, a), (_, b) in zip(off, on):
        for what, calls in (('all calls', CALLS), ('schedule()', ['schedule'])):
            cost = [sum(x[c][0] * x[c][1] for c in calls if c in x) for x in (a, b)]
            ratio = 100 * (cost[1] / cost[0] - 1)
            print('%s, instructions: turns on and idle, %s, %s, %d a run queue, %d pCPUs | at most 5 %% more | %+.1f %% | %s' % (
                SCHED, what, *size, ratio, 'met' if ratio <= 5 else 'NOT MET'))


def main():
    if '--turns' in sys.argv[1:]:
        return turns()
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = list(pool.map(measure, SIZES))
    if '--accept' not in sys.argv[1:]:
        table(results)
    else:
        (accept_tree if SCHED in PEERS else accept)(results)


main()
