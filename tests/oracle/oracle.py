# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of the oracle tables, run under one of rota's schedulers: the one named on the command line, else credit.

The tables (shares.csv, share_bands.csv, latency.csv; rows of each scheduler) were measured on Xen's own scheduler code driven in
virtual time: hypervisor and switches cost nothing, one node, one thread a core, one pool, domain n has n's row, all vCPUs
start at 0 in order. Shares count 60 s after 10 s of warm-up, latencies 30 s after 2 s.
"""
import csv
import itertools
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.environ.get('ROTA_TOP', os.path.join(HERE, '..', '..'))
ROTA = os.environ.get('ROTA', os.path.join(TOP, 'build', 'rota'))
NO_COSTS = {'context_switch': 0, 'ipi': 0, 'migration': 0, 'vm_exit': 0}


# What the scripts compare: `shares.py credit2 --accept`.
SCHED = next((word for word in sys.argv[1:] if not word.startswith('-')), 'credit')


def rows(name, also=()):
    """Of a table, what was measured of our scheduler. EINVAL: Xen refused to be measured so."""
    with open(os.path.join(HERE, name), newline='') as f:
        return [row for row in csv.DictReader(f) if row.get('sched', SCHED) in (SCHED, *also) and row.get('share') != 'EINVAL']


def run(scenario, *options):
    """Run a scenario (a dict; YAML is a superset of JSON) and return its result."""
    with tempfile.NamedTemporaryFile('w', suffix='.yaml', delete=False) as f:
        json.dump(scenario, f)
    try:
        out = subprocess.run([ROTA, 'sim', 'run', f.name, '--json', *options], check=True, capture_output=True, text=True)
        return json.loads(out.stdout)
    except subprocess.CalledProcessError as e:
        raise SystemExit('%s\n%s' % (e.stderr, json.dumps(scenario)))
    finally:
        os.unlink(f.name)


def hosts(pcpus, domains, duration, warmup, params=None):
    pool = {'name': 'Pool-0', 'sched': SCHED, 'cpus': 'all', 'params': params or {}}
    return {'name': 'oracle', 'duration': duration, 'warmup': warmup, 'pools': [pool],
            'host': {'cores': pcpus, 'costs': NO_COSTS}, 'domains': domains}


def share_groups(table):
    """Rows that were one run: their domains count up from 1."""
    group = []
    for row in table:
        if group and int(row['dom']) <= int(group[-1]['dom']):
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def share_domains(group, starts=None):
    """Hog domains of a run. A cap beyond 100 x vCPUs says nothing, and rota (like xl, unlike Xen's hypercall) refuses it."""
    domains = []
    offsets = itertools.chain(starts or [], itertools.repeat(0))
    for row in group:
        n, cap = int(row['vcpus']), int(row['cap'])
        domains.append({'name': 'd' + row['dom'], 'vcpus': n, 'weight': int(row['weight']), 'cap': min(cap, 100 * n),
                        'workload': [{'model': 'hog', 'start': '%dns' % next(offsets)} for _ in range(n)]})
    return domains


def shares(group, starts=None, params=None):
    """Shares of a run's domains, pCPUs."""
    result = run(hosts(int(group[0]['pcpus']), share_domains(group, starts), '70s', '10s', params))
    return [d['share'] for d in result['domains']]
