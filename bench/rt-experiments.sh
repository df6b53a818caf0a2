#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rt-experiments.sh: run the experiments of the real-time papers and write what they show to docs/rt-experiments.md and
# docs/img. Some ten minutes on two CPUs; the same bytes on any machine. ROTA is the program, JOBS how many processes.
set -eu
cd "$(dirname "$0")/.."
rota=${ROTA:-build/rota}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cat >"$tmp/all.md" <<'END'
# The experiments of the RT-Xen papers, in the simulator

Written by `bench/rt-experiments.sh`, which runs each of

```sh
rota sim sweep emsoft11 --report emsoft11.html
rota sim sweep rtas12 --report rtas12.html
rota sim sweep emsoft14 --report emsoft14.html
```

The specifications are in `scenarios/papers`; every table below is means over random task sets, the same sets for
everything that is compared. What the papers say is looked for in these tables, one claim after the other, and answered
with *holds* (in every combination of the parameters), *holds in the mean* or *does not hold*. The papers' numbers are
not repeated here: the shapes are compared, on a host without their overheads.

Three things to know when reading:

* A guest doesn't know which of its vCPUs have a pCPU. Under global EDF in a guest a job that was begun on a vCPU waits
  with it when that loses its pCPU, though another vCPU of the VM idles. The analysis of multiprocessor supply (MPR)
  counts on work being done wherever there is supply, so its guarantee is not a proof for such guests; whether it was
  ever wrong here is among the findings.
* Servers are rota's: debt is carried, refills of sporadic servers are those of the corrected rule, and an equal priority
  doesn't take the pCPU from who runs.
* Theory is `rota analyze`'s: exact tests where there are any, sufficient ones for global scheduling.

END
for name in emsoft11 rtas12 emsoft14; do
	"$rota" sim sweep "$name" ${JOBS:+-j "$JOBS"} --markdown "$tmp/$name.md" --svg "$tmp/$name.svg"
	echo
	sed "s,]($name.svg),](img/$name.svg)," "$tmp/$name.md" >>"$tmp/all.md"
done
mv "$tmp/"*.svg docs/img/
# no empty line at the end
sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' "$tmp/all.md" >docs/rt-experiments.md
