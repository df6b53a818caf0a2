#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Description: what tells a test machine that hangs from one that works: QEMU's monitor is a stand-in that answers with what
# was seen in a machine whose CPUs waited for one run queue's lock, which one of them had when an interrupt came.

setup()
{
	cd "$BATS_TEST_DIRNAME/../.." || return
	socket=$BATS_TEST_TMPDIR/monitor
	printf '%s\n' 'ffffffff81114920 t mm_cid_get' 'ffffffff816d5cd0 T __schedule' 'ffffffff816dda10 T native_queued_spin_lock_slowpath' \
		'ffffffff81801330 T asm_sysvec_apic_timer_interrupt' 'ffffffff81900000 T _etext' >"$BATS_TEST_TMPDIR/System.map"
	cat >"$BATS_TEST_TMPDIR/qemu.py" <<-'END'
		import json, socket, sys
		path, moves, flags = sys.argv[1], sys.argv[2] == "moves", int(sys.argv[3], 16)
		s = socket.socket(socket.AF_UNIX)
		s.bind(path)
		s.listen(1)
		f = s.accept()[0].makefile("rw")
		say = lambda o: (f.write(json.dumps(o) + "\n"), f.flush())
		say({"QMP": {}})
		# An interrupt's stack, which leads to the task's: the return address of its entry, 17 words, CS, flags.
		task = [0xffffffff8180134a] + [1] * 16 + [0xffffffff81114a3f, 0x10, flags, 0, 0xffffffff816d625c]
		looks = 0
		for line in f:
		    c = json.loads(line)
		    text = c.get("arguments", {}).get("command-line", "")
		    cpu = c.get("arguments", {}).get("cpu-index", 0)
		    looks += 1
		    if c["execute"] == "quit":
		        print("quit", flush=True)
		        break
		    if text == "info registers":
		        at = 0xffffffff816dda94 - (looks % 7 if moves else 0)
		        say({"return": f"RAX=0 RSP={0xffffc90000003ff8 + cpu * 0x4000:016x}\nRIP={at:016x} RFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0\nCR0=80050033"})
		    elif text.startswith("x /"):
		        at = int(text.split()[2], 16)
		        words = [0xffffc9000088fb40] if at % 0x4000 == 0x3ff8 else task
		        say({"return": "".join(f"{at + 8 * i:016x}: {w:#018x}\n" for i, w in enumerate(words))})
		    else:
		        say({"return": {}} if c["execute"] != "human-monitor-command" else {"return": "IRR\t 236"})
	END
}

# watched MOVES FLAGS SECONDS - the monitor's words are in $output, what the machine was told in $told
watched()
{
	rm -f "$socket"
	python3 "$BATS_TEST_TMPDIR/qemu.py" "$socket" "$1" "$2" >"$BATS_TEST_TMPDIR/told" 3>&- &
	run python3 tests/live/monitor.py "$socket" 2 "$3" "$BATS_TEST_TMPDIR/System.map" 0.05
	kill $! 2>/dev/null || true
	echo "$output"
	told=$(cat "$BATS_TEST_TMPDIR/told")
}

@test "CPUs that hang since an interrupt came while they were off: told, and ended" {
	watched stands 0x46 60
	[ "$status" = 0 ]
	[[ $output == *"CPU 0 in native_queued_spin_lock_slowpath+0x84; on its stack:"*"asm_sysvec_apic_timer_interrupt+0x1a, mm_cid_get+0x11f, __schedule+0x58c"* ]]
	[[ $output == *"CPU 0 took an interrupt while they were off: asm_sysvec_apic_timer_interrupt in mm_cid_get+0x11f, saved flags 0x46"* ]]
	[[ $output == *"all CPUs stand still with interrupts off"* ]]
	[ "$told" = quit ]
}

@test "CPUs that hang otherwise: no such word" {
	watched stands 0x246 60
	[[ $output == *"all CPUs stand still with interrupts off"* ]]
	[[ $output != *"took an interrupt"* ]]
	[ "$told" = quit ]
}

@test "CPUs that get on are left alone; in the end it is told where they are" {
	watched moves 0x46 6
	[[ $output == *"x CPU 1: RIP=ffffffff816dda"* ]]
	[[ $output != *"stand still"* ]]
	[ -z "$told" ]
}
