# SPDX-License-Identifier: GPL-2.0-or-later
#
# The targets that do something with what was built. They call make again for
# the build itself, because what is missing on the machine is installed first.

SUBMAKE = $(MAKE) --no-print-directory

run:
	@scripts/install-deps run
	+@$(SUBMAKE) all
	$(O)/rota sim run scenarios/lab-weight-cap.yaml --report $(O)/lab.html
	$(O)/rota sim run scenarios/replay-xen-credit.yaml --report $(O)/replay.html
	@echo
	@echo "The reports, to be opened in a browser:"
	@echo "  $(abspath $(O))/lab.html     weights and caps side by side"
	@echo "  $(abspath $(O))/replay.html  a recording of a real Xen host, replayed"

# T='unit cli/run' runs only the test files whose path holds one of the words.
check:
	@scripts/install-deps live
	+@$(SUBMAKE) live-deps
	+@O='$(O)' MAKE='$(MAKE)' tests/run $(T)

# How much of each source the tests run. gcov reads what the programs left beside their objects.
coverage:
	@scripts/install-deps check
	@find '$(O)/gcc-cov' -name '*.gcda' -delete 2>/dev/null || true
	+@O='$(O)' MAKE='$(MAKE)' FULL=gcc-cov ALSO= tests/run $(T) || true
	@find '$(O)/gcc-cov/src' -name '*.gcda' -exec gcov -n {} + 2>/dev/null | awk -F"[':% ]" \
		'/^File/ { file = $$3 } /^Lines/ && file ~ /^src/ { printf "%6.1f %%  %s\n", $$3, file; file = "" }' | \
		sort -k3

check-live:
	+@if [ -f tests/live/run.sh ]; then \
		scripts/install-deps live && $(SUBMAKE) live-deps && $(SUBMAKE) all && \
		ROTA=$(abspath $(O))/rota bash tests/live/run.sh; \
	else echo "check-live: this tree has no live tests"; fi

# libbpf >= 1.5, built in a cache outside the tree where the system has none: the live host needs it.
live-deps:
	@scripts/install-deps live
	@pkg-config --atleast-version=1.5 libbpf 2>/dev/null || tests/live/kernel.sh tools >/dev/null

# A shell in a test machine where rota schedules two VMs.
live-shell:
	@scripts/install-deps live
	+@$(SUBMAKE) live-deps
	+@$(SUBMAKE) all
	@ROTA=$(abspath $(O))/rota tests/live/shell.sh $(KERNEL)

accept:
	@scripts/install-deps check
	+@$(SUBMAKE) all benches
	@if [ -f bench/accept.sh ]; then \
		ROTA=$(abspath $(O))/rota BENCH=$(abspath $(B))/bench bash bench/accept.sh; \
	else echo "accept: this tree has no bench/accept.sh"; fi

# The live host's figures, in the test machines: 10 to 30 minutes a kernel.
accept-live:
	@scripts/install-deps live
	+@$(SUBMAKE) live-deps
	+@$(SUBMAKE) all
	@ROTA=$(abspath $(O))/rota bash bench/live/accept.sh

# Every program of bench/ twice: as it is for times, and under callgrind for
# instruction counts, which do not change with the load of the machine. A
# program is told by ROTA_BENCH_CALLGRIND=1 that time says nothing this once.
bench:
	@scripts/install-deps check
	+@$(SUBMAKE) all benches
	@O='$(O)' B='$(B)' ROTA=$(abspath $(O))/rota scripts/bench $(BENCHES)

# docs/comparison.md: the schedulers on the same ten scenarios, in the simulator.
comparison: programs
	@ROTA=$(abspath $(O))/rota python3 -B bench/comparison.py --write

install: programs
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/man/man1' \
		'$(DESTDIR)$(PREFIX)/share/man/man5' '$(DESTDIR)$(PREFIX)/share/man/man8' \
		'$(DESTDIR)$(PREFIX)/share/bash-completion/completions' '$(DESTDIR)$(PREFIX)/share/rota'
	install -m 755 $(ROTA) '$(DESTDIR)$(PREFIX)/bin/'
	for f in $(PLUGINS); do install -D -m 755 $(B)/$$f '$(DESTDIR)$(PREFIX)/lib/rota/'$$f; done
	for n in 1 5 8; do for f in docs/man/*.$$n; do \
		[ ! -e "$$f" ] || install -m 644 "$$f" '$(DESTDIR)$(PREFIX)/share/man/man'$$n/; \
	done; done
	grep -v '^#' docs/man/verbs | while read -r page verbs; do for verb in $$verbs; do \
		echo ".so man1/$$page" >'$(DESTDIR)$(PREFIX)/share/man/man1/rota-'"$$verb.1"; \
	done; done
	install -m 644 data/completion/rota '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/'
	install -d '$(DESTDIR)$(PREFIX)/lib/systemd/system'
	sed 's,/usr/bin,$(PREFIX)/bin,' data/systemd/rotad.service >'$(DESTDIR)$(PREFIX)/lib/systemd/system/rotad.service'
	install -D -m 755 data/libvirt/rota '$(DESTDIR)$(PREFIX)/share/rota/libvirt-hook'
	sed -i 's,/usr/bin,$(PREFIX)/bin,' '$(DESTDIR)$(PREFIX)/share/rota/libvirt-hook'
	install -m 644 data/symbols.rules '$(DESTDIR)$(PREFIX)/share/rota/'
	for d in workloads experiments; do for f in data/$$d/*.yaml; do \
		install -D -m 644 "$$f" '$(DESTDIR)$(PREFIX)/share/rota/'"$${f#data/}"; \
	done; done
	[ ! -d scenarios ] || (find scenarios -type f | while read -r f; do \
		install -D -m 644 "$$f" '$(DESTDIR)$(PREFIX)/share/rota/'"$$f"; done)

# A Debian package, in $(O).
deb:
	+@MAKE='$(MAKE)' scripts/deb '$(O)'

# The C files, as .clang-format and .editorconfig want them; needs clang-format-19.
format:
	@git ls-files -z '*.c' '*.h' | xargs -0 scripts/format

clean:
	rm -rf '$(O)'

help:
	@echo 'make               build/rota and build/librota.a'
	@echo 'make run           install what is missing, build, answer the weight-and-cap lab'
	@echo 'make check         every test; T="unit cli" only files whose path holds a word'
	@echo 'make coverage      the same tests; how much of each source they run'
	@echo 'make check-live    tests that need a KVM host with sched_ext'
	@echo 'make live-deps     what the live host is built with (libbpf), in a cache; then make again'
	@echo 'make live-shell    a shell in a test machine where rota schedules two VMs'
	@echo 'make accept        measured figures against their targets'
	@echo 'make accept-live   the same of the live host, in test machines; takes long'
	@echo 'make bench         times and instruction counts'
	@echo 'make comparison    renew docs/comparison.md: the schedulers on the same ten scenarios'
	@echo 'make install       DESTDIR= PREFIX=/usr/local'
	@echo 'make deb           a Debian package in O'
	@echo 'make format        bring the C files into shape'
	@echo 'make clean         remove O'
	@echo
	@echo 'CC=gcc|clang-19  MODE=release|O3|debug|asan|ubsan|tsan|cov (or a+b)  O=build  V=1'
	@echo 'CFLAGS= and LDFLAGS= are added to ours; WERROR= lets warnings pass'
