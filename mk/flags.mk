# SPDX-License-Identifier: GPL-2.0-or-later
#
# Compiler flags by mode. MODE is one word or several joined with '+', so
# MODE=asan+ubsan is both sanitizers in one build.

MODES := $(subst +, ,$(MODE))

# gnu11 and _GNU_SOURCE (spelled so that a file may define it once more) only for the
# declarations they open in libc's headers.
# No contraction: a fused multiply-add would give a run another trace hash on
# machines that have one.
CFLAGS_BASE := -std=gnu11 -g -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-ffp-contract=off -fno-common

CFLAGS_release := -O2
CFLAGS_O3      := -O3
CFLAGS_debug   := -O0 -DSCHED_DEBUG
# Sanitizers end the program at the first finding: a test must not pass over one.
CFLAGS_asan    := -O1 -DSCHED_DEBUG -fno-omit-frame-pointer -fsanitize=address
CFLAGS_ubsan   := -O1 -DSCHED_DEBUG -fsanitize=undefined -fno-sanitize-recover=all
CFLAGS_tsan    := -O1 -DSCHED_DEBUG -fsanitize=thread
CFLAGS_cov     := -O0 --coverage

KNOWN_MODES := release O3 debug asan ubsan tsan cov
ifneq ($(filter-out $(KNOWN_MODES),$(MODES)),)
$(error MODE=$(MODE) is unknown; use one of $(KNOWN_MODES), or several joined with '+')
endif

# vmlinux is read through libelf, if its headers are here; LIBELF= does without.
LIBELF ?= $(if $(shell echo | $(CC) -include gelf.h -E -xc - >/dev/null 2>&1 && echo 1),1)
override LIBELF := $(LIBELF)

# A sweep over machines needs Open MPI, if it is here; MPI= does without.
MPI ?= $(if $(shell mpicc --showme:version 2>/dev/null),1)
override MPI := $(MPI)
MPI_CFLAGS := $(if $(MPI),$(patsubst -I%,-isystem %,$(shell mpicc --showme:compile)))
MPI_LIBS   := $(if $(MPI),$(shell mpicc --showme:link))

# xl.cfg is read through xl's own library, and `rota top` draws with ncurses, if their headers are here; LIBXLUTIL=
# and NCURSES= do without.
LIBXLUTIL ?= $(if $(shell echo | $(CC) -include libxlutil.h -E -xc - >/dev/null 2>&1 && echo 1),1)
override LIBXLUTIL := $(LIBXLUTIL)
NCURSES ?= $(if $(shell echo | $(CC) -include ncurses.h -E -xc - >/dev/null 2>&1 && echo 1),1)
override NCURSES := $(NCURSES)
# libvirt's domain XML is read by libxml2, if its headers are here; LIBXML2= does without.
LIBXML2_CFLAGS := -isystem /usr/include/libxml2
LIBXML2 ?= $(if $(shell echo | $(CC) $(LIBXML2_CFLAGS) -include libxml/parser.h -E -xc - >/dev/null 2>&1 && echo 1),1)
override LIBXML2 := $(LIBXML2)
# The command's own libraries.
CLI_LIBS = $(if $(NCURSES),-lncursesw -ltinfo)
# Shared objects that rota loads when they are needed (src/cli/plugin.h), so that nothing else has their libraries.
PLUGINS = $(if $(MPI),rota-mpi.so) $(if $(LIBXLUTIL),rota-xl.so) $(if $(LIBXML2),rota-libvirt.so)

# $(B) and $(B)/gen hold the headers made from embedded pages.
CPPFLAGS_ALL := -D_GNU_SOURCE= -Isrc -I$(B) -I$(B)/gen -DROTA_SCENARIO_DIR='"$(PREFIX)/share/rota/scenarios"' \
	-DROTA_SHARE_DIR='"$(PREFIX)/share/rota"' $(if $(LIBELF),-DROTA_LIBELF) \
	$(if $(NCURSES),-DROTA_NCURSES) $(CPPFLAGS)
CFLAGS_ALL   := $(CFLAGS_BASE) $(foreach m,$(MODES),$(CFLAGS_$(m))) $(WERROR) $(CFLAGS)
LDFLAGS_ALL  := $(LDFLAGS)
LDLIBS_ALL    = -lyaml -ljansson -lm $(if $(LIBELF),-lelf) $(LIVE_LIBS) $(LDLIBS)

# `make V=1` shows each command, otherwise one word and the file made.
ifeq ($(V),1)
Q :=
else
Q = @echo "  MAKE  $@";
endif
