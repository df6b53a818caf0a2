/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one place that names rota's version. */
#ifndef ROTA_VERSION_H
#define ROTA_VERSION_H

#define ROTA_VERSION "0.1.0"

#endif
