#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# rt-experiments.sh [NAME...]: run the experiments of the real-time papers and write what they show to docs/rt-NAME.md,
# with the charts in docs/img; docs/rt-experiments.md says what to know when reading them. Minutes on two CPUs; the same
# bytes on any machine. ROTA is the program, JOBS how many processes.
set -eu
cd "$(dirname "$0")/.."
rota=${ROTA:-build/rota}
[ $# -gt 0 ] || set -- emsoft11 rtas12 emsoft14

for name; do
	echo "== $name"
	"$rota" sim paper "$name" ${JOBS:+-j "$JOBS"} --markdown "docs/rt-$name.md" --svg "docs/img/rt-$name.svg"
	sed -i -e "s,](rt-$name.svg),](img/rt-$name.svg)," -e 's/^## /# /' -e '${/^$/d}' "docs/rt-$name.md"
done
