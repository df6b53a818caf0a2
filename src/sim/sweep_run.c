/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The processes that work a sweep off; see sweep.h.
 *
 * Each worker reads the number of a point, runs it, and writes back its row or a sentence: a child process, so that
 * points can't disturb each other and one that crashes is an error like others. Points are handed out in order; after
 * a failure none is handed out any more, but those under way are waited for. All before the failed one were handed out
 * earlier, so that the lowest one that failed is the same for any number of workers.
 */
#include "sim/sweep.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_EVERY_NS 200000000LL
#define LOOK_MS 200 /* at ^C and the clock */
#define SERVE_MS 2 /* at what other machines want */

struct worker {
	pid_t pid;
	int to, from;
	int point; /* that it is at, -1 none */
};

/* What a worker sends before the row or the sentence. */
struct answer {
	int32_t point, failed;
	uint64_t len;
};

struct pool {
	const struct sweep *s;
	const struct sweep_how *how;
	struct sweep_table *t;
	struct worker *workers;
	int next; /* to hand out */
	int done;
	int failed; /* the lowest, -1 none */
	char *why;
	size_t whylen;
	int64_t begin_ns, shown_ns;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

static int64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static bool write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool read_all(int fd, void *data, size_t len)
{
	char *p = data;

	while (len) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* -- in a worker ---------------------------------------------------------------- */

static void work(const struct sweep *s, sweep_generate_fn generate, int in, int out)
{
	int32_t point;

	while (read_all(in, &point, sizeof(point))) {
		char err[1024] = "", *row;
		size_t len = 0;
		int ret = sweep_point(s, point, generate, &row, &len, err, sizeof(err));
		struct answer a = { .point = point, .failed = ret != 0, .len = ret ? strlen(err) : len };

		if (!write_all(out, &a, sizeof(a)) || !write_all(out, ret ? err : row, a.len))
			break;
		free(row);
	}
}

/* -- in the sweep's own process --------------------------------------------------- */

static int start_worker(struct pool *p, int i)
{
	struct worker *w = &p->workers[i];
	int to[2], from[2];

	if (pipe(to))
		return -errno;
	if (pipe(from)) {
		int error = errno;

		close(to[0]);
		close(to[1]);
		return -error;
	}
	fflush(NULL);
	w->pid = fork();
	if (!w->pid) {
		for (int k = 0; k < i; k++) {
			close(p->workers[k].to);
			close(p->workers[k].from);
		}
		close(to[1]);
		close(from[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		work(p->s, p->how->generate, to[0], from[1]);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	if (w->pid < 0) {
		close(to[1]);
		close(from[0]);
		return -errno;
	}
	w->to = to[1];
	w->from = from[0];
	w->point = -1;
	return 0;
}

static void take_failure(struct pool *p, int point, const char *text)
{
	if (p->failed >= 0 && p->failed < point)
		return;
	p->failed = point;
	snprintf(p->why, p->whylen, "%s", text);
}

static void take_row(struct pool *p, const struct answer *a, char *text)
{
	p->done++;
	if (p->how->exchange)
		p->how->exchange->done(p->how->exchange->arg, a->point, a->failed, text, a->len);
	else if (a->failed)
		take_failure(p, a->point, text);
	else if (sweep_table_put(p->t, a->point, text, a->len))
		take_failure(p, a->point, "not enough memory for the table");
}

static int next_point(struct pool *p)
{
	if (p->how->exchange)
		return p->how->exchange->next(p->how->exchange->arg);
	return p->failed < 0 && p->next < p->s->nr_points ? p->next++ : -1;
}

/* The worker is gone, and with it the point it was at. */
static void lost_worker(struct pool *p, struct worker *w)
{
	char where[400], why[600];
	struct answer a = { .point = w->point, .failed = 1 };
	int status = 0;

	waitpid(w->pid, &status, 0);
	w->pid = 0;
	sweep_point_name(p->s, w->point, where, sizeof(where));
	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "%s: point %d (%s): its process was ended by signal %d (%s)", p->s->path,
			 w->point, where, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(why, sizeof(why), "%s: point %d (%s): its process ended with exit code %d", p->s->path,
			 w->point, where, WEXITSTATUS(status));
	a.len = strlen(why);
	w->point = -1;
	take_row(p, &a, why);
}

static void hear(struct pool *p, struct worker *w)
{
	struct answer a;
	char *text = NULL;

	if (read_all(w->from, &a, sizeof(a))) {
		text = malloc(a.len + 1);
		if (text && read_all(w->from, text, a.len)) {
			text[a.len] = 0;
			w->point = -1;
			take_row(p, &a, text);
			free(text);
			return;
		}
	}
	free(text);
	if (!interrupted)
		lost_worker(p, w);
}

static void show(struct pool *p, bool end)
{
	int64_t now = wall_ns();
	int done = p->done, all = p->s->nr_points;
	char bar[31], left[32] = "";
	int filled = (int)(30LL * done / all);

	if (!p->how->progress || (!end && now - p->shown_ns < PROGRESS_EVERY_NS))
		return;
	p->shown_ns = now;
	if (end) {
		fprintf(stderr, "\r\033[K");
		return;
	}
	memset(bar, '.', 30);
	memset(bar, '#', (size_t)filled);
	bar[30] = 0;
	if (done)
		snprintf(left, sizeof(left), ", %lld s left",
			 (long long)((now - p->begin_ns) / done * (all - done) / 1000000000));
	fprintf(stderr, "\r%.30s [%s] %d of %d points%s\033[K", p->s->name, bar, done, all, left);
}

/* Give each idle worker a point, as long as there are any. Returns how many are at work. */
static int hand_out(struct pool *p)
{
	int busy = 0;

	for (int i = 0; i < p->how->jobs; i++) {
		struct worker *w = &p->workers[i];
		int32_t point;

		if (!w->pid)
			continue;
		if (w->point < 0) {
			point = next_point(p);
			if (point < 0)
				continue;
			w->point = point;
			if (!write_all(w->to, &point, sizeof(point))) {
				lost_worker(p, w);
				continue;
			}
		}
		busy++;
	}
	return busy;
}

static int work_off(struct pool *p)
{
	const struct sweep_exchange *ex = p->how->exchange;
	struct pollfd fds[SWEEP_MAX_JOBS];
	bool waiting = true;

	while (!interrupted) {
		int busy = hand_out(p);

		if (!busy && !waiting)
			return 0;
		for (int i = 0; i < p->how->jobs; i++)
			fds[i] = (struct pollfd){ .fd = p->workers[i].point >= 0 ? p->workers[i].from : -1,
						  .events = POLLIN };
		if (poll(fds, (nfds_t)p->how->jobs, ex ? SERVE_MS : busy ? LOOK_MS : 0) > 0)
			for (int i = 0; i < p->how->jobs; i++)
				if (fds[i].revents)
					hear(p, &p->workers[i]);
		waiting = ex && ex->serve ? ex->serve(ex->arg) : false;
		show(p, false);
	}
	return -EINTR;
}

static void end_workers(struct pool *p, bool kill_them)
{
	for (int i = 0; i < p->how->jobs; i++) {
		struct worker *w = &p->workers[i];

		if (!w->to)
			continue;
		close(w->to); /* it ends by itself */
		close(w->from);
		if (!w->pid)
			continue;
		if (kill_them)
			kill(w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
	}
}

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
#define NR_ENDING (sizeof(ending_signals) / sizeof(ending_signals[0]))

int sweep_run(const struct sweep *s, const struct sweep_how *how, struct sweep_table *t, char *err, size_t errlen)
{
	struct pool p = { .s = s, .how = how, .t = t, .failed = -1, .why = err, .whylen = errlen };
	struct sigaction sa = { .sa_handler = on_interrupt }, ignore = { .sa_handler = SIG_IGN }, old[NR_ENDING];
	int ret = 0;

	t->sweep = s;
	t->rows = calloc((size_t)s->nr_points, sizeof(*t->rows));
	p.workers = calloc((size_t)how->jobs, sizeof(*p.workers));
	if (!t->rows || !p.workers) {
		snprintf(err, errlen, "not enough memory for %d points", s->nr_points);
		free(p.workers);
		return -ENOMEM;
	}
	interrupted = 0;
	for (size_t i = 0; i < NR_ENDING; i++) {
		sigaction(ending_signals[i], NULL, &old[i]);
		if (ending_signals[i] == SIGPIPE) /* a worker that is gone is found out by its answer */
			sigaction(SIGPIPE, &ignore, NULL);
		else if (old[i].sa_handler != SIG_IGN)
			sigaction(ending_signals[i], &sa, NULL);
	}
	p.begin_ns = wall_ns();
	for (int i = 0; i < how->jobs && !ret; i++) {
		ret = start_worker(&p, i);
		if (ret)
			snprintf(err, errlen, "can't start process %d of %d: %s; use fewer with -j", i + 1, how->jobs,
				 strerror(-ret));
	}
	if (!ret) {
		ret = work_off(&p);
		if (ret)
			snprintf(err, errlen, "interrupted after %d of %d points; nothing was written", p.done,
				 s->nr_points);
		else if (p.failed >= 0)
			ret = -EINVAL;
	}
	show(&p, true);
	end_workers(&p, ret == -EINTR);
	for (size_t i = 0; i < NR_ENDING; i++)
		sigaction(ending_signals[i], &old[i], NULL);
	free(p.workers);
	return ret;
}
