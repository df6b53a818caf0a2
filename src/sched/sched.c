/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The core as one translation unit: natively so that hooks and helpers inline across its files, in BPF because there
 * all of it must be static. The order is that of dependence: policies, then the framework that calls them.
 */
#include "sched/core.h"
#include "sched/tree.c"
#include "sched/credit.c"
#include "sched/credit2.c"
#include "sched/unit.c"
#include "sched/rt.c"
#include "sched/null.c"
#include "sched/arinc653.c"
#include "sched/sedf.c"
#include "sched/hooks.h"

#include "sched/symbols.c"
#include "sched/affinity.c"
#include "sched/assist.c"
#include "sched/sdom.c"
#include "sched/schedule.c"
#include "sched/domain.c"
#include "sched/micropool.c"
#include "sched/cpupool.c"
#ifndef ROTA_BPF
#include "sched/host.c"
#endif
