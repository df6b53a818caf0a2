/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What HTML takes for its own, written otherwise; see html.h. */
#include "sim/html.h"

void html_put(FILE *out, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*text, out);
		}
}
