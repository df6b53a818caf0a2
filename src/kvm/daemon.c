// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process behind the live host.
 *
 * It holds the scheduler's link (its death gives the machine back to the kernel's scheduler), lets its front answer
 * requests, looks after the VMs ten times a second, and watches whether the kernel has thrown the scheduler out. A CPU
 * that goes on or off line makes the kernel do that with the request to come again: then everything is loaded anew for
 * the new set of CPUs, and what the VMs were given is given again.
 *
 * /run/rota: host.pid, whose lock says who runs (the number inside is for people); host.log; host.exit, why
 * the scheduler was left last. A lock dies with its process, so nothing that was left lying there can mislead.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "kvm/daemon.h"
#include "kvm/files.h"
#include "kvm/loader.h"
#include "kvm/postmortem.h"
#include "kvm/preflight.h"

#define SCX_ECODE_ACT_RESTART (1ULL << 48)
#define LOOK_MS 100 /* how often VMs and the scheduler are looked at */
#define COMMAND_MS 2 /* the same while a command is under way */
#define KVM_RETRY_NS (1000 * MSEC)
#define MAX_LOG (1 << 20)
/*
 * A host whose CPUs come and go for ever: after so many restarts in a row, each after less than a second, it is a
 * fault.
 */
#define MAX_RESTARTS 10

struct daemon {
	struct loader *loader;
	struct live_host lh;
	struct live_about about;
	const struct daemon_front *front_ops;
	void *front; /* NULL: not yet */
	struct topology topology;
	u32 watchdog_ms;
	FILE *log;
	bool foreground;
	int epoll, timer, signals;
	u32 timer_ms;
	s64 kvm_ns, guests_ns, attached_ns;
	char guests_error[LIVE_ERROR_LEN];
	u32 quick_restarts;
};

/* ---- the files of /run/rota ---- */

static void say(struct daemon *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct daemon *d, const char *fmt, ...)
{
	char text[1024], when[32];
	time_t now = time(NULL);
	struct tm tm;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	if (d->log)
		fprintf(d->log, "%s %s\n", when, text);
	if (d->foreground)
		fprintf(stderr, "rota: host: %s\n", text);
}

static int run_path(char *path, const char *file)
{
	return live_path(path, PATH_MAX, "%s/%s", LIVE_RUN_DIR, file);
}

static int make_run_dir(char *error)
{
	char path[PATH_MAX];

	if (live_path(path, sizeof(path), "%s", LIVE_RUN_DIR) || (mkdir(path, 0755) && errno != EEXIST))
		return live_fail(error, -errno, "%s%s can't be made: %s", live_root(), LIVE_RUN_DIR, strerror(errno));
	return 0;
}

static FILE *open_log(void)
{
	char path[PATH_MAX];
	struct stat st;
	FILE *f;

	if (run_path(path, "host.log"))
		return NULL;
	f = fopen(path, !stat(path, &st) && st.st_size > MAX_LOG ? "we" : "ae");
	if (f)
		setvbuf(f, NULL, _IOLBF, 0);
	return f;
}

/* The lock is held until this process ends. */
static int take_lock(char *error)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PATH_MAX];
	int fd = run_path(path, "host.pid") ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return live_fail(error, -errno, "%s can't be opened: %s", path, strerror(errno));
	if (fcntl(fd, F_SETLK, &lock)) {
		close(fd);
		return live_fail(error, -EBUSY, "the live host runs already (process %d); `rota host stop` ends it",
				 (int)daemon_running());
	}
	if (ftruncate(fd, 0) || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return live_fail(error, -EIO, "%s can't be written: %s", path, strerror(errno));
	return 0;
}

pid_t daemon_running(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PATH_MAX];
	pid_t pid = 0;
	int fd = run_path(path, "host.pid") ? -1 : open(path, O_RDWR | O_CLOEXEC);

	/* Only root may lock; anyone may read the number, which is as good while its process lives. */
	if (fd < 0 && errno == EACCES) {
		char text[32];

		if (live_read(text, sizeof(text), "%s/host.pid", LIVE_RUN_DIR) > 0 && vmm_started((u32)atoi(text)))
			pid = atoi(text);
		return pid;
	}
	if (fd < 0)
		return 0;
	if (!fcntl(fd, F_GETLK, &lock) && lock.l_type != F_UNLCK)
		pid = lock.l_pid;
	close(fd);
	return pid;
}

json_t *daemon_last_exit(void)
{
	char path[PATH_MAX];
	json_error_t where;

	return run_path(path, "host.exit") ? NULL : json_load_file(path, 0, &where);
}

static void note_exit(struct daemon *d, bool restarted)
{
	struct live_globals *g = d->lh.g;
	char reason[LIVE_EXIT_LEN + 1] = "", msg[LIVE_EXIT_LEN + 1] = "", path[PATH_MAX];

	memcpy(reason, g->exit_reason, LIVE_EXIT_LEN);
	memcpy(msg, g->exit_msg, LIVE_EXIT_LEN);
	json_decref(d->about.last_exit);
	d->about.last_exit = json_pack("{sI si sI ss% ss% sb}", "time_unix", (json_int_t)time(NULL), "kind",
				       (int)g->exit_kind, "code", (json_int_t)g->exit_code, "reason", reason,
				       strlen(reason), "message", msg, strlen(msg), "restarted", restarted);
	if (d->about.last_exit && !run_path(path, "host.exit"))
		json_dump_file(d->about.last_exit, path, JSON_COMPACT);
}

/* ---- taking over, and giving back ---- */

static int load(struct daemon *d, char *error)
{
	int rc = topology_read(&d->topology, error);

	if (rc)
		return rc;
	d->loader = loader_load(&d->topology, &d->lh.pools, d->watchdog_ms, error);
	if (!d->loader)
		return -EIO;
	d->kvm_ns = 0;
	return 0;
}

/* The VMs are looked after in what is loaded from now on. Once a life: what they were given goes over with it. */
static void begin(struct daemon *d)
{
	live_host_begin(&d->lh, loader_globals(d->loader));
	d->about.online = d->topology.nr_online;
}

/* For the CPUs there are now: in the programs that are loaded, which takes a moment, ... */
static int load_again(struct daemon *d, char *error)
{
	int rc = -EBUSY;

	for (int i = 0; rc == -EBUSY && i < 500; i++) {
		if (i)
			usleep(10000);
		rc = topology_read(&d->topology, error);
		if (!rc)
			rc = loader_again(d->loader, &d->topology, &d->lh.pools, error);
	}
	return rc;
}

/* ... or in programs that are loaded anew, which takes seconds. */
static int load_anew(struct daemon *d, char *error)
{
	loader_close(d->loader);
	d->loader = NULL;
	d->about.kvm = false;
	return load(d, error);
}

static void watch_kvm(struct daemon *d, s64 now)
{
	int rc;

	if (d->about.kvm || now < d->kvm_ns)
		return;
	rc = loader_attach_kvm(d->loader);
	d->about.kvm = !rc;
	if (rc && !d->kvm_ns)
		say(d, "KVM can't be watched (%s); is the kvm module loaded? Trying on", strerror(-rc));
	else if (!rc)
		say(d, "watching KVM: %s",
		    loader_globals(d->loader)->knows_kvm ? "who is in KVM_RUN" : "every VM entry");
	d->kvm_ns = now + KVM_RETRY_NS;
}

/* What turns go by is watched while some pool has any of them; what can't be is told once. */
static void watch_guests(struct daemon *d, s64 now)
{
	host_t *h = d->lh.g->host;
	bool wanted = false;

	if (!d->about.kvm || now < d->guests_ns)
		return;
	for (u32 i = 0; i < h->limits.pools; i++)
		wanted |= h->pools[i].used && h->pools[i].assist.on;
	if (!loader_watch_guests(d->loader, wanted, d->guests_error)) {
		d->about.guests = wanted ? "watched" : "not needed";
		return;
	}
	if (d->about.guests != d->guests_error)
		say(d, "turns go by KVM's yields alone: %s", d->guests_error);
	d->about.guests = d->guests_error;
	d->guests_ns = now + KVM_RETRY_NS;
}

/*
 * A CPU that went on or off line after the topology was read and before the kernel switched to the scheduler: the
 * kernel tells of none of these. -EAGAIN: there was one.
 */
static int same_cpus(struct daemon *d, char *error)
{
	struct topology now;
	int rc = topology_read(&now, error);

	if (!rc && memcmp(now.online, d->topology.online, sizeof(now.online)))
		rc = live_fail(error, -EAGAIN, "a CPU went on or off line meanwhile");
	return rc;
}

static int attach(struct daemon *d, char *error)
{
	struct live_globals *g = loader_globals(d->loader);
	int rc = loader_attach(d->loader, error);

	if (rc)
		return rc;
	for (int i = 0; !scx_is_rota(); i++) {
		if (g->exit_kind)
			return live_fail(error, -EIO, "the scheduler was left at once: %.127s %.127s", g->exit_reason,
					 g->exit_msg);
		if (i == 1000)
			return live_fail(error, -ETIMEDOUT, "the kernel did not switch to the scheduler within 10 s");
		usleep(10000);
	}
	d->attached_ns = live_now();
	rc = same_cpus(d, error);
	if (!rc)
		watch_kvm(d, d->attached_ns);
	return rc;
}

/* The kernel asks to come again, with the CPUs as they are now. */
static int restart(struct daemon *d, char *error)
{
	int rc = -EIO;

	d->about.restarts++;
	d->quick_restarts = live_now() - d->attached_ns < 1000 * MSEC ? d->quick_restarts + 1 : 0;
	if (d->quick_restarts > MAX_RESTARTS)
		return live_fail(error, rc, "%d restarts in a row, each within a second; giving up", MAX_RESTARTS);
	/* The change of CPUs that caused it may still be under way, and more of them. */
	for (int i = 0; rc && i < 10; i++) {
		usleep(i ? 200000 : 50000);
		rc = i < 8 ? load_again(d, error) : load_anew(d, error);
		if (!rc)
			rc = attach(d, error);
		if (rc)
			say(d, "restart, try %d: %s", i + 1, error);
	}
	if (!rc)
		begin(d);
	return rc;
}

/* ---- the loop ---- */

static void set_timer(struct daemon *d, u32 ms)
{
	struct itimerspec t = { .it_value.tv_nsec = ms * 1000000L, .it_interval.tv_nsec = ms * 1000000L };

	if (ms == d->timer_ms)
		return;
	d->timer_ms = ms;
	timerfd_settime(d->timer, 0, &t, NULL);
}

/* Was the scheduler left? 0 no, or yes and it is back; else a negated errno. */
static int watch_scheduler(struct daemon *d, char *error)
{
	struct live_globals *g = d->lh.g;
	bool again;
	int rc;

	if (!__atomic_load_n(&g->exit_kind, __ATOMIC_ACQUIRE))
		return 0;
	again = (u64)g->exit_code & SCX_ECODE_ACT_RESTART;
	say(d, "the kernel left the scheduler: %.127s%s%.127s (kind %u, code %#" PRIx64 ")", g->exit_reason,
	    g->exit_msg[0] ? ": " : "", g->exit_msg, g->exit_kind, (u64)g->exit_code);
	note_exit(d, again);
	if (!again && d->log)
		postmortem(&d->lh, d->log);
	if (!again)
		return live_fail(error, -EIO, "the kernel left the scheduler: %.127s%s%.127s", g->exit_reason,
				 g->exit_msg[0] ? ": " : "", g->exit_msg);
	rc = restart(d, error);
	if (!rc)
		say(d, "scheduling again, on %u CPUs", d->topology.nr_online);
	return rc;
}

static int look_around(struct daemon *d, char *error)
{
	s64 now = live_now();
	int rc = watch_scheduler(d, error);

	if (rc)
		return rc;
	watch_kvm(d, now);
	watch_guests(d, now);
	live_host_poll(&d->lh, now);
	d->front_ops->tick(d->front, now);
	set_timer(d, live_host_busy(&d->lh) ? COMMAND_MS : LOOK_MS);
	return 0;
}

static int loop(struct daemon *d, char *error)
{
	for (;;) {
		struct epoll_event events[16];
		int n = epoll_wait(d->epoll, events, 16, 1000), rc;
		u64 ticks;

		for (int i = 0; i < n; i++) {
			u64 what = events[i].data.u64;
			struct signalfd_siginfo sig;

			if (what & DAEMON_FRONT_EVENT) {
				d->front_ops->event(d->front, what, events[i].events);
			} else if (what == (u64)d->timer) {
				if (read(d->timer, &ticks, sizeof(ticks)) < 0)
					continue;
			} else if (read(d->signals, &sig, sizeof(sig)) == sizeof(sig)) {
				say(d, "ended by signal %u of process %u", sig.ssi_signo, sig.ssi_pid);
				return 0;
			}
		}
		rc = look_around(d, error);
		if (rc)
			return rc;
	}
}

static void listen_to(struct daemon *d, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = (u64)fd };

	epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &e);
}

static int open_loop(struct daemon *d, char *error)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	d->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (d->epoll < 0 || d->timer < 0 || d->signals < 0)
		return live_fail(error, -errno, "the loop can't be set up: %s", strerror(errno));
	listen_to(d, d->timer);
	listen_to(d, d->signals);
	set_timer(d, LOOK_MS);
	d->front = d->front_ops->open(&d->lh, &d->about, d->epoll, error);
	return d->front ? 0 : -EIO;
}

/* From the checks to the end. Tells through *report (a pipe, -1 none) when it schedules, and closes it then. */
static int serve(struct daemon *d, const struct daemon_options *options, int *report, char *error)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	int rc = preflight(error);

	if (!rc)
		rc = make_run_dir(error);
	if (!rc)
		rc = take_lock(error);
	if (rc)
		return rc;
	d->log = open_log();
	loader_log_to(d->log, options->verbose);
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	if (!options->dry_run)
		pins_recover();
	rc = load(d, error);
	if (rc)
		return rc;
	begin(d);
	if (options->dry_run) {
		printf("rota: host: dry run: the kernel accepts all %u programs; %u CPUs on %u cores and %u nodes "
		       "would be scheduled by %s. Nothing was changed.\n",
		       loader_programs(d->loader), d->topology.nr_online, d->topology.nr_cores, d->topology.nr_nodes,
		       options->sched);
		return 0;
	}
	rc = open_loop(d, error);
	if (!rc)
		rc = attach(d, error);
	if (rc == -EAGAIN)
		rc = restart(d, error);
	if (rc)
		return rc;
	d->about.since_unix = time(NULL);
	say(d, "scheduling by %s on %u CPUs", options->sched, d->topology.nr_online);
	if (*report >= 0) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		if (write(*report, &(char){ 0 }, 1) != 1)
			return live_fail(error, -EPIPE, "the command that started the live host is gone");
		close(*report);
		*report = -1;
	}
	return loop(d, error);
}

static int serve_and_close(const struct daemon_options *options, const struct daemon_front *front, int *report,
			   char *error)
{
	struct daemon *d = calloc(1, sizeof(*d));
	int rc;

	if (!d)
		return live_fail(error, -ENOMEM, "out of memory");
	d->lh.no_helpers = options->no_helpers;
	d->lh.pools.pool[0].used = true;
	d->lh.pools.pool[0].sched = (u32)sched_find(options->sched);
	d->watchdog_ms = options->watchdog_s * 1000;
	d->about.sched = options->sched;
	d->about.guests = "not needed";
	d->about.last_exit = daemon_last_exit();
	d->front_ops = front;
	d->foreground = options->foreground;
	rc = serve(d, options, report, error);
	/* First the scheduler: whatever else goes wrong, the machine is given back. */
	loader_close(d->loader);
	d->foreground = false;
	if (rc)
		say(d, "%s", error);
	if (d->front)
		d->front_ops->close(d->front);
	json_decref(d->about.last_exit);
	if (d->log)
		fclose(d->log);
	live_host_end(&d->lh);
	free(d);
	return rc;
}

/* The child writes 0 to the pipe when it schedules, or 1 and the sentence. */
static int start_in_background(const struct daemon_options *options, const struct daemon_front *front, char *error)
{
	char text[LIVE_ERROR_LEN + 1];
	ssize_t n, got = 0;
	int fds[2], rc;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return live_fail(error, -errno, "no pipe: %s", strerror(errno));
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return live_fail(error, -errno, "no process for the live host: %s", strerror(errno));
	if (pid) {
		close(fds[1]);
		while ((n = read(fds[0], text + got, sizeof(text) - 1 - (size_t)got)) > 0 || (n < 0 && errno == EINTR))
			got += n > 0 ? n : 0;
		close(fds[0]);
		text[got] = '\0';
		if (!got)
			return live_fail(error, -EIO, "the live host died while it started; see %s/host.log",
					 LIVE_RUN_DIR);
		return text[0] ? live_fail(error, -EIO, "%s", text + 1) : 0;
	}
	close(fds[0]);
	setsid();
	if (chdir("/"))
		_exit(1);
	rc = serve_and_close(options, front, &fds[1], error);
	if (rc && fds[1] >= 0) {
		signal(SIGPIPE, SIG_IGN);
		text[0] = 1;
		snprintf(text + 1, sizeof(text) - 1, "%s", error);
		n = write(fds[1], text, strlen(text));
	}
	_exit(rc ? 1 : 0);
}

int daemon_start(const struct daemon_options *options, const struct daemon_front *front, char *error)
{
	pid_t pid;

	if (loader_missing())
		return live_fail(error, -ENOTSUP, "%s", loader_missing());
	if (sched_find(options->sched) < 0)
		return live_fail(error, -EINVAL,
				 "there is no scheduler '%s'; there are: credit, credit2, sedf, rtds, rtxen",
				 options->sched);
	if (live_exclusive((u32)sched_find(options->sched)))
		return live_fail(
			error, -EINVAL,
			"%s gives a pCPU to none but the vCPU it belongs to, and this machine's own tasks need Pool-0; "
			"start another (credit, credit2, sedf, rtds, rtxen), then make a cpupool of %s for VMs",
			options->sched, options->sched);
	/* Said first: the scheduler of the rota that runs would be the next complaint. */
	pid = daemon_running();
	if (pid)
		return live_fail(error, -EBUSY, "the live host runs already (process %d); `rota host stop` ends it",
				 (int)pid);
	if (options->foreground || options->dry_run)
		return serve_and_close(options, front, &(int){ -1 }, error);
	return start_in_background(options, front, error);
}

int daemon_stop(char *error)
{
	pid_t pid = daemon_running();
	char state[64];

	if (!pid)
		return live_fail(error, -ESRCH, "the live host is not running");
	if (kill(pid, SIGTERM))
		return live_fail(error, -errno, "process %d can't be ended: %s", (int)pid, strerror(errno));
	for (int i = 0; i < 1500; i++) {
		scx_state(state, sizeof(state));
		if (!daemon_running() && (!*state || !strcmp(state, "disabled")))
			return 0;
		usleep(10000);
	}
	return live_fail(error, -ETIMEDOUT, "process %d was told to end but has not within 15 s; kill -9 %d is safe",
			 (int)pid, (int)pid);
}
