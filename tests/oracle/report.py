# SPDX-License-Identifier: GPL-2.0-or-later
"""How the comparisons with the oracle report: as tests (TAP, each case) or as figures (`--accept`, one line for each)."""
import sys


class Report:
    """Collects cases. A figure is what a group of cases shows: its line names the worst of them."""

    def __init__(self):
        self.accept = '--accept' in sys.argv[1:]
        self.quiet = self.accept or '--write' in sys.argv[1:]
        self.count = 0
        self.groups = {}

    def case(self, group, name, ok, badness=0.0, why=''):
        """One case of a group; @badness orders them, the largest is named in the group's figure."""
        self.count += 1
        g = self.groups.setdefault(group, {'cases': 0, 'failed': 0, 'worst': None})
        g['cases'] += 1
        g['failed'] += not ok
        key = (not ok, badness)
        if g['worst'] is None or key > g['worst'][0]:
            g['worst'] = (key, name)
        if not self.quiet:
            print('%s %d - %s' % ('ok' if ok else 'not ok', self.count, name))
            for line in why.splitlines():
                print('# ' + line)

    def figure(self, group, what, target):
        """In accept mode: `what | target | measured | met` of a group."""
        if not self.accept:
            return
        g = self.groups.get(group, {'cases': 0, 'failed': 0, 'worst': (None, 'nothing was measured')})
        met = g['cases'] and not g['failed']
        print('%s | %s | %d of %d; worst: %s | %s' % (what, target, g['cases'] - g['failed'], g['cases'], g['worst'][1],
                                                      'met' if met else 'NOT MET'))

    def end(self):
        if not self.quiet:
            print('1..%d' % self.count)
