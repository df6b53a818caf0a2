# SPDX-License-Identifier: GPL-2.0-or-later
"""Fit parameters of a named model to figures of the baseline, by random search.

	bench/fit.py MODEL [--tries N] [--seed N] NAME=LOW..HIGH ...

NAME is a parameter of data/workloads/MODEL.yaml, e.g. between=20us..400us or calls=2..20; both ends are drawn between on a
logarithmic scale, and a parameter that is a distribution, {exp: 10us}, keeps its kind. The error is the mean of the absolute
logarithms of rota's figures over the papers', over all figures of the experiments marked `calibration: true` that are about
MODEL: results of a cure are in no such experiment, so that nothing can be fitted to one. The first try has the values of the
file. Each better try is printed with its figures; nothing is written.

ROTA is the program. The seed of the search and the number of tries tell the result.
"""
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
ROTA = os.environ.get('ROTA', os.path.join(TOP, 'build', 'rota'))
UNITS = {'ns': 1, 'us': 1000, 'ms': 10 ** 6, 's': 10 ** 9, '': 1}


def number(text):
    """A time as ns and its unit, or a plain number."""
    m = re.fullmatch(r'([\d.]+)(ns|us|ms|s|)', text)
    if not m:
        sys.exit(f'fit: {text} is neither a number nor a time such as 20us')
    return float(m[1]) * UNITS[m[2]], m[2]


def only_about(model, directory):
    """Leave the rows of @model in each experiment; the experiments that have some, and the names of the rows."""
    names, rows = [], set()
    for file in sorted(os.listdir(directory)):
        path = os.path.join(directory, file)
        text = open(path).read()
        if 'calibration: true' not in text:
            continue
        head, _, rest = text.partition('figures:\n')
        lines = re.findall(r'^  [^:\n]+: \{domains\.vm1.*\n', head[head.index('rows:'):head.index('columns:')], re.M)
        mine = [x for x in lines if f'{{model: {model}' in x]
        if not mine:
            continue
        others = '|'.join(re.escape(x.split(':')[0].strip()) for x in lines if x not in mine) or '(?!)'
        for x in lines:
            head = head.replace(x, x if x in mine else '')
        figures = []
        for block in re.split(r'^(?=  - name:)', rest, flags=re.M)[1:]:
            block = re.sub(r'^    because:\n(?:      .*\n)*', '', block, flags=re.M)
            block = re.sub(rf'^      (?:{others}): .*\n', '', block, flags=re.M)
            block = re.sub(rf'(?<=[{{ ])(?:{others}): \[[^]]*\](?:, )?', '', block)
            block = re.sub(r', \}', '}', block)
            if any(re.search(rf'{re.escape(x.split(":")[0].strip())}: \[', block) for x in mine):
                figures.append(block)
        if figures:
            open(path, 'w').write(head + 'figures:\n' + ''.join(figures))
            names.append(file[:-5])
            rows |= {x.split(':')[0].strip() for x in mine}
    return names, rows


def with_values(text, values):
    for name, value in values.items():
        text, n = re.subn(rf'^(  {name}: {{value: )({{\w+: )?[^,{{}}]+(}})?', lambda m: m[1] + (m[2] or '') + value + (m[3] or ''),
                          text, flags=re.M)
        if n != 1:
            sys.exit(f'fit: the model has no parameter {name} with one number')
    return text


def figures(data, names, rows):
    done = subprocess.run([ROTA, 'sim', 'paper', *names, '--json'], capture_output=True, text=True,
                          env=dict(os.environ, ROTA_DATA=data))
    if done.returncode:
        sys.exit(done.stderr)
    return [(f['name'], v) for p in json.loads(done.stdout) for f in p['figures'] for v in f['values'] if v['row'] in rows]


def main(arguments):
    model, tries, seed, ranges = None, 20, 1, {}
    while arguments:
        a = arguments.pop(0)
        if a in ('--tries', '--seed'):
            value = int(arguments.pop(0))
            tries, seed = (value, seed) if a == '--tries' else (tries, value)
        elif '=' in a:
            name, _, span = a.partition('=')
            low, _, high = span.partition('..')
            ranges[name] = number(low), number(high)
        elif a.startswith('-') or model:
            sys.exit(__doc__)
        else:
            model = a
    if not model or not ranges:
        sys.exit(__doc__)
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as tmp:
        data = os.path.join(tmp, 'data')
        shutil.copytree(os.path.join(TOP, 'data'), data)
        path = os.path.join(data, 'workloads', model + '.yaml')
        if not os.path.exists(path):
            sys.exit(f'fit: there is no model {model} in data/workloads')
        original = open(path).read()
        names, rows = only_about(model, os.path.join(data, 'experiments'))
        if not names:
            sys.exit(f'fit: no figure of the baseline is about {model}')
        best = math.inf
        for n in range(tries):
            values = {}
            for name, ((low, unit), (high, _)) in ranges.items() if n else ():
                x = math.exp(dice.uniform(math.log(low), math.log(high)))
                values[name] = f'{x / UNITS[unit]:.3g}{unit}' if unit else str(max(1, round(x)))
            open(path, 'w').write(with_values(original, values))
            got = figures(data, names, rows)
            error = sum(abs(math.log(max(v['ratio'], 1e-6))) for _, v in got) / len(got)
            if error < best:
                best = error
                print(f'try {n}: mean factor {math.exp(error):.3f}  {values or "as it is"}', flush=True)
                for name, v in got:
                    print(f"    {name}, {v['column']}: {v['paper']:g} {v['rota']:.4g} {v['ratio']:.3f}", flush=True)


main(sys.argv[1:])
