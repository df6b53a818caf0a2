# SPDX-License-Identifier: GPL-2.0-or-later
#
# rota's front door. `make help` lists what can be asked of it.
#
# One non-recursive makefile. Every pair of compiler and mode builds in a
# directory of its own, $(O)/$(CC)-$(MODE)/, so that switching between them
# costs nothing and `make check` can hold several side by side; the programs of
# the pair asked for last are also left in $(O)/ itself. Sources are found by
# wildcard: a new .c file in a folder below needs no change here.

O      ?= build
MODE   ?= release
PREFIX ?= /usr/local
DESTDIR ?=
WERROR ?= -Werror
ifeq ($(origin CC),default)
CC := gcc
endif

B := $(O)/$(notdir $(firstword $(CC)))-$(MODE)

.DEFAULT_GOAL := all
include mk/flags.mk
include mk/live.mk

# The core is one translation unit, sched.c, which includes the other .c files
# of its folder: that is how clang compiles it for BPF, so we build it no other way.
LIB_SRCS   := $(wildcard src/sched/sched.c src/trace/*.c src/symbols/*.c src/sim/*.c src/analysis/*.c) $(LIVE_SRCS) \
	$(filter-out src/control/rotad_main.c,$(wildcard src/control/*.c))
CLI_SRCS   := $(wildcard src/cli/*.c)
ROTAD_SRCS := src/control/rotad_main.c
TEST_SRCS  := $(wildcard tests/unit/*.c tests/property/*.c)
BENCH_SRCS := $(wildcard bench/*.c)
EMBEDDED   := $(wildcard src/*/*.html src/*/*.js src/*/*.css)

objs     = $(patsubst %.c,$(B)/%.o,$(1))
programs = $(patsubst %.c,$(B)/%,$(1))
# src/sim/report.html -> $(B)/gen/report_html.h
gen_name = $(B)/gen/$(subst .,_,$(notdir $(1))).h

LIB_OBJS := $(call objs,$(LIB_SRCS))
CLI_OBJS := $(call objs,$(CLI_SRCS))
ROTAD_OBJS := $(call objs,$(ROTAD_SRCS))
TESTS    := $(call programs,$(TEST_SRCS))
BENCHES  := $(call programs,$(BENCH_SRCS))
OBJS     := $(LIB_OBJS) $(CLI_OBJS) $(ROTAD_OBJS) $(call objs,$(TEST_SRCS) $(BENCH_SRCS))
GEN_HDRS := $(foreach f,$(EMBEDDED),$(call gen_name,$(f)))
ROTA     := $(if $(CLI_SRCS),$(B)/rota $(B)/rotad)

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all programs tests benches run check coverage check-live live-shell live-deps accept accept-live bench comparison install deb format clean help FORCE

# Hard links, because a program finds what lies beside it by its own path.
all: programs
	@for f in librota.a $(if $(ROTA),rota rotad) $(PLUGINS); do ln -f $(B)/$$f $(O)/$$f; done

programs: $(B)/librota.a $(ROTA) $(addprefix $(B)/,$(PLUGINS))
tests: programs $(TESTS)
benches: programs $(BENCHES)

# -- build rules ---------------------------------------------------------------

# Holds the flags of the last build. It is touched only when they differ, and
# everything depends on it: a changed flag set rebuilds, an unchanged one does not.
FLAGS_NOW := $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(LDLIBS_ALL) $(BPF_FLAGS) $(LIVE_MISSING)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' >$@

# Which sources there are: a deleted or new one must remake the archive and the program.
$(B)/sources: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(LIB_OBJS) $(CLI_OBJS)' | cmp -s - $@ || \
		printf '%s\n' '$(LIB_OBJS) $(CLI_OBJS)' >$@

$(OBJS): $(B)/%.o: %.c $(B)/flags | $(GEN_HDRS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

ifneq ($(BPF_OBJECT),)
$(BPF_OBJECT): $(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(Q)$(LIVE_CLANG) $(BPF_FLAGS) -MMD -MP -c -o $@ $<
endif

$(B)/librota.a: $(LIB_OBJS) $(B)/sources
	@rm -f $@
	$(Q)$(AR) rcs $@ $(LIB_OBJS)

$(B)/rota: $(CLI_OBJS) $(B)/librota.a $(B)/sources
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $(CLI_OBJS) $(B)/librota.a $(CLI_LIBS) $(LDLIBS_ALL)

$(B)/rotad: $(ROTAD_OBJS) $(B)/librota.a $(B)/sources
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $(ROTAD_OBJS) $(B)/librota.a $(LDLIBS_ALL)

# The plug-ins: for mpirun, for xl's configuration files, for libvirt's domain XML.
$(B)/rota-mpi.so: $(wildcard src/cli/mpi/*.[ch]) src/sim/sweep.h $(B)/flags
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(MPI_CFLAGS) -fPIC -shared -o $@ $(filter %.c,$^) $(MPI_LIBS)

$(B)/rota-xl.so: $(wildcard src/cli/xl/*.[ch]) src/cli/xlcfg.h $(B)/flags
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -fPIC -shared -o $@ $(filter %.c,$^) -lxlutil -ljansson

$(B)/rota-libvirt.so: $(wildcard src/cli/libvirt/*.[ch]) $(B)/flags
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LIBXML2_CFLAGS) -fPIC -shared -o $@ $(filter %.c,$^) -lxml2 -ljansson

$(TESTS): LDLIBS_ALL += -lcmocka
$(TESTS) $(BENCHES): $(B)/%: $(B)/%.o $(B)/librota.a
	$(Q)$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< $(B)/librota.a $(LDLIBS_ALL)

# A page or script embedded in C: src/sim/report.html becomes report_html.h with
# `static const unsigned char report_html[]` (no terminating zero: use sizeof).
# od and sed are on every Debian; xxd is not.
define embed_rule
$(call gen_name,$(1)): $(1)
	@mkdir -p $$(@D)
	@{ echo 'static const unsigned char $(basename $(notdir $(call gen_name,$(1))))[] = {'; \
	   od -An -v -tx1 $$< | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'; \
	   echo '};'; } >$$@
endef
$(foreach f,$(EMBEDDED),$(eval $(call embed_rule,$(f))))

-include $(OBJS:.o=.d) $(BPF_OBJECT:.o=.d)

# -- what people ask for -------------------------------------------------------

include mk/verbs.mk
