# SPDX-License-Identifier: GPL-2.0-or-later
# Description: are the measuring tools right? Under the kernel's own scheduler two hogs on one CPU get half each, by the
# host's count and by the guests' own, and together all of it.
. "${0%/*}/../lib.sh"

start_rm a 0 -mode hog
start_rm b 0 -mode hog
rm_restart a b
shares 4 a b
within "host's count: percent of a" "$(percent_of a b)" 50 3
within "host's count: both together take the CPU, share" \
	"$(awk -v a="${SHARE[a]}" -v b="${SHARE[b]}" 'BEGIN { print a + b }')" 1 0.05
la=$(field loops "$(rm_report a)")
lb=$(field loops "$(rm_report b)")
within "guests' count: percent of a" "$(awk -v a="$la" -v b="$lb" 'BEGIN { printf "%.2f", 100 * a / (a + b) }')" 50 5
