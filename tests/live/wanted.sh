# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# wanted.sh - which of the tests t/*.sh run in which machine; run.sh asks before it boots one, inside.sh in it

# wanted TEST NODES [WORD...] - does TEST (a path) run in a machine of NODES NUMA nodes, when only tests with one of the words
# in their name are asked for? Those with "numa" in their name are for a machine of two nodes, all others for one of one.
wanted()
{
	local name=${1##*/} nodes=1 w

	name=${name%.sh}
	case $name in *numa*) nodes=2 ;; esac
	[ "$nodes" = "$2" ] || return 1
	shift 2
	[ $# -gt 0 ] || return 0
	for w in "$@"; do
		case $name in *"$w"*) return 0 ;; esac
	done
	return 1
}

# any_wanted NODES [WORD...] - is there any such test?
any_wanted()
{
	local t

	for t in "$(dirname "${BASH_SOURCE[0]}")"/t/*.sh; do
		wanted "$t" "$@" && return 0
	done
	return 1
}
