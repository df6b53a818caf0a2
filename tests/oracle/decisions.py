# SPDX-License-Identifier: GPL-2.0-or-later
"""Decision traces of Xen's own schedulers against rota's: who was dispatched where and when, switch by switch."""
import csv
import json
import os
import re
import subprocess
import tempfile

import oracle

TRACES = os.path.join(oracle.HERE, 'traces')


def mends():
    """{name: what it mends} of rota's corrections to Xen's scheduler, from where they are declared."""
    with open(os.path.join(oracle.TOP, 'src', 'sched', oracle.SCHED + '.h')) as f:
        text = f.read()
    # The words stand behind the bit or, where they are long, on the line before it.
    bit = oracle.SCHED.upper() + r'_MEND_(\w+) = 1 << \d+,'
    found = re.findall(bit + r' /\* (.*?) \*/', text)
    found += [(name, what) for what, name in re.findall(r'^\t/\* (.*?) \*/\n\t' + bit + '\n', text, re.M)]
    return {name.lower(): what for name, what in found}


def mend_all_but(removed):
    return ','.join('^' + name for name in removed) if removed else 'all'


def cpu_list(mask):
    return ','.join(str(c) for c in range(64) if mask >> c & 1)


def scenario(name, mend):
    """rota's form of an oracle script."""
    domains, events, pcpus, duration, params = [], [], 1, 0, {'mend': mend}
    for line in open(os.path.join(TRACES, name + '.scn')):
        words = line.split('#')[0].split()
        if not words:
            continue
        keys = dict(w.split('=', 1) for w in words[1:] if '=' in w)
        if words[0] == 'host':
            pcpus, duration = int(keys['cpus']), int(keys['time_us'])
            if 'c2_runqueue' in keys:
                params['runqueue'] = ('cpu', 'core', 'socket', 'node', 'all')[int(keys['c2_runqueue'])]
        elif words[0] == 'dom':
            load = {'model': 'hog'} if keys['type'] == 'hog' else {
                'model': 'periodic', 'period': keys['P_us'] + 'us', 'cost': keys['C_us'] + 'us'}
            load['start'] = keys.get('start_us', '0') + 'us'
            for _ in range(int(keys.get('copies', 1))):
                d = {'name': 'd%d' % (len(domains) + 1), 'vcpus': int(keys['n']), 'weight': int(keys.get('weight', 256)),
                     'cap': int(keys.get('cap', 0)), 'workload': load}
                if 'soft' in keys:
                    d['cpus_soft'] = cpu_list(int(keys['soft'], 0))
                domains.append(d)
        elif words[0] == 'at':
            e = {'at': words[1] + 'us', 'do': words[2], 'domain': 'd' + words[3]}
            if words[2] in ('pause', 'unpause', 'pin', 'yield'):
                e['vcpu'] = int(words[4])
            if words[2] == 'pin':
                e['cpus'] = cpu_list(int(words[5], 0))
            if words[2] == 'weight':
                e['value'] = int(words[4])
            events.append(e)
    s = oracle.hosts(pcpus, domains, '%dus' % duration, 0, params)
    s['events'] = events
    return s


def rota_dispatches(name, mend):
    """[(time_ns, cpu, 'd1v0' or 'idle')] of rota's run."""
    with tempfile.TemporaryDirectory() as tmp:
        path, trace = os.path.join(tmp, 's.yaml'), os.path.join(tmp, 't')
        with open(path, 'w') as f:
            json.dump(scenario(name, mend), f)
        subprocess.run([oracle.ROTA, 'sim', 'run', path, '--trace', trace, '--json'], check=True, stdout=subprocess.DEVNULL)
        text = subprocess.run([oracle.ROTA, 'trace', 'dump', '--csv', trace], check=True, capture_output=True, text=True).stdout
    out = []
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith('#')):
        if int(row['event'], 0) == 0x2800a:
            dom = int(row['d2'])
            who = 'idle' if dom == 0x7fff else 'd%dv%s' % (dom + 1, row['d3'])
            out.append((int(row['time_ns']), int(row['cpu']), who))
    return out


def xen_dispatches(name):
    with open(os.path.join(TRACES, name + '.csv')) as f:
        return [(int(r['time']) if 'time' in r else int(r['time_ns']), int(r['cpu']), r['vcpu']) for r in csv.DictReader(f)
                if r['event'] == 'dispatch']


def names():
    return sorted(f[:-4] for f in os.listdir(TRACES) if re.match(r'\d+-%s-.*\.scn$' % oracle.SCHED, f))


def first_difference(a, b):
    """Index of the first dispatch that differs, None when the two are alike."""
    for i in range(max(len(a), len(b))):
        if i >= len(a) or i >= len(b) or a[i] != b[i]:
            return i
    return None
