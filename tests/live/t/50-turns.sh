# SPDX-License-Identifier: GPL-2.0-or-later
# Description: turns on real guests. Two vCPUs of a guest share one spinlock and one pCPU, beside a hog; who waits asks KVM
# to run another (a directed yield, the way of a pause-loop exit). With the guest's symbols, whose slide is found from
# where it halts, lending and grace have turns; the lock is let go as often, the hog keeps its share; off again, nothing
# is watched any more.
. "${0%/*}/../rota.sh"

seconds=${ROTA_LIVE_SECONDS:-2}

start_host --turns lend=100us
check "guests are watched as soon as there are turns" wait_for 3 eval 'rota host status | grep -q "^guests *: watched"'
start_rm lock 0 -mode lock -vcpus 2 -period 10 -cost 5 -slide 98
start_rm hog 0 -mode hog
known lock 2
known hog
"$RM" -symbols >/tmp/System.map
check "the guest's symbols are taken" rota host symbols -d lock /tmp/System.map
check "its slide is found" wait_for 5 with_symbols
in_pairs lend 100us
at_least "slices are lent to the one that has the lock" "$TURNS" 100
at_least "the lock is let go, times without turns (median of 5)" "$TIMES" 0.8
within "the hog's share, of that without turns (median of 5)" "$KEPT" 1 0.1
check "grace instead" rota turns lend=0 grace=100us
sleep "$seconds"
at_least "slices go on until the lock is free" "$(turns graces)" 5
check "all off" rota turns grace=0
check "nothing is watched any more" wait_for 3 eval 'rota host status | grep -q "^guests *: not needed"'
note "$(rota turns)"
check "the host runs still" rota host stop
