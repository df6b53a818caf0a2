/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text into a page of HTML or SVG. */
#ifndef SIM_HTML_H
#define SIM_HTML_H

#include <stdio.h>

/* Write @text so that nothing in it is taken for a tag, an entity or the end of an attribute. */
void html_put(FILE *out, const char *text);

#endif
