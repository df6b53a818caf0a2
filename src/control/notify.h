/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Telling a service manager how far we are. */
#ifndef CONTROL_NOTIFY_H
#define CONTROL_NOTIFY_H

/* Tell who started us, if it asked to be told (systemd's Type=notify): "READY=1", "STOPPING=1". */
void notify_state(const char *state);

#endif
