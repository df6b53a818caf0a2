# SPDX-License-Identifier: GPL-2.0-or-later
"""What `rota analyze` costs: bench/analysis on 1,000 random VMs, as figures of issue 5.

One line for each way: milliseconds per VM, and the same with all times a thousand times longer, which must take no longer
(a ratio of two measurements of one run, on a machine that others use: up to 1.5 is the same).
"""
import os
import re
import subprocess

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
BENCH = os.environ.get('BENCH', os.path.join(TOP, 'build', 'gcc-release', 'bench'))
MOST_MS = 10 # of the mean, whatever the guest and the model

for line in subprocess.run([os.path.join(BENCH, 'analysis')], check=True, capture_output=True, text=True).stdout.splitlines():
    m = re.match(r'(.*\S)\s+([0-9.]+)\s+([0-9.]+)\s+([0-9]+)\s+([0-9]+)\s+([0-9.]+)$', line)
    if not m:
        continue
    mean, worst, scaled = float(m[2]), float(m[3]), float(m[6])
    print('analysis, %s | at most %d ms a VM | %.3f ms (worst %.1f) | %s' % (
        m[1], MOST_MS, mean, worst, 'met' if mean <= MOST_MS else 'NOT MET'))
    print('analysis, %s, times x 1000 | at most 1.5 times as long | %.2f times | %s' % (
        m[1], scaled / mean, 'met' if scaled <= 1.5 * mean else 'NOT MET'))
