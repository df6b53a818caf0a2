# SPDX-License-Identifier: GPL-2.0-or-later
#
# The live host: src/kvm. Its kernel side, rota.bpf.c, holds the core and is compiled for BPF by clang; the object
# lies in the program as it is, for libbpf to load. Where clang or libbpf is missing, rota is built all the same:
# loader_none.c takes loader.c's place and says what is missing.

LIVE_MISSING :=
$(foreach line,$(shell scripts/live-config '$(firstword $(CC))' | sed 's/ /@/g'),$(eval $(subst @, ,$(line))))

LIVE_SRCS := $(filter-out src/kvm/loader%.c %.bpf.c,$(wildcard src/kvm/*.c))
ifeq ($(LIVE_MISSING),)
LIVE_SRCS  += src/kvm/loader.c src/kvm/loader_watch.c
BPF_OBJECT := $(B)/src/kvm/rota.bpf.o
# 6.12's verifier takes no sign-extending loads from an arena; and clang makes memset of neighbouring zero stores, whose
# address it then forgets to cast. libbpf's macros have parameters that nobody uses.
BPF_FLAGS  := -target bpf -mcpu=v4 -mllvm -disable-ldsx -fno-builtin -ffreestanding -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -DROTA_BPF \
	-D__TARGET_ARCH_x86 -Isrc $(LIVE_CFLAGS)
$(B)/src/kvm/loader.o: CPPFLAGS_ALL += $(LIVE_CFLAGS) -DROTA_BPF_OBJECT='"$(BPF_OBJECT)"'
$(B)/src/kvm/loader_watch.o: CPPFLAGS_ALL += $(LIVE_CFLAGS)
$(B)/src/kvm/loader.o: $(BPF_OBJECT)
else
LIVE_SRCS  += src/kvm/loader_none.c
$(B)/src/kvm/loader_none.o: CPPFLAGS_ALL += -DROTA_LIVE_MISSING='"$(LIVE_MISSING)"'
endif
