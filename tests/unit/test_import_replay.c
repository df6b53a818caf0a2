// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: replay files are read exactly, or refused with the line that is wrong.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/replay.h"

static char path[] = "/tmp/rota-test-replay-XXXXXX";
static char err[512];

static int load(const char *text, size_t len, struct replay **r)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	err[0] = '\0';
	return replay_load(path, r, err, sizeof(err));
}

static void reads_absolute_wakes(void **state)
{
	static const char text[] =
		"# made by hand\nat_ns,run_ns\n0,5\n10,1\n# between\n10,34560000000000000\n20,inf\n";
	struct replay *r;

	(void)state;
	assert_int_equal(load(text, strlen(text), &r), 0);
	assert_int_equal(r->nr, 4);
	assert_false(r->relative);
	assert_int_equal(r->burst[1].at_ns, 10);
	assert_int_equal(r->burst[2].run_ns, REPLAY_MAX_NS);
	assert_int_equal(r->burst[3].run_ns, REPLAY_INF);
	/* by the clock, but not before the burst before has ended */
	assert_int_equal(replay_wake_ns(r, 1, 5), 10);
	assert_int_equal(replay_wake_ns(r, 1, 17), 17);
	replay_free(r);
}

static void reads_gaps(void **state)
{
	static const char text[] = "gap_ns,run_ns\r\n100,5\r\n7,1\r\n3,2";
	struct replay *r;

	(void)state;
	assert_int_equal(load(text, strlen(text), &r), 0);
	assert_int_equal(r->nr, 3);
	assert_true(r->relative);
	assert_int_equal(replay_wake_ns(r, 0, 0), 100);
	assert_int_equal(replay_wake_ns(r, 1, 500), 507);
	replay_free(r);
}

static void header_alone_is_a_sleeper(void **state)
{
	struct replay *r;

	(void)state;
	assert_int_equal(load("at_ns,run_ns\n", 13, &r), 0);
	assert_int_equal(r->nr, 0);
	replay_free(r);
}

static void refuses(void **state)
{
	static const struct {
		const char *text;
		int line;
		const char *what;
	} bad[] = {
		{ "", 1, "empty" },
		{ "# only a comment\n", 2, "empty" },
		{ "at,run\n", 1, "header" },
		{ "0,5\n", 1, "header" },
		{ "at_ns,run_ns\n5\n", 2, "two columns" },
		{ "at_ns,run_ns\n5,6,7\n", 2, "two columns" },
		{ "at_ns,run_ns\n\n", 2, "two columns" },
		{ "at_ns,run_ns\n-1,6\n", 2, "at_ns" },
		{ "at_ns,run_ns\n 1,6\n", 2, "at_ns" },
		{ "at_ns,run_ns\n1.5,6\n", 2, "at_ns" },
		{ "at_ns,run_ns\n,6\n", 2, "at_ns" },
		{ "at_ns,run_ns\n1,\n", 2, "run_ns" },
		{ "at_ns,run_ns\n1,0\n", 2, "run_ns" },
		{ "at_ns,run_ns\n1,-4\n", 2, "run_ns" },
		{ "at_ns,run_ns\n1,infinite\n", 2, "run_ns" },
		{ "at_ns,run_ns\n1,34560000000000001\n", 2, "run_ns" },
		{ "at_ns,run_ns\n99999999999999999999999,1\n", 2, "at_ns" },
		{ "at_ns,run_ns\n5,1\n4,1\n", 3, "before" },
		{ "at_ns,run_ns\n5,inf\n9,1\n", 3, "never ends" },
		{ "gap_ns,run_ns\n5,inf\n9,1\n", 3, "never ends" },
		{ "gap_ns,run_ns\n1,2\nx,1\n", 3, "gap_ns" },
	};
	char where[128];
	struct replay *r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(load(bad[i].text, strlen(bad[i].text), &r), -EINVAL);
		assert_null(r);
		snprintf(where, sizeof(where), "%s:%d: ", path, bad[i].line);
		if (strncmp(err, where, strlen(where)) || !strstr(err, bad[i].what) ||
		    strchr(err, '\n'))
			fail_msg("case %zu: \"%s\" does not say line %d, %s", i, err, bad[i].line,
				 bad[i].what);
	}
}

static void refuses_binary_and_endless_lines(void **state)
{
	char text[600];
	struct replay *r;

	(void)state;
	assert_int_equal(load("at_ns,run_ns\n1\0002,5\n", 19, &r), -EINVAL);
	assert_non_null(strstr(err, "NUL"));
	memset(text, '1', sizeof(text));
	assert_int_equal(load(text, sizeof(text), &r), -EINVAL);
	assert_non_null(strstr(err, "longer than"));
	assert_int_equal(replay_load("/nonexistent/x.csv", &r, err, sizeof(err)), -ENOENT);
	assert_non_null(strstr(err, "/nonexistent/x.csv: can't open"));
}

static int make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_absolute_wakes),
		cmocka_unit_test(reads_gaps),
		cmocka_unit_test(header_alone_is_a_sleeper),
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_binary_and_endless_lines),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
