#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Description: `rota symbols`: classes of a guest kernel's functions, where an instruction pointer lies, and refusals.

bats_require_minimum_version 1.5.0

setup() {
	top=${ROTA_TOP:-$PWD}
	rota=${ROTA:-$top/build/rota}
	maps=$top/tests/data/symbols
	map=$maps/System.map-6.1.0-56-cloud-amd64
	export ROTA_SYMBOL_RULES=$top/data/symbols.rules
	cd "$BATS_TEST_TMPDIR"
}

refused() { # refused STATUS WORDS COMMAND...: fails with that code, nothing on stdout, one line that holds WORDS
	local want=$1 words=$2
	shift 2
	run --separate-stderr "$@"
	[ "$status" = "$want" ] && [ -z "$output" ] && [[ $stderr == "rota: "*"$words"* ]] && [ "${#stderr_lines[@]}" = 1 ]
}

@test "the shipped rules fit each of the kernels in the tree, with nothing missing or ambiguous" {
	for f in "$maps"/System.map-*; do
		run --separate-stderr "$rota" symbols classify --strict "$f"
		[ "$status" = 0 ]
		[ -z "$stderr" ]
		[[ $output != *"and should have"* ]]
		[[ $output != *ambiguous* ]]
		[[ $output =~ [0-9]+" rules" ]]
	done
}

@test "the table in docs/symbols.md is what the command prints" {
	"$rota" symbols classify --table "$maps"/System.map-* >now
	sed -n '/^| | 5\.10/,/^| ambiguous/p' "$top/docs/symbols.md" | diff - now
}

@test "the classes in docs/symbols.md are the core's" {
	"$rota" symbols show | awk 'NR > 1 && $1 != "none" { print $1 }' | sort >now
	sed -n 's/^| `\([a-z-]*\)` |.*/\1/p' "$top/docs/symbols.md" | sort | diff - now
}

@test "lookup: name, class, the slide from MSR_LSTAR" {
	address=$("$rota" symbols show "$map" native_queued_spin_lock_slowpath | awk 'NR == 2 { print $1 }')
	run -0 "$rota" symbols lookup "$map" "$address"
	[[ $output == "$address  spin "*" waits "*" native_queued_spin_lock_slowpath+0x0" ]]

	lstar=$("$rota" symbols classify "$map" | sed -n 's/.*MSR_LSTAR //p')
	slid() { printf '%x' $((0x$1 + 0x1c600000)); }
	run -0 "$rota" symbols lookup "$map" "0x$(slid "$address")" --lstar "$(slid "$lstar")"
	[[ $output == *"spin "*" native_queued_spin_lock_slowpath+0x0" ]]
	run -0 "$rota" symbols lookup "$map" "$(slid "$address")" --slide 1c600000
	[[ $output == *"spin "*" native_queued_spin_lock_slowpath+0x0" ]]

	run -0 "$rota" symbols lookup "$map" - <<<"$address
401000"
	[ "${#lines[@]}" = 2 ]
	[[ ${lines[1]} == "0000000000401000  none "*"(user mode)" ]]
}

@test "lookup: refusals" {
	refused 2 "needs a FILE and an ADDRESS" "$rota" symbols lookup "$map"
	refused 2 "ADDRESS xyz" "$rota" symbols lookup "$map" xyz
	refused 2 "2 MiB" "$rota" symbols lookup "$map" ffffffff81000000 --slide 1000
	refused 1 "is not this kernel's system call entry" "$rota" symbols lookup "$map" ffffffff81000000 --lstar ffffffff81c00000
	refused 2 "not both" "$rota" symbols lookup "$map" 0 --slide 0 --lstar 0
	refused 1 "-:1: ADDRESS:" "$rota" symbols lookup "$map" - <<<"nonsense"
	grep -v entry_SYSCALL_64 "$map" >no-entry
	refused 1 "use --slide" "$rota" symbols lookup no-entry ffffffff81000000 --lstar ffffffff81c00080
}

@test "show: by name, by class, and when there is nothing" {
	run -0 "$rota" symbols show "$map" --class tlb-send
	[ "$(awk 'NR > 1 { print $3 }' <<<"$output" | sort -u)" = tlb-send ]
	grep -q ' flush_tlb_mm_range$' <<<"$output"
	run -0 "$rota" symbols show "$map" 'flush_tlb_*'
	grep -q 'tlb-receive .* flush_tlb_func$' <<<"$output"
	refused 1 "no such function" "$rota" symbols show "$map" no_such_function
	refused 2 "is no class" "$rota" symbols show "$map" --class no-such
}

@test "rules of one's own: added ones decide, others replace" {
	echo 'halt _raw_spin_lock' >mine
	run -0 "$rota" symbols show "$map" _raw_spin_lock --add mine
	[[ ${lines[1]} == *" halt "* ]]
	run -0 "$rota" symbols classify "$map" --rules mine
	[[ $output == *" 1 classified"* ]]
	echo 'spin _raw_spin_lock 7.0-' >mine
	run -1 --separate-stderr "$rota" symbols classify "$map" --rules mine --strict
	[[ $output == *"1 matched outside their kernels"* ]]
	[[ $stderr == "rota: "*"1 rules don't fit"* ]]
	run -0 "$rota" symbols classify "$map" --rules mine --strict --kernel 7.1
	echo 'spin no_such_function' >mine
	run -1 --separate-stderr "$rota" symbols classify "$map" --rules mine --strict
	[[ $output == *"line 1: spin no_such_function"* ]]
	echo 'spinn x' >mine
	refused 1 "mine:1: CLASS:" "$rota" symbols classify "$map" --rules mine
}

@test "a reduced map gives the same table, and is left alone when writing fails" {
	run -0 "$rota" symbols classify "$map" -o System.map-6.1
	cmp "$map" System.map-6.1
	refused 1 "no/such" "$rota" symbols classify "$map" -o no/such/dir
	refused 2 "takes one FILE" "$rota" symbols classify "$map" "$map" -o x
	[ ! -e x ]
}

@test "what is no symbol table is named for what it is" {
	refused 1 "can't read" "$rota" symbols show no-such-file
	refused 1 "can't read: Is a directory" "$rota" symbols show .
	refused 1 "is empty" "$rota" symbols show /dev/null
	echo 'ffffffffffffffff B The real System.map is in the linux-image-6.1.0-56-amd64-dbg package' >stub
	refused 1 "linux-image-VERSION-dbg" "$rota" symbols show stub
	gzip -c "$map" >map.gz
	refused 1 "gunzip" "$rota" symbols show map.gz
	head -c 1000 "$map" >cut
	refused 1 "cut off" "$rota" symbols show cut
	sed 's/^f*[0-9a-f]*/0000000000000000/' "$map" >hidden
	refused 1 "kptr_restrict" "$rota" symbols show hidden
	refused 2 "there is no 'find'" "$rota" symbols find
	refused 2 "needs a FILE" "$rota" symbols classify
}

@test "vmlinux: an ELF file gives what its System.map gives" {
	command -v as ld nm >/dev/null || skip "no binutils"
	cat >k.s <<-'END'
		.text
		.globl _text, _etext, _raw_spin_lock, irq_enter, linux_banner, entry_SYSCALL_64
		.type _raw_spin_lock, @function
		.type irq_enter, @function
		_text: nop
		.balign 16
		_raw_spin_lock: nop
		.balign 16
		irq_enter: nop
		.balign 16
		entry_SYSCALL_64: nop
		_etext: .byte 0
		.section .rodata
		linux_banner: .asciz "Linux version 6.12.0-test (nobody@nowhere)"
	END
	as k.s -o k.o
	ld -Ttext=0xffffffff81000000 -e _text k.o -o vmlinux
	nm vmlinux | sort >System.map-6.12
	run --separate-stderr "$rota" symbols show vmlinux '*'
	[[ $stderr != *"built without libelf"* ]] || skip "rota was built without libelf"
	[ "$status" = 0 ]
	"$rota" symbols show System.map-6.12 '*' >want
	diff want - <<<"$output"
	run -0 "$rota" symbols classify vmlinux
	[[ $output == "vmlinux: Linux 6.12, 4 functions"* ]]
	strip vmlinux
	refused 1 "stripped" "$rota" symbols show vmlinux
	refused 1 "object" "$rota" symbols show k.o
	head -c 300 vmlinux >broken
	refused 1 "broken: " "$rota" symbols show broken
}
