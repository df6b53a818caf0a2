# SPDX-License-Identifier: GPL-2.0-or-later
# Description: the core's lookup of guest symbols passes the verifier, and says of every address what the native one says.
. "${0%/*}/../lib.sh"

lookup=$ROTA_BUILD/live/symbols-lookup
# The oldest and the newest; each takes the emulator some seconds.
for map in "$ROTA_TREE"/tests/data/symbols/System.map-{5.10,7.2}*; do
	name="symbols of ${map##*/System.map-}, natively and in BPF"
	if [ -x "$lookup" ]; then
		check "$name" "$lookup" "$ROTA_BUILD/live/symbols.bpf.o" "$map" "$ROTA_TREE/data/symbols.rules"
	else
		skip "$name" "built without libbpf"
	fi
done
