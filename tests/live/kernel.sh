#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel.sh - the kernels (and the BPF tools) of the live test bed, made once and kept
#
# Debian 12's own kernel has sched_ext switched off and its libbpf and bpftool know neither arenas nor
# struct_ops links. Both come from one package that it does carry, linux-source-6.12. This script fetches that
# package with the machine's own apt, builds from it what the test bed and the loader of rota need, and keeps
# the result in a cache outside the tree:
#
#	$CACHE/kernel-6.12/	bzImage vmlinux (no DWARF, BTF inside) btf System.map config release
#	$CACHE/kernel-7.2/	the same of Debian's ready cloud kernel, and modules/ with initrd.gz for booting it
#	$CACHE/tools/		include/bpf lib/libbpf.a lib/pkgconfig bin/bpftool (libbpf 1.5, bpftool 7.5)
#	$CACHE/scx/		scx_simple, the kernel's example scheduler (6.12): the yardstick of the overhead tests
#
# CACHE is $ROTA_CACHE, or rota under the user's cache directory. Nothing is installed and nothing needs root.
# Each part is built in a scratch directory and renamed into place when it is whole, under a lock; so an
# interrupted run leaves nothing half-made and the next one goes on (make takes up where it stopped).
#
# usage: kernel.sh [6.12 | 7.2 | tools | scx | all]...     progress on stderr, the part's directory on stdout
#	 ROTA_LINUX_SRC=DIR   use this 6.12 source tree instead of Debian's package
#	 ROTA_JOBS=N          make -jN (default: number of CPUs)
# exit:  0 done (or there already), 1 failed, 2 usage, 77 can't be had here (reason in one line on stderr)

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${ROTA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rota}
jobs=${ROTA_JOBS:-$(nproc)}
fragment=$here/kernel-6.12.config
log=$cache/kernel.log

say() { printf '%s kernel.sh: %s\n' "$(date +%H:%M:%S)" "$*" >&2; }
die() { printf 'kernel.sh: %s\n' "$*" >&2; exit 1; }
cannot() { printf 'kernel.sh: %s\n' "$*" >&2; exit 77; }

# need PROGRAM... - 77 with the names of all that are missing
need()
{
	local p missing=

	for p in "$@"; do
		command -v "$p" >/dev/null || missing="$missing $p"
	done
	[ -z "$missing" ] || cannot "needs$missing; install them (apt-get install flex bison bc pahole libelf-dev zlib1g-dev cpio xz-utils)"
}

# quiet WHAT COMMAND... - runs the command with its output in the log; shows the log's tail if it fails
quiet()
{
	local what=$1

	shift
	say "$what"
	if ! nice -n 10 "$@" >>"$log" 2>&1; then
		tail -n 25 "$log" >&2
		die "$what: failed; the whole output is in $log"
	fi
}

# stamp FILE... - what a part was made from, to see that it is out of date
stamp() { cat "$@" | sha256sum | cut -c1-16; }

# ready PART - prints its directory if it is there and made from what it would be made from now
ready()
{
	local final=$cache/$1 want

	case $1 in
	6.12) final=$cache/kernel-6.12 want=$(stamp "$fragment") ;;
	7.2) final=$cache/kernel-7.2 want=$(initrd_init | stamp -) ;;
	tools) want=1 ;;
	scx)
		[ -x "$final/scx_simple" ] && echo "$final"
		return
		;;
	esac
	[ -f "$final/stamp" ] && [ "$(cat "$final/stamp")" = "$want" ] && echo "$final"
}

# put NEW FINAL - the whole new directory takes the place of the old one
put()
{
	rm -rf "$2.old"
	if [ -e "$2" ]; then
		mv "$2" "$2.old"
	fi
	mv "$1" "$2"
	rm -rf "$2.old"
}

# debian_source - the 6.12 source tree, unpacked in $cache/src-6.12; prints its path
debian_source()
{
	local deb

	if [ -n "${ROTA_LINUX_SRC:-}" ]; then
		[ -f "$ROTA_LINUX_SRC/Kbuild" ] || die "ROTA_LINUX_SRC=$ROTA_LINUX_SRC: no kernel source there"
		echo "$ROTA_LINUX_SRC"
		return
	fi
	if [ ! -f "$cache/src-6.12/Kbuild" ]; then
		need apt-get dpkg-deb xz tar
		deb=$(ls -t "$cache"/linux-source-6.12_*.deb 2>/dev/null | head -n 1 || true)
		if [ -z "$deb" ] || ! dpkg-deb --info "$deb" >/dev/null 2>&1; then
			rm -f "$cache"/linux-source-6.12_*.deb
			say "fetching linux-source-6.12 (150 MB) from the machine's Debian mirror"
			(cd "$cache" && apt-get download linux-source-6.12) >>"$log" 2>&1 ||
				cannot "the package linux-source-6.12 can't be fetched (apt-get update first? or set ROTA_LINUX_SRC)"
			deb=$(ls -t "$cache"/linux-source-6.12_*.deb | head -n 1)
		fi
		rm -rf "$cache/src.tmp"
		mkdir "$cache/src.tmp"
		quiet "unpacking $(basename "$deb")" sh -c '
			dpkg-deb --fsys-tarfile "$1" | tar -x -O --wildcards "./usr/src/linux-source-6.12.tar.xz" |
				xz -dc -T0 | tar -x -C "$2" --strip-components=1' sh "$deb" "$cache/src.tmp"
		mv "$cache/src.tmp" "$cache/src-6.12"
	fi
	echo "$cache/src-6.12"
}

# check_config CONFIG - every line of the fragment must have survived olddefconfig
check_config()
{
	local line bad=

	while read -r line; do
		case $line in
		CONFIG_*) grep -qxF "$line" "$1" || bad="$bad ${line%%=*}" ;;
		esac
	done <"$fragment"
	[ -z "$bad" ] || die "the kernel's configuration lost$bad; mend $fragment"
}

build_612()
{
	local final=$cache/kernel-6.12 obj=$cache/obj-6.12 new=$cache/kernel-6.12.new src want

	ready 6.12 && return
	want=$(stamp "$fragment")
	need gcc ld make flex bison bc pahole cpio gzip perl objcopy
	src=$(debian_source)
	mkdir -p "$obj"
	quiet "configuring 6.12" make -C "$src" O="$obj" tinyconfig
	cat "$fragment" >>"$obj/.config"
	quiet "resolving the configuration" make -C "$src" O="$obj" olddefconfig
	check_config "$obj/.config"
	say "building 6.12: 7-14 minutes on 2 CPUs (make -j$jobs; output in $log)"
	quiet "make bzImage" make -C "$src" O="$obj" -j"$jobs" KBUILD_BUILD_USER=rota KBUILD_BUILD_HOST=rota bzImage
	rm -rf "$new"
	mkdir "$new"
	cp "$obj/arch/x86/boot/bzImage" "$obj/System.map" "$new/"
	cp "$obj/.config" "$new/config"
	objcopy -g "$obj/vmlinux" "$new/vmlinux"
	objcopy -O binary --only-section=.BTF --set-section-flags .BTF=alloc "$obj/vmlinux" "$new/btf"
	make -s -C "$src" O="$obj" kernelrelease >"$new/release" 2>>"$log"
	echo "$want" >"$new/stamp"
	put "$new" "$final"
	say "6.12 is ready: $final"
	echo "$final"
}

# The kernel's own small scheduler, the yardstick of the overhead figures.
build_scx()
{
	local final=$cache/scx new=$cache/scx.new tools=$cache/tools clang=${CLANG:-clang-19} src ex

	ready scx && return
	need "$clang" gcc
	build_612 >/dev/null
	build_tools >/dev/null
	src=$(debian_source)
	ex=$src/tools/sched_ext
	rm -rf "$new"
	mkdir -p "$new/include"
	"$tools/bin/bpftool" btf dump file "$cache/kernel-6.12/vmlinux" format c >"$new/include/vmlinux.h"
	quiet "compiling scx_simple's BPF side" "$clang" -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -Wno-everything \
		-I"$ex/include" -I"$ex/include/bpf-compat" -I"$new/include" -I"$tools/include" \
		-I"$src/tools/include/uapi" -I"$src/tools/include" -c "$ex/scx_simple.bpf.c" -o "$new/scx_simple.bpf.o"
	"$tools/bin/bpftool" gen object "$new/scx_simple.o" "$new/scx_simple.bpf.o"
	"$tools/bin/bpftool" gen skeleton "$new/scx_simple.o" name scx_simple >"$new/include/scx_simple.bpf.skel.h"
	quiet "compiling scx_simple" gcc -g -O2 -DHAS_RESERVED -I"$ex/include" -I"$new/include" -I"$tools/include" \
		-I"$src/tools/include/uapi" -I"$src/tools/include/generated" -I"$src/tools/lib" -I"$src/tools/include" \
		"$ex/scx_simple.c" "$tools/lib/libbpf.a" -lelf -lz -lpthread -o "$new/scx_simple"
	put "$new" "$final"
	echo "$final"
}

build_tools()
{
	local final=$cache/tools obj=$cache/obj-tools new=$cache/tools.new src

	ready tools && return
	need gcc make
	src=$(debian_source)
	rm -rf "$new"
	mkdir -p "$obj/libbpf" "$obj/bpftool" "$new/bin"
	quiet "building libbpf 1.5" make -C "$src/tools/lib/bpf" OUTPUT="$obj/libbpf/" prefix= libdir=/lib DESTDIR="$new" \
		-j"$jobs" install install_headers
	# The kernel interface that goes with it: the distribution's own linux/bpf.h may know no arena.
	mkdir -p "$new/include/linux"
	cp "$src"/tools/include/uapi/linux/{bpf,bpf_common,btf}.h "$new/include/linux/"
	# The pkg-config file must point at where the directory ends up, and at a static library's own needs.
	mkdir -p "$new/lib/pkgconfig"
	cat >"$new/lib/pkgconfig/libbpf.pc" <<PC
prefix=$final
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: libbpf
Description: BPF library (static, from linux-source-6.12)
Version: 1.5.0
Libs: \${libdir}/libbpf.a -lelf -lz
Cflags: -I\${includedir}
PC
	rm -f "$new"/lib/libbpf.so*
	quiet "building bpftool 7.5" make -C "$src/tools/bpf/bpftool" OUTPUT="$obj/bpftool/" -j"$jobs" feature-llvm=0
	cp "$obj/bpftool/bpftool" "$new/bin/"
	echo 1 >"$new/stamp"
	put "$new" "$final"
	say "libbpf and bpftool are ready: $final"
	echo "$final"
}

# apt_of SUITE... - a private apt (own lists, own state) that knows just these suites, on the mirror that the
# machine's apt uses for Debian already; leaves its options in the array APT
apt_of()
{
	local site dir=$cache/apt signed= suite

	need apt-get apt-cache dpkg-deb
	site=$(apt-get indextargets --format '$(SITE) $(RELEASE) $(ORIGIN)' 'Created-By: Packages' 2>>"$log" |
		awk '$3 == "Debian" && $2 !~ /security/ { print $1; exit }')
	[ -n "$site" ] || cannot "apt knows no Debian mirror (apt-get update first?)"
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/etc"
	: >"$dir/status"
	if [ -f /usr/share/keyrings/debian-archive-keyring.gpg ]; then
		signed='[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
	fi
	: >"$dir/etc/sources.list"
	for suite in "$@"; do
		echo "deb $signed $site $suite main" >>"$dir/etc/sources.list"
	done
	APT=(-o "Dir::Etc::SourceList=$dir/etc/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State=$dir"
		-o "Dir::State::Lists=$dir/lists" -o "Dir::State::status=$dir/status" -o "Dir::Cache=$dir/cache"
		-o Acquire::Languages=none -o APT::Sandbox::User=root -o APT::Architecture=amd64)
	apt-get "${APT[@]}" update >>"$log" 2>&1 || cannot "the lists of $* can't be fetched from the machine's mirror"
}

# The start of a kernel whose drivers are modules: load them in order, mount the 9p root, go on there.
initrd_init()
{
	cat <<'INIT'
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for m in $(/bin/busybox cat /modules/order); do
	/bin/busybox insmod /modules/$m || echo "initrd: module $m does not load"
done
init=/bin/sh
for a in $(/bin/busybox cat /proc/cmdline); do
	case $a in rota.init=*) init=${a#rota.init=} ;; esac
done
/bin/busybox mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=1048576,cache=loose hostroot /root || {
	echo "initrd: no root over 9p"
	/bin/busybox poweroff -f
}
/bin/busybox mount --move /dev /root/dev
/bin/busybox umount /proc
exec /bin/busybox switch_root /root $init
INIT
}

build_72()
{
	local final=$cache/kernel-7.2 new=$cache/kernel-7.2.new dl=$cache/deb-7.2 suite name mods busybox m file rel APT want

	ready 7.2 && return
	want=$(initrd_init | stamp -)
	need cpio gzip xz depmod modprobe busybox
	busybox=$(command -v busybox)
	if "$(command -v ldd)" "$busybox" >/dev/null 2>&1; then
		cannot "needs a static busybox for the initramfs (apt-get install busybox-static)"
	fi
	mkdir -p "$dl"
	if ! ls "$dl"/linux-modules-7.2.*.deb >/dev/null 2>&1; then
		say "fetching Debian's 7.2 kernel (125 MB)"
		# forky first: in the 7.2 of trixie-backports the BTF lacks the prototypes (scx_bpf_kick_cpu_impl and more)
		# that the verifier wants, so no scheduler that kicks a CPU can be loaded there.
		# The general flavour: the cloud one has no 9p at all.
		for suite in forky trixie-backports; do
			apt_of "$suite"
			name=$(apt-cache "${APT[@]}" search --names-only '^linux-modules-7\.2\.[0-9]+\+deb[0-9]+-amd64$' |
				sed 's/^linux-modules-//; s/ .*//' | sort -V | tail -n 1)
			[ -z "$name" ] || break
		done
		[ -n "$name" ] || cannot "neither trixie-backports nor forky has a 7.2 kernel (any more)"
		(cd "$dl" && apt-get "${APT[@]}" download "linux-binary-$name" "linux-base-$name" "linux-modules-$name") >>"$log" 2>&1 ||
			cannot "the packages of $name can't be fetched"
		rm -rf "$cache/apt"
	fi
	rm -rf "$new" "$dl/x"
	mkdir -p "$new/initrd/bin" "$new/initrd/modules" "$dl/x"
	for file in "$dl"/*.deb; do
		quiet "unpacking $(basename "$file")" dpkg-deb -x "$file" "$dl/x"
	done
	rel=$(cd "$dl/x/usr/lib/modules" && echo *)
	mods=$dl/x/usr/lib/modules/$rel
	depmod -b "$dl/x/usr" "$rel" 2>>"$log" || depmod -b "$dl/x" -m /usr/lib/modules "$rel" >>"$log" 2>&1 || true
	[ -s "$mods/modules.dep" ] || die "depmod made no list of modules for $rel"
	for m in virtio_pci virtio_console 9pnet_virtio 9p kvm-amd overlay; do
		# The file, and before it what it needs; a module that is built in has no file and is passed over.
		file=$(grep -E "(^|/)$m\.ko[^:/]*:" "$mods/modules.dep" || true)
		[ -n "$file" ] || continue
		echo "$file" | tr ':' ' ' | tr ' ' '\n' | grep . | tac
	done | awk '!seen[$0]++' >"$new/modules.list"
	while read -r file; do
		m=$(basename "${file%.xz}")
		case $file in
		*.xz) xz -dc "$mods/$file" >"$new/initrd/modules/$m" ;;
		*) cp "$mods/$file" "$new/initrd/modules/$m" ;;
		esac
		echo "$m" >>"$new/initrd/modules/order"
	done <"$new/modules.list"
	cp "$busybox" "$new/initrd/bin/busybox"
	initrd_init >"$new/initrd/init"
	chmod +x "$new/initrd/init"
	(cd "$new/initrd" && find . | cpio -o -H newc --quiet -R 0:0 | gzip -1) >"$new/initrd.gz"
	cp "$mods/vmlinuz" "$new/bzImage"
	cp "$mods/config" "$mods/System.map" "$new/" 2>/dev/null || true
	rm -rf "$new/initrd" "$dl/x"
	echo "$rel" >"$new/release"
	echo "$want" >"$new/stamp"
	put "$new" "$final"
	say "7.2 is ready: $final"
	echo "$final"
}

# --- command line ---

[ $# -gt 0 ] || set -- 6.12
for part in "$@"; do
	case $part in
	6.12 | 7.2 | tools | scx | all) ;;
	*)
		echo "usage: kernel.sh [6.12 | 7.2 | tools | scx | all]..." >&2
		exit 2
		;;
	esac
done
[ "$(uname -m)" = x86_64 ] || cannot "the test kernels are built for x86_64 only"
mkdir -p "$cache"
# What is there is there: nobody waits for another's kernel because he wants the tools.
missing=
for part in "$@"; do
	ready "$part" >/dev/null || missing=1
done
if [ -z "$missing" ]; then
	for part in "$@"; do
		ready "$part"
	done
	exit 0
fi
exec 9>"$cache/lock"
if ! flock -n 9; then
	say "another kernel.sh is at work in $cache; waiting for it"
	flock 9
fi
for part in "$@"; do
	case $part in
	6.12) build_612 ;;
	7.2) build_72 ;;
	tools) build_tools ;;
	scx) build_scx ;;
	all)
		build_612
		build_tools
		# The second kernel is a bonus: why it can't be had is said, and stops nothing.
		(build_72) || true
		;;
	esac
done
