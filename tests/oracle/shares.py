# SPDX-License-Identifier: GPL-2.0-or-later
"""CPU shares by weight and cap: rota's schedulers (credit, or the one named) against the shares that Xen's own code gave, and against the ideal.

Every row of shares.csv is a run that starts all vCPUs at 0, as the oracle's did. The rows of share_bands.csv are run at
random start times instead, because one phase says little: Xen's error there is up to 27 %.

Without its corrections rota's scheduler must be Xen's: every share of shares.csv to the last digit.
"""
import random

import oracle
import report

POINT = 0.01 # of one pCPU
BAND = 0.02
OVER_CAP = 0.01
LAST_DIGIT = 0.00005001 # the table is rounded to four
OFFSETS = 12


def oracle_rows(rep):
    for group in oracle.share_groups(oracle.rows('shares.csv')):
        worst, why, ok = 0.0, '', True
        got = oracle.shares(group)
        for row, share in zip(group, got):
            ideal, xen = float(row['ideal']), float(row['share'])
            # The table has four digits.
            good = abs(share - xen) <= POINT or abs(share - ideal) <= abs(xen - ideal) + 0.00005
            ok = ok and good
            worst = max(worst, abs(share - ideal))
            why += '' if good else 'domain %s: ideal %.4f, Xen %.4f, rota %.4f\n' % (row['dom'], ideal, xen, share)
        row = group[0]
        rep.case('shares', '%s on %s pCPUs, weights %s, caps %s: ideal %s, Xen %s, rota %s' % (
            row['test'], row['pcpus'], '/'.join(r['weight'] for r in group), '/'.join(r['cap'] for r in group),
            '/'.join(r['ideal'] for r in group), '/'.join(r['share'] for r in group), '/'.join('%.4f' % s for s in got)),
            ok, worst, why)


def without_corrections(rep):
    for group in oracle.share_groups(oracle.rows('shares.csv')):
        got = oracle.shares(group, params={'mend': 'none'})
        off = max(abs(share - float(row['share'])) for row, share in zip(group, got))
        row = group[0]
        rep.case('bare', '%s on %s pCPUs, caps %s, no corrections: Xen %s, rota %s' % (
            row['test'], row['pcpus'], '/'.join(r['cap'] for r in group), '/'.join(r['share'] for r in group),
            '/'.join('%.4f' % s for s in got)), off <= LAST_DIGIT, off)


def bands(rep):
    rng = random.Random(1)
    for group in oracle.share_groups(oracle.rows('share_bands.csv')):
        low = high = over = 0.0
        vcpus = sum(int(r['vcpus']) for r in group)
        for _ in range(OFFSETS):
            t0 = rng.randrange(90_000_000)
            starts = [t0 + rng.randrange(90_000_000) for _ in range(vcpus)]
            for row, share in zip(group, oracle.shares(group, starts)):
                error = share / float(row['ideal']) - 1
                low, high = min(low, error), max(high, error)
                if int(row['cap']):
                    over = max(over, share / (int(row['cap']) / 100) - 1)
        name = '%s on %s pCPUs' % (group[0]['test'], group[0]['pcpus'])
        xen = (min(float(r['min_err_pct']) for r in group), max(float(r['max_err_pct']) for r in group))
        rep.case('bands', '%s, %d start offsets: error %+.2f..%+.2f %% (Xen %+.1f..%+.1f %%)' % (
            name, OFFSETS, 100 * low, 100 * high, *xen), max(-low, high) <= BAND, max(-low, high))
        if any(int(r['cap']) for r in group):
            rep.case('caps', '%s, %d start offsets: at most %.2f %% over a cap' % (name, OFFSETS, 100 * over),
                     over <= OVER_CAP, over)


def main():
    rep = report.Report()
    oracle_rows(rep)
    without_corrections(rep)
    bands(rep)
    rep.figure('shares', 'shares: runs of shares.csv', 'each domain within 1 point of Xen or closer to the ideal')
    rep.figure('bare', 'shares: runs of shares.csv without corrections', "Xen's to the fourth digit")
    rep.figure('bands', 'shares: error over 12 random start offsets', '<= 2 %')
    rep.figure('caps', 'caps: over 12 random start offsets', '<= 1 % over')
    rep.end()


main()
