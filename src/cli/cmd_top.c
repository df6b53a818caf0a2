// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `rota top`: who uses the CPUs, again and again. In batch form (-b) it prints xentop's table, whose columns about
 * memory are true and those about networks and disks 0; on a terminal it draws a table of what schedulers are about:
 * share, time spent waiting for a pCPU, time held back by a cap, boosts.
 *
 * All shares are of the time between two looks, by the host's own clock: a simulated host's runs as fast as it likes.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef ROTA_NCURSES
#include <ncurses.h>
#endif

#include "cli/ask.h"

static const char usage[] = "Usage: rota top [-b] [-d SECONDS] [-i COUNT] [-v] [-f] [--json]\n"
			    "\n"
			    "Who uses the CPUs, again and again.\n"
			    "\n"
			    "  -b, --batch            xentop's table, on any output; else a screen, ended by q\n"
			    "  -d, --delay=SECONDS    between two looks (default 3)\n"
			    "  -i, --iterations=N     so many looks, then end; the first has no shares yet\n"
			    "  -v, --vcpus            the vCPUs as well\n"
			    "  -f, --full-name        names whole, not cut to 10 letters\n"
			    "      --json             for programs, an object a look: times in ns\n"
			    "  -h, --help             this text\n"
			    "\n"
			    "Keys on the screen: q ends, v shows or hides vCPUs, c p n sort by CPU, pool or name.\n";

struct top {
	bool batch, vcpus, full, json;
	double delay;
	long long iterations; /* 0: for ever */
	int sort;
	json_t *before, *before_vcpus; /* the look before: answers of list and vcpu-list */
	long long now_ns, before_ns;
};

/* ---- two looks and what is between them ---- */

static json_t *row_of(json_t *rows, json_t *like)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) if (row_number(row, "id") == row_number(like, "id") &&
					     row_number(row, "vcpu") == row_number(like, "vcpu") &&
					     !strcmp(row_text(row, "name"), row_text(like, "name"))) return row;
	return NULL;
}

static const char *rows_key(const json_t *like)
{
	return json_object_get(like, "vcpu") ? "vcpus" : "domains";
}

/* How much of @key there was since the last look, of the time between them, in percent of one pCPU. */
static double share(const struct top *t, json_t *row, const char *key)
{
	json_t *looked = json_object_get(row, "vcpu") ? t->before_vcpus : t->before;
	json_t *old = row_of(json_object_get(looked, rows_key(row)), row);
	long long passed = t->now_ns - t->before_ns;

	if (!old || passed <= 0)
		return 0;
	return 100.0 * (double)(row_number(row, key) - row_number(old, key)) / (double)passed;
}

/* ---- xentop's batch form ---- */

static void print_vcpus(json_t *vcpus, long long id)
{
	json_t *v;
	size_t i;
	int n = 0;

	printf("VCPUs(sec): ");
	json_array_foreach(vcpus, i, v)
	{
		if (row_number(v, "id") != id)
			continue;
		if (n && n % 5 == 0)
			printf("\n            ");
		printf(" %2lld: %10llds", row_number(v, "vcpu"), row_number(v, "cpu_ns") / 1000000000);
		n++;
	}
	putchar('\n');
}

static int by_name(const void *a, const void *b)
{
	return strcasecmp(row_text(*(json_t *const *)a, "name"), row_text(*(json_t *const *)b, "name"));
}

static void print_batch(const struct top *t, json_t **rows, size_t n, json_t *vcpus)
{
	long long memory = 0;

	for (size_t i = 0; i < n; i++)
		memory += row_number(rows[i], "memory_mib");
	printf("      NAME  STATE   CPU(sec) CPU(%%)     MEM(k) MEM(%%)  MAXMEM(k) MAXMEM(%%) VCPUS NETS NETTX(k) NETRX(k) "
	       "VBDS   VBD_OO   VBD_RD   VBD_WR  VBD_RSECT  VBD_WSECT SSID\n");
	for (size_t i = 0; i < n; i++) {
		json_t *d = rows[i];
		const char *s = row_text(d, "state");
		long long kib = row_number(d, "memory_mib") * 1024;
		double percent = memory ? 100.0 * (double)row_number(d, "memory_mib") / (double)memory : 0;

		/* xentop's order: dying, shut down, blocked, crashed, paused, running. */
		printf(t->full ? "%10s " : "%10.10s ", row_text(d, "name"));
		printf("--%c-%c%c %10lld %6.1f %10lld %6.1f %10lld %9.1f %5lld %4d %8d %8d %4d %8d %8d %8d %10d %10d %4d\n",
		       s[1] == 'b' ? 'b' : '-', s[2] == 'p' ? 'p' : '-', s[0] == 'r' ? 'r' : '-',
		       row_number(d, "cpu_ns") / 1000000000, share(t, d, "cpu_ns"), kib, percent, kib, percent,
		       row_number(d, "vcpus"), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
		if (t->vcpus)
			print_vcpus(vcpus, row_number(d, "id"));
	}
	fflush(stdout);
}

/* ---- the screen ---- */

#ifdef ROTA_NCURSES
static long long more(const struct top *t, json_t *row, const char *key)
{
	json_t *looked = json_object_get(row, "vcpu") ? t->before_vcpus : t->before;
	json_t *old = row_of(json_object_get(looked, rows_key(row)), row);

	return old ? row_number(row, key) - row_number(old, key) : 0;
}

static void draw_row(const struct top *t, int y, json_t *row, bool vcpu)
{
	char name[40];

	if (vcpu)
		snprintf(name, sizeof(name), "  vcpu %lld", row_number(row, "vcpu"));
	else
		snprintf(name, sizeof(name), "%s", row_text(row, "name"));
	mvprintw(y, 0, "%-24.24s %4lld %-7s %6.1f %6.1f %7.1f %7lld %7lld ", name, row_number(row, "id"),
		 row_text(row, "state"), share(t, row, "cpu_ns"), share(t, row, "runnable_ns"),
		 share(t, row, "capped_ns"), more(t, row, "boosts"), more(t, row, "migrations"));
	if (vcpu)
		printw("%-10s cpu %lld", row_text(row, "class"), row_number(row, "cpu"));
	else
		printw("%6lld %4lld %-12.12s %s", row_number(row, "weight"), row_number(row, "cap"),
		       row_text(row, "pool"), row_text(row, "sched"));
}

static void draw(const struct top *t, json_t **rows, size_t n, json_t *vcpus)
{
	int y = 2;

	erase();
	mvprintw(0, 0, "rota top   %.1f s of the host's time   %zu domains   q v c p n", (double)t->now_ns / 1e9, n);
	attron(A_REVERSE);
	mvprintw(1, 0, "%-24s %4s %-7s %6s %6s %7s %7s %7s %6s %4s %-12s %s", "Name", "ID", "State", "CPU%", "Ready%",
		 "Capped%", "Boosts", "Moves", "Weight", "Cap", "Pool", "Sched");
	attroff(A_REVERSE);
	for (size_t i = 0; i < n && y < LINES; i++) {
		json_t *v;
		size_t k;

		draw_row(t, y++, rows[i], false);
		if (!t->vcpus)
			continue;
		json_array_foreach(vcpus, k, v)
		{
			if (row_number(v, "id") == row_number(rows[i], "id") && y < LINES)
				draw_row(t, y++, v, true);
		}
	}
	refresh();
}

/* Wait for a key, but no longer than the delay. Returns false when it is to end. */
static bool keys(struct top *t)
{
	int c;

	timeout((int)(t->delay * 1000));
	c = getch();
	if (c == 'v')
		t->vcpus = !t->vcpus;
	else if (c != ERR && strchr("cpn", c))
		t->sort = c;
	return c != 'q';
}
#endif

static const struct top *sorted_by; /* qsort has no argument of ours */

static int by_wish(const void *a, const void *b)
{
	json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	double d = 0;

	if (sorted_by->sort == 'c')
		d = share(sorted_by, y, "cpu_ns") - share(sorted_by, x, "cpu_ns");
	if (sorted_by->sort == 'p' && strcmp(row_text(x, "pool"), row_text(y, "pool")))
		return strcmp(row_text(x, "pool"), row_text(y, "pool"));
	return d < 0 ? -1 : d > 0 ? 1 : by_name(a, b);
}

/* ---- the loop ---- */

static void show(struct top *t, json_t *list, json_t *vcpus)
{
	json_t *rows = json_object_get(list, "domains"), *row;
	size_t n = json_array_size(rows), i;
	json_t **sorted = calloc(n ? n : 1, sizeof(json_t *));

	if (!sorted)
		return;
	json_array_foreach(rows, i, row) sorted[i] = row;
	sorted_by = t;
	qsort(sorted, n, sizeof(sorted[0]), t->batch ? by_name : by_wish);
	if (t->json) {
		json_t *o = json_pack("{sI sO sO}", "now_ns", (json_int_t)t->now_ns, "domains", rows, "vcpus",
				      json_object_get(vcpus, "vcpus"));

		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		fflush(stdout);
		json_decref(o);
	} else if (t->batch) {
		print_batch(t, sorted, n, json_object_get(vcpus, "vcpus"));
	}
#ifdef ROTA_NCURSES
	else
		draw(t, sorted, n, json_object_get(vcpus, "vcpus"));
#endif
	free(sorted);
}

static bool wait_a_while(struct top *t)
{
	struct timespec s = { .tv_sec = (time_t)t->delay,
			      .tv_nsec = (long)((t->delay - (double)(time_t)t->delay) * 1e9) };

#ifdef ROTA_NCURSES
	if (!t->batch)
		return keys(t);
#endif
	nanosleep(&s, NULL);
	return true;
}

static int loop(struct top *t)
{
	int ret = CLI_DONE;

	for (long long i = 0; !t->iterations || i < t->iterations; i++) {
		json_t *list = ask("top", json_pack("{ss}", "verb", "list"));
		json_t *vcpus = list ? ask("top", json_pack("{ss}", "verb", "vcpu-list")) : NULL;

		if (!vcpus) {
			json_decref(list);
			ret = CLI_FAILED;
			break;
		}
		t->before_ns = t->now_ns;
		t->now_ns = row_number(list, "now_ns");
		show(t, list, vcpus);
		json_decref(t->before);
		json_decref(t->before_vcpus);
		t->before = list;
		t->before_vcpus = vcpus;
		if (ferror(stdout) || (t->iterations && i + 1 == t->iterations) || !wait_a_while(t))
			break;
	}
	json_decref(t->before);
	json_decref(t->before_vcpus);
	return ret;
}

static bool take(struct top *t, int c)
{
	char *end;

	switch (c) {
	case 'b':
		t->batch = true;
		return true;
	case 'd':
		t->delay = strtod(optarg, &end);
		return end != optarg && !*end && t->delay > 0 && t->delay < 100000;
	case 'i':
		return whole_number("top", optarg, &t->iterations) && t->iterations > 0;
	case 'v':
		t->vcpus = true;
		return true;
	case 'f':
		t->full = true;
		return true;
	case 'j':
		t->json = t->batch = true;
		return true;
	default:
		return false;
	}
}

int cmd_top(int argc, char **argv)
{
	static const struct option options[] = {
		{ "batch", no_argument, NULL, 'b' },
		{ "delay", required_argument, NULL, 'd' },
		{ "iterations", required_argument, NULL, 'i' },
		{ "vcpus", no_argument, NULL, 'v' },
		{ "full-name", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct top t = { .delay = 3, .sort = 'c' };
	int c, ret;

	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "bd:i:vfh", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage, stdout);
			return CLI_DONE;
		}
		if (!take(&t, c)) {
			if (optarg && c != '?')
				fprintf(stderr, "rota: top: '%s' can't be\n", optarg);
			fprintf(stderr, "`rota top --help` tells how\n");
			return CLI_USAGE;
		}
	}
	if (optind < argc)
		return ask_usage("top", "'%s' is not expected here", argv[optind]);
#ifdef ROTA_NCURSES
	if (!t.batch && !isatty(STDOUT_FILENO))
		t.batch = true;
	if (!t.batch) {
		initscr();
		noecho();
		curs_set(0);
	}
	ret = loop(&t);
	if (!t.batch)
		endwin();
#else
	if (!t.batch)
		fprintf(stderr, "rota: top: built without ncurses: the batch form\n");
	t.batch = true;
	ret = loop(&t);
#endif
	return ret;
}
