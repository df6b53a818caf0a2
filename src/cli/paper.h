/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `rota sim paper`; see cmd_paper.c. */
#ifndef CLI_PAPER_H
#define CLI_PAPER_H

int cmd_sim_paper(int argc, char **argv);

#endif
