# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM that lies to be helped takes nothing from its neighbours by it.

The attacker spins all the time, at addresses that say it waits for a sibling; when it is preempted, its address says that
it is in a critical service; and it sends interrupts to its own vCPUs. Under every mechanism that helps waiting guests, with its
budget and without, it may get 2 points of the host more than it would get by just computing, not more: beside a neighbour
that always computes (half is fair then), and beside one that sleeps a quarter of its time.

The published code of micro-sliced cores (`rules: code`) has nothing of that: that the attack works there is a case, too.

ROTA is the program; ROTA_ATTACKER=table prints all figures.
"""
import concurrent.futures
import json
import os
import subprocess

TOP = os.environ.get('ROTA_TOP', os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
ROTA = os.environ.get('ROTA', os.path.join(TOP, 'build', 'rota'))
PCPUS = 4
LIMIT = 2.0

MECHANISMS = {  # name: (params of the pool, microslice of a hidden one)
    'lend': ('lend: 50us', ''),
    'grace': ('grace: 100us', ''),
    'irq_turn': ('irq_turn: 100us', ''),
    'coboost': ('coboost: 1ms', ''),
    'coboost without budget': ('coboost: 1ms, coboost_every: 0, turn_budget: 0', ''),
    'all': ('lend: 50us, grace: 100us, irq_turn: 100us, coboost: 1ms', ''),
    'all, long, without budget': ('lend: 200us, grace: 1ms, irq_turn: 1ms, coboost: 1ms, coboost_every: 0, turn_budget: 0', ''),
    'static': ('', 'mode: static'),
    'static, published rules': ('', 'mode: static, rules: published'),
    'code': ('', 'mode: code, rules: published, on: yield'),
    'paper': ('', 'mode: paper'),
    'adaptive': ('', 'mode: adaptive, on: [yield, preempt, ipi, irq]'),
    'adaptive, all': ('lend: 50us, grace: 100us, irq_turn: 100us', 'mode: adaptive, on: [yield, preempt, ipi, irq]'),
    'adaptive without budget': ('turn_budget: 0', 'mode: adaptive, slice: 1ms, queue: 4, on: [yield, preempt, ipi, irq]'),
}

OPEN = 'static, code rules'  # no guard: the attack must work, or it is not the published code
MECHANISMS[OPEN] = ('', 'mode: static, rules: code')
NAMES = [(s, m) for s in ('credit', 'credit2') for m in MECHANISMS if s == 'credit' or m != OPEN]

ATTACKS = {  # name: workload of each of the attacker's vCPUs
    'spins for a lock': ['{model: spin, at: spin, stopped: unlock, window: 100us, ipis: true}'] * PCPUS,
    'sends IPIs': ['{model: spin, at: tlb-send, stopped: irq, window: 100us, ipis: true}'] * PCPUS,
    'computes, one spins': ['{model: spin, at: spin, stopped: unlock, window: 50us, ipis: true}'] +
                           ['{model: spin, at: spin, stopped: unlock, window: 5ms}'] * (PCPUS - 1),
    'computes, one sends': ['{model: spin, at: ipi-many, stopped: page-alloc, window: 50us, ipis: true}'] +
                           ['{model: spin, at: ipi-many, stopped: page-alloc, window: 5ms, ipis: true}'] * (PCPUS - 1),
}

HOG = ['{model: hog}'] * PCPUS

NEIGHBOURS = {'computes': '{model: hog}', 'sleeps now and then': '{model: bursty, run: {exp: 3ms}, sleep: {exp: 1ms}}'}


def scenario(sched, mechanism, attack, neighbour):
    params, micro = MECHANISMS.get(mechanism, ('', ''))
    static = 'static' in micro
    pools = '  - {name: Pool-0, sched: %s, cpus: "%s", params: {%s}}\n' % (
        sched, '0-2' if static else '0-3', params or 'turn_budget: 50')
    if micro:
        pools += '  - {name: micro, parent: Pool-0, hidden: true%s, microslice: {%s}}\n' % (
            ', cpus: "3"' if static else '', micro)
    return ('name: attacker\nduration: 12s\nwarmup: 2s\nhost: {cores: %d}\npools:\n%sdomains:\n'
            '  - {name: attacker, vcpus: %d, workload: [%s]}\n'
            '  - {name: neighbour, vcpus: %d, workload: %s}\n' % (
                PCPUS, pools, PCPUS, ', '.join(ATTACKS.get(attack, HOG)), PCPUS, NEIGHBOURS[neighbour]))


def lead(case):
    """By how many points of the host the first domain is ahead of the other one; a sentence if it did not run."""
    done = subprocess.run([ROTA, 'sim', 'run', '-', '--json'], input=scenario(*case), capture_output=True, text=True)
    if done.returncode:
        return done.stderr.strip()
    first, other = (d['share'] for d in json.loads(done.stdout)['domains'])
    return 100 * (first - other) / 2 / PCPUS


def main():
    plain = [(s, None, None, n) for s in ('credit', 'credit2') for n in NEIGHBOURS]
    cases = plain + [(s, m, a, n) for s, m in NAMES for a in ATTACKS for n in NEIGHBOURS]
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        result = dict(zip(cases, pool.map(lead, cases)))
    print('1..%d' % len(NAMES))
    for i, (sched, mechanism) in enumerate(NAMES):
        worst, said, ran = -100.0, [], True
        for attack in ATTACKS:
            for n in NEIGHBOURS:
                value, fair = result[sched, mechanism, attack, n], result[sched, None, None, n]
                failed = isinstance(value, str) or isinstance(fair, str)
                gain = 100.0 if failed else value - max(fair, 0)
                worst = max(worst, gain)
                ran = ran and not failed
                if failed or (gain > LIMIT and mechanism != OPEN) or os.environ.get('ROTA_ATTACKER') == 'table':
                    said.append('# %s, neighbour %s: %s' % (attack, n, value if isinstance(value, str) else
                                                            '%+.2f points' % gain))
        ok = ran and (worst > LIMIT) == (mechanism == OPEN)
        said_of = 'open to it, as the published code is: %+.2f points' if mechanism == OPEN else '%+.2f points at most'
        print('%s %d - %s: %s: %s' % ('ok' if ok else 'not ok', i + 1, sched, mechanism, said_of % worst))
        print('\n'.join(said), end='\n' if said else '')


main()
