# SPDX-License-Identifier: GPL-2.0-or-later
"""The same scenario gives the same trace everywhere, and the one it gave before.

Every scenario here, and some shipped ones, runs in every build of ROTA_BUILDS (gcc and clang, -O0 to
-O3, sanitizers), each with all its trace records. Two things are tested:

  - the results, trace hash and all numbers but the wall time, are the same in all builds;
  - the hash is that of hashes.txt. When behaviour was meant to change: `determinism.py --write`, and say why in the commit.

A scenario that is itself replaced, or a record that is added to the trace, changes its hash as well.
"""
import concurrent.futures
import glob
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.environ.get('ROTA_TOP', os.path.join(HERE, '..', '..'))
ROTA = os.environ.get('ROTA', os.path.join(TOP, 'build', 'rota'))
# Of those that come with rota: the replay, and the guests with locks, shootdowns and devices.
SHIPPED = ['replay-xen-credit', 'lock-holder-preemption', 'tlb-shootdown', 'io-mixed']
HASHES = os.path.join(HERE, 'hashes.txt')


def scenarios():
    shipped = [os.path.join(TOP, 'scenarios', name + '.yaml') for name in SHIPPED]
    return {os.path.basename(f)[:-5]: f for f in sorted(glob.glob(os.path.join(HERE, '*.yaml'))) + shipped}


def run(rota, scenario):
    """The result without its wall time, or what went wrong."""
    if not os.access(rota, os.X_OK):
        return {'trace_hash': None, 'error': 'it was not built'}
    with tempfile.TemporaryDirectory(dir=os.environ.get('TEST_TMP')) as tmp:
        done = subprocess.run([rota, 'sim', 'run', scenario, '--json', '--trace', os.path.join(tmp, 't')],
                              capture_output=True, text=True)
    if done.returncode:
        return {'trace_hash': None, 'error': 'exit code %d: %s' % (done.returncode, done.stderr)}
    result = json.loads(done.stdout)
    del result['wall_ns']
    return result


def read_hashes():
    with open(HASHES) as f:
        return dict(line.split() for line in f if not line.startswith('#'))


def write_hashes():
    with open(HASHES, 'w') as f:
        f.write('# Trace hashes, renewed by: python3 tests/golden/determinism.py --write\n')
        for name, path in scenarios().items():
            f.write('%s %s\n' % (name, run(ROTA, path)['trace_hash']))


def build_name(rota):
    return os.path.basename(os.path.dirname(rota))


def difference(a, b):
    if a['trace_hash'] != b['trace_hash']:
        return 'trace hash %s' % b['trace_hash'] + (', ' + b['error'] if 'error' in b else '')
    return 'same trace, but other numbers in the result'


def main():
    if '--write' in sys.argv[1:]:
        write_hashes()
        return
    builds = os.environ.get('ROTA_BUILDS', ROTA).split()
    golden, n = read_hashes(), 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        runs = {(name, b): pool.submit(run, b, path) for name, path in scenarios().items() for b in builds}
    for name in scenarios():
        results = {b: runs[name, b].result() for b in builds}
        first = results[builds[0]]
        n += 1
        if len(builds) < 2:
            print('ok %d - %s: the same in all builds # SKIP only one build is there' % (n, name))
        else:
            off = [b for b in builds if results[b] != first or 'error' in results[b]]
            print('%s %d - %s: the same in %s' % ('not ok' if off else 'ok', n, name, ', '.join(map(build_name, builds))))
            for b in off:
                print('# %s: %s; %s: trace hash %s' % (build_name(b), difference(first, results[b]), build_name(builds[0]),
                                                       first['trace_hash']))
        n += 1
        same = first['trace_hash'] is not None and first['trace_hash'] == golden.get(name)
        whole = not first.get('counters', {}).get('lost_records')
        print('%s %d - %s: the trace of old' % ('ok' if same and whole else 'not ok', n, name))
        if not same:
            print('# hashes.txt has %s, this run gave %s; meant? python3 tests/golden/determinism.py --write' % (
                golden.get(name), first['trace_hash']))
        if not whole:
            print('# records were lost')
    print('1..%d' % n)


main()
