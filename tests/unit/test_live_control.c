/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Description: the live host without a kernel: the core laid out as for BPF, the mailbox obeyed by a thread of this
 * test in the BPF side's place, and real clients on rotad's socket. Good and bad requests, settings that come back
 * after a restart, VMs that come and go, caps that wait for vCPUs, clients that send junk, too much, or nothing.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "control/client.h"
#include "control/kvm_host.h"
#include "control/rotad.h"
#include "kvm/files.h"
#include "kvm/layout.h"

static char root[64]; /* short: a socket lies below it, whose path may have 107 letters */
static struct topology topology;
static struct live_globals globals;
static struct live_host *lh;
static struct live_about about;
static void *front;
static pthread_t kernel;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the core's objects: the thread changes them too */
static volatile bool ends;
static void *arena;
static int epoll;
static volatile bool deaf; /* the BPF side does not answer */
static char error[LIVE_ERROR_LEN];

/* What the kernel's side does about pools is the same source here. */
#define live globals
static pcpu_t *pcpu_of(host_t *h, u32 cpu)
{
	return &h->pcpus[cpu];
}

static vcpu_t *container_of_cpu(u32 cpu)
{
	return &globals.host->vcpus[cpu];
}
#include "kvm/pool.bpf.c"
#undef live

static u32 scheduler; /* of the host */

static char tables[8 * LIVE_SYMBOL_BYTES]; /* symbol tables of the first domains */

static void lay_out(void)
{
	struct live_pools pools = { 0 };

	pthread_mutex_lock(&lock);
	free(arena);
	arena = aligned_alloc(4096, (layout_size(&topology) + 4095) / 4096 * 4096);
	assert_non_null(arena);
	memset(arena, 0, layout_size(&topology));
	memset(&globals, 0, sizeof(globals));
	if (lh)
		pools = lh->pools;
	pools.pool[0].used = true;
	pools.pool[0].sched = scheduler;
	assert_int_equal(layout_host(arena, &topology, &pools, &globals, error), 0);
	globals.symbols = tables;
	pthread_mutex_unlock(&lock);
}

static sched_call_t *call(void)
{
	globals.calls[0].now = live_now();
	return &globals.calls[0];
}

/* Schedule on every pCPU until nothing is wanted any more, as dispatch does: containers have nothing in them. */
static void dispatch_all(void)
{
	host_t *h = globals.host;

	for (int round = 0; round < 4; round++)
		for (u32 c = 0; c < 2; c++) {
			pcpu_t *p = &h->pcpus[c];
			sched_call_t *cx = &globals.calls[c];

			cx->now = live_now();
			if (p->resched)
				schedule(cx);
			if (p->prev)
				context_saved(cx);
			if (p->curr == container_of_cpu(c))
				vcpu_block(cx, p->curr);
		}
}

/* What the BPF side does with the mailbox. */
static void obey_locked(void)
{
	struct live_mailbox *m = globals.mailbox;
	host_t *h = globals.host;

	if (deaf || __atomic_load_n(&m->seq, __ATOMIC_ACQUIRE) == m->done)
		return;
	m->result = -SCHED_EINVAL;
	if (m->op == LIVE_ADJUST) {
		m->result = sched_adjust(call(), &h->domains[m->domain], m->a, m->b);
	} else if (m->op == LIVE_PARAMS) {
		m->result = sched_adjust_global_credit(call(), &h->pools[m->pool], &m->params);
	} else if (m->op == LIVE_CREDIT2) {
		m->result = sched_adjust_global_credit2(call(), &h->pools[m->pool], &m->credit2);
	} else if (m->op == LIVE_RT_POOL) {
		m->result = sched_adjust_global_rt(call(), &h->pools[m->pool], &m->rt_pool, (u32)m->a);
	} else if (m->op == LIVE_ARINC) {
		m->result = sched_adjust_global_arinc653(call(), &h->pools[m->pool], &m->arinc);
	} else if (m->op == LIVE_POOL_CREATE) {
		m->result = create_pool(call(), (u32)m->a);
	} else if (m->op == LIVE_POOL_HIDE) {
		m->result = hide_pool(call(), m->pool);
	} else if (m->op == LIVE_MICRO) {
		m->result = adjust_micro(call(), m->pool);
	} else if (m->op == LIVE_POOL_DESTROY) {
		m->result = destroy_pool(call(), m->pool);
	} else if (m->op == LIVE_CPU_ADD) {
		m->result = add_cpu(call(), m->pool, (u32)m->a);
	} else if (m->op == LIVE_CPU_REMOVE) {
		m->result = remove_cpu(call(), m->pool, (u32)m->a);
	} else if (m->op == LIVE_MOVE) {
		m->result = move_domain(call(), m->domain, m->pool);
	} else if (m->op == LIVE_RT) {
		m->result = sched_adjust_vcpu(call(), &h->vcpus[m->a], &m->rt);
	} else if (m->op == LIVE_SOFT) {
		m->result = vcpu_set_affinity(call(), &h->vcpus[m->a], NULL, &m->cpus);
	} else if (m->op == LIVE_TURNS) {
		m->result = sched_adjust_global_assist(call(), &h->pools[m->pool], &m->turns);
	} else if (m->op == LIVE_SYMBOLS) {
		h->domains[m->domain].assist.symbols =
			m->a ? (symbol_table_t *)(globals.symbols + (size_t)m->domain * LIVE_SYMBOL_BYTES) : NULL;
		m->result = 0;
	} else if (m->op == LIVE_REAP && !globals.domains[m->domain].threads) {
		m->result = domain_destroy(call(), &h->domains[m->domain]);
		if (!m->result)
			globals.domains[m->domain].tgid = 0;
	}
	__atomic_store_n(&m->done, m->seq, __ATOMIC_RELEASE);
	if (m->op >= LIVE_POOL_CREATE && m->op <= LIVE_MOVE)
		dispatch_all();
}

static void obey(void)
{
	pthread_mutex_lock(&lock);
	obey_locked();
	pthread_mutex_unlock(&lock);
}

static void *obey_always(void *unused)
{
	while (!ends) {
		obey();
		usleep(100);
	}
	return unused;
}

/* A VM of process @tgid with so many threads, as the BPF side would make it. */
static u32 add_vm(u32 tgid, u32 vcpus)
{
	domain_t *d;

	pthread_mutex_lock(&lock);
	d = domain_create(call(), &globals.host->pools[0], -1);
	assert_non_null(d);
	globals.domains[d->id].tgid = tgid;
	globals.domains[d->id].generation++;
	globals.domains[d->id].threads = 0;
	for (u32 i = 0; i < vcpus; i++) {
		vcpu_t *v = vcpu_create(call(), d, NULL, NULL);

		v->pause_flags = VPF_blocked;
		globals.vcpus[v->index].pid = tgid + i;
		globals.domains[d->id].threads++;
	}
	pthread_mutex_unlock(&lock);
	return d->id;
}

static void settle(void)
{
	for (int i = 0; i < 20; i++) {
		live_host_poll(lh, live_now());
		obey();
	}
}

static int start_with(u32 sched)
{
	char path[512];

	scheduler = sched;
	strcpy(root, "/tmp/rota-XXXXXX");
	assert_non_null(mkdtemp(root));
	setenv("ROTA_ROOT", root, 1);
	for (const char **dir = (const char *[]){ "/run", LIVE_RUN_DIR, NULL }; *dir; dir++) {
		snprintf(path, sizeof(path), "%s%s", root, *dir);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	/* Three CPUs, the last off line. */
	memset(&topology, 0, sizeof(topology));
	topology.nr_cpus = topology.nr_cores = 3;
	topology.nr_nodes = 1;
	topology.core_of[1] = 1;
	topology.core_of[2] = 2;
	topology.online[0] = 3;
	topology.nr_online = 2;
	lh = NULL;
	lay_out();
	deaf = false;
	lh = calloc(1, sizeof(*lh));
	about = (struct live_about){ .sched = sched_name(sched), .online = 2 };
	lh->no_helpers = true; /* these VMs are no processes */
	lh->pools.pool[0].used = true;
	lh->pools.pool[0].sched = sched;
	live_host_begin(lh, &globals);
	epoll = epoll_create1(0);
	kvm_front_options = (struct kvm_front_options){ .no_config = true };
	snprintf(path, sizeof(path), "%s/s", root);
	setenv("ROTA_SOCKET", path, 1);
	front = kvm_front.open(lh, &about, epoll, error);
	assert_non_null(front);
	ends = false;
	assert_int_equal(pthread_create(&kernel, NULL, obey_always, NULL), 0);
	return 0;
}

static int start(void **state)
{
	(void)state;
	return start_with(SCHED_ID_credit);
}

static int start_credit2(void **state)
{
	(void)state;
	return start_with(SCHED_ID_credit2);
}

static int start_rtxen(void **state)
{
	(void)state;
	return start_with(SCHED_ID_rtxen);
}

static int end(void **state)
{
	char command[300];

	(void)state;
	ends = true;
	pthread_join(kernel, NULL);
	if (front)
		kvm_front.close(front);
	close(epoll);
	live_host_end(lh);
	free(lh);
	free(arena);
	arena = NULL;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static int client(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", root);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* The daemon's loop, for as long as there is something to do. */
static void serve(void)
{
	struct epoll_event events[8];
	int n, quiet = 0;

	while (quiet < 5) {
		n = epoll_wait(epoll, events, 8, 1);
		quiet = n ? 0 : quiet + 1;
		for (int i = 0; i < n; i++)
			kvm_front.event(front, events[i].data.u64, events[i].events);
		live_host_poll(lh, live_now());
	}
}

/* The answer to a line on a connection; NULL: none came. */
static json_t *answer_on(int fd, const char *line)
{
	static char text[1 << 20];
	size_t got = 0;
	ssize_t n;

	if (line)
		assert_int_equal(send(fd, line, strlen(line), MSG_NOSIGNAL), strlen(line));
	serve();
	while ((n = recv(fd, text + got, sizeof(text) - got, MSG_DONTWAIT)) > 0) {
		got += (size_t)n;
		if (text[got - 1] == '\n')
			return json_loadb(text, got, 0, NULL);
		serve();
	}
	return NULL;
}

static json_t *answer(const char *line)
{
	int fd = client();
	json_t *a = answer_on(fd, line);

	close(fd);
	serve();
	return a;
}

/* A request that must be refused, with these words. */
static void refused(const char *line, const char *words)
{
	json_t *a = answer(line);
	const char *said = json_string_value(json_object_get(a, "error"));

	if (!said || !strstr(said, words))
		print_message("%s -> %s, wanted '%s'\n", line, said ? said : "no error", words);
	assert_true(said && strstr(said, words));
	json_decref(a);
}

static void accepted(const char *line)
{
	json_t *a = answer(line);
	const char *said = json_string_value(json_object_get(a, "error"));

	if (said)
		print_message("%s -> %s\n", line, said);
	assert_true(a && !said);
	json_decref(a);
}

static json_int_t number(json_t *a, const char *list, size_t i, const char *key)
{
	json_t *v = json_object_get(json_array_get(json_object_get(a, list), i), key);

	assert_true(json_is_integer(v));
	return json_integer_value(v);
}

static const char *text(json_t *a, const char *list, size_t i, const char *key)
{
	const char *s = json_string_value(json_object_get(json_array_get(json_object_get(a, list), i), key));

	return s ? s : "";
}

#define V1 "{\"version\":1,\"verb\":"

static void test_layout(void **state)
{
	host_t *h = globals.host;

	(void)state;
	assert_int_equal(h->nr_domains, 1);
	assert_int_equal(h->nr_vcpus, 3);
	assert_int_equal(h->pools[0].nr_cpus, 2);
	for (u32 c = 0; c < 3; c++) {
		assert_int_equal(h->vcpus[c].id, c);
		assert_int_equal(h->vcpus[c].domain->id, LIVE_DOM0);
		assert_int_equal(h->vcpus[c].pause_flags, c < 2 ? VPF_blocked : VPF_down);
		assert_int_equal(h->pcpus[c].resched, 0);
		assert_int_equal(globals.calls[c].cpu, c);
	}
	assert_true(mask_test(&h->vcpus[1].hard, 1) && !mask_test(&h->vcpus[1].hard, 0));
	assert_true(h->pcpus[0].deadline_ns != TIME_NEVER);
}

static void test_lists(void **state)
{
	u32 id = add_vm(4711, 2);
	json_t *a;

	(void)state;
	settle();
	a = answer(V1 "\"list\"}\n");
	assert_int_equal(json_array_size(json_object_get(a, "domains")), 2);
	assert_string_equal(text(a, "domains", 0, "name"), "Domain-0");
	assert_int_equal(number(a, "domains", 0, "vcpus"), 2);
	assert_string_equal(text(a, "domains", 1, "name"), "vm-4711");
	assert_string_equal(text(a, "domains", 1, "state"), "-b----");
	assert_int_equal(number(a, "domains", 1, "id"), id);
	json_decref(a);
	a = answer(V1 "\"vcpu-list\",\"domain\":0}\n");
	assert_int_equal(json_array_size(json_object_get(a, "vcpus")), 3);
	assert_string_equal(text(a, "vcpus", 1, "hard"), "1");
	assert_string_equal(text(a, "vcpus", 1, "soft"), "all");
	assert_string_equal(text(a, "vcpus", 1, "state"), "-b-");
	assert_string_equal(text(a, "vcpus", 2, "state"), "--p");
	json_decref(a);
	a = answer(V1 "\"status\"}\n");
	assert_true(json_is_true(json_object_get(a, "running")));
	assert_int_equal(json_integer_value(json_object_get(a, "domains")), 2);
	json_decref(a);
}

static void test_settings(void **state)
{
	u32 id = add_vm(100, 2);
	domain_t *d = &globals.host->domains[id];
	struct credit_params *p = &globals.host->pools[0].credit.params;

	(void)state;
	settle();
	accepted(V1 "\"sched-domain\",\"sched\":\"credit\",\"domain\":\"vm-100\",\"weight\":512,\"cap\":150}\n");
	assert_int_equal(d->weight, 512);
	assert_int_equal(d->cap, 150);
	accepted(V1 "\"sched-domain\",\"sched\":\"credit\",\"domain\":1,\"cap\":-1,\"weight\":7}\n");
	assert_int_equal(d->cap, 150);
	assert_int_equal(d->weight, 7);
	accepted(V1 "\"sched-pool\",\"sched\":\"credit\",\"tslice_ms\":5}\n");
	assert_true(p->tslice_ns == 5 * MSEC && p->ratelimit_ns == 100 * USEC);
	refused(V1 "\"sched-domain\",\"sched\":\"credit\",\"domain\":1,\"weight\":0}\n", "from 1 to 65535");
	refused(V1 "\"sched-domain\",\"sched\":\"credit\",\"domain\":1,\"weight\":65536}\n", "from 1 to 65535");
	refused(V1 "\"sched-domain\",\"sched\":\"credit\",\"domain\":1,\"cap\":201}\n", "from 0 to 200");
	refused(V1 "\"sched-domain\",\"sched\":\"credit\",\"domain\":1,\"cap\":-2}\n", "from 0 to 200");
	refused(V1 "\"sched-domain\",\"sched\":\"credit\",\"domain\":1,\"cap\":4294967296}\n", "from 0 to 200");
	refused(V1 "\"sched-domain\",\"sched\":\"credit\",\"domain\":1,\"cap\":\"5\"}\n", "whole number");
	refused(V1 "\"sched-domain\",\"sched\":\"credit\",\"weight\":5}\n", "needs domain");
	refused(V1 "\"sched-pool\",\"sched\":\"credit\",\"tslice_ms\":0}\n", "from 1 to 1000");
	refused(V1 "\"sched-pool\",\"sched\":\"credit\",\"tslice_ms\":9223372036854775807}\n", "from 1 to 1000");
	refused(V1 "\"sched-pool\",\"sched\":\"credit\",\"ratelimit_us\":99}\n", "from 100 to 500000");
	refused(V1 "\"sched-pool\",\"sched\":\"credit\",\"ratelimit_us\":6000}\n", "greater than timeslice");
	refused(V1 "\"sched-pool\",\"sched\":\"credit\",\"migration_delay_us\":100001}\n", "<= 100000us");
	assert_true(d->weight == 7 && d->cap == 150 && p->tslice_ns == 5 * MSEC);
}

static void test_bad_requests(void **state)
{
	(void)state;
	refused("\n", "one JSON object");
	refused("[]\n", "one JSON object");
	refused("{\"version\":1,\"verb\":\"list\",\"verb\":\"x\"}\n", "one JSON object");
	refused("{\"verb\":\"list\"}\n", "version 1");
	refused("{\"version\":2,\"verb\":\"list\"}\n", "version 1");
	refused("{\"version\":1}\n", "needs a verb");
	refused(V1 "\"nosuch\"}\n", "no verb 'nosuch'");
	refused(V1 "\"destroy\",\"domain\":0}\n", "Not destroying domain 0");
	/* What the kernel's side has no command for. */
	refused(V1 "\"vcpu-pin\",\"domain\":0,\"vcpu\":0,\"hard\":\"0\"}\n", "the host's own tasks");
	refused(V1 "\"pause\",\"domain\":0}\n", "Domain-0 is the host itself");
	refused(V1 "\"unpause\",\"domain\":0}\n", "Invalid argument");
	refused(V1 "\"rename\",\"domain\":0,\"name\":\"x\"}\n", "keeps its name");
	refused(V1 "\"create\",\"config\":{\"name\":\"x\"}}\n", "come by themselves");
	refused(V1 "\"sched-domain\",\"sched\":\"credit2\",\"domain\":0,\"weight\":5}\n", "scheduled by credit");
	refused(V1 "\"list\",\"domain\":[]}\n", "name or a number");
	refused(V1 "\"list\",\"domain\":\"nosuch\"}\n", "nosuch is an invalid domain identifier");
	refused(V1 "\"list\",\"domain\":-1}\n", "-1 is an invalid domain identifier");
	refused(V1 "\"list\",\"domain\":99999999999}\n", "99999999999 is an invalid domain identifier");
	refused(V1 "\"fault\",\"kind\":\"stall\"}\n", "faults are for tests");
}

static void test_clients(void **state)
{
	static char junk[PROTOCOL_MAX_REQUEST + 2];
	int fds[PROTOCOL_MAX_CLIENTS + 5], fd = client();
	json_t *a;

	(void)state;
	/* Two requests at once, then one in pieces. */
	assert_null(answer_on(fd, "{\"version\":1,"));
	a = answer_on(fd, "\"verb\":\"sched\",\"sched\":\"credit\"}\n");
	assert_int_equal(json_array_size(json_object_get(a, "pools")), 1);
	json_decref(a);
	/* A line without an end is refused, and the connection with it. */
	memset(junk, 'x', sizeof(junk) - 1);
	a = answer_on(fd, junk);
	assert_non_null(json_object_get(a, "error"));
	json_decref(a);
	assert_true(recv(fd, junk, 1, 0) <= 0);
	close(fd);
	/* More clients than there is room for: the silent make room, the last is served. */
	for (int i = 0; i < PROTOCOL_MAX_CLIENTS + 5; i++) {
		fds[i] = client();
		serve();
	}
	accepted(V1 "\"list\"}\n");
	for (int i = 0; i < PROTOCOL_MAX_CLIENTS + 5; i++)
		close(fds[i]);
	/* Who is silent for long is left. */
	serve();
	fd = client();
	serve();
	kvm_front.tick(front, live_now() + 31 * 1000 * MSEC);
	assert_int_equal(recv(fd, junk, 1, MSG_DONTWAIT), 0);
	close(fd);
	/* One who asks, and does not wait for the answer. */
	fd = client();
	assert_int_equal(send(fd, V1 "\"sched-pool\",\"sched\":\"credit\",\"tslice_ms\":9}\n",
			      strlen(V1 "\"sched-pool\",\"sched\":\"credit\",\"tslice_ms\":9}\n"), MSG_NOSIGNAL),
			 strlen(V1 "\"sched-pool\",\"sched\":\"credit\",\"tslice_ms\":9}\n"));
	serve();
	close(fd);
	serve();
	assert_true(globals.host->pools[0].credit.params.tslice_ns == 9 * MSEC);
	accepted(V1 "\"list\"}\n");
}

static void test_deaf_kernel(void **state)
{
	(void)state;
	deaf = true;
	refused(V1 "\"sched-pool\",\"sched\":\"credit\",\"tslice_ms\":9}\n", "within 5 s");
	/* It comes to after all: the next request is its own. */
	deaf = false;
	usleep(100000);
	accepted(V1 "\"sched-pool\",\"sched\":\"credit\",\"tslice_ms\":11}\n");
	assert_true(globals.host->pools[0].credit.params.tslice_ns == 11 * MSEC);
}

static void test_vms_come_and_go(void **state)
{
	host_t *h = globals.host;
	u32 id = add_vm(100, 1);

	(void)state;
	settle();
	assert_int_equal(live_host_find(lh, "vm-100"), id);
	/* A cap of 150 waits for the second vCPU. */
	lh->vms[id].cap = 150;
	settle();
	assert_int_equal(h->domains[id].cap, 100);
	pthread_mutex_lock(&lock);
	vcpu_create(call(), &h->domains[id], NULL, NULL);
	pthread_mutex_unlock(&lock);
	settle();
	assert_int_equal(h->domains[id].cap, 150);
	/* Its threads are gone, and so is it. */
	globals.domains[id].threads = 0;
	settle();
	assert_false(h->domains[id].used);
	assert_int_equal(live_host_find(lh, "vm-100"), -ENOENT);
	assert_int_equal(h->nr_vcpus, 3);
	/* Another VM in its place. */
	assert_int_equal(add_vm(200, 1), id);
	settle();
	assert_int_equal(live_host_find(lh, "vm-200"), id);
	assert_int_equal(h->domains[id].cap, 0);
	for (u32 i = 0; i < 200; i++) {
		u32 n = add_vm(1000 + i, 1 + i % 4);

		settle();
		globals.domains[n].threads = 0;
		settle();
	}
	assert_int_equal(h->nr_domains, 2);
	assert_int_equal(h->nr_vcpus, 4);
}

/* Two VMs of one name are told apart; one started anew has the name to itself while the core still has the old one. */
static void test_name_again(void **state)
{
	u32 id = add_vm(100, 1), next;

	(void)state;
	settle();
	strcpy(lh->vms[id].name, "vm-300");
	next = add_vm(300, 1);
	settle();
	assert_string_equal(lh->vms[next].name, "vm-300-300");
	globals.domains[next].threads = 0;
	settle();
	deaf = true;
	globals.domains[id].threads = 0;
	next = add_vm(300, 1);
	settle();
	assert_true(globals.host->domains[id].used);
	assert_int_equal(live_host_find(lh, "vm-300"), next);
	deaf = false;
	settle();
	assert_false(globals.host->domains[id].used);
}

static void test_restart(void **state)
{
	(void)state;
	add_vm(50, 1);
	add_vm(60, 2);
	settle();
	accepted(V1 "\"sched-domain\",\"sched\":\"credit\",\"domain\":\"vm-60\",\"weight\":1000,\"cap\":120}\n");
	accepted(V1 "\"sched-domain\",\"sched\":\"credit\",\"domain\":0,\"weight\":2000}\n");
	accepted(V1 "\"sched-pool\",\"sched\":\"credit\",\"tslice_ms\":5}\n");
	for (int i = 0; i < 2; i++) {
		u32 id;

		/* As it is left, each VM's threads go; nobody may take that for the end of the VM. */
		globals.domains[1].threads = globals.domains[2].threads = 0;
		settle();
		lay_out();
		live_host_begin(lh, &globals);
		id = add_vm(60, 2); /* the other way round, and with another number */
		add_vm(50, 1);
		settle();
		assert_int_equal(globals.host->domains[id].weight, 1000);
		assert_int_equal(globals.host->domains[id].cap, 120);
		assert_int_equal(globals.host->domains[live_host_find(lh, "vm-50")].weight, 256);
		assert_int_equal(globals.host->domains[LIVE_DOM0].weight, 2000);
		assert_true(globals.host->pools[0].credit.params.tslice_ns == 5 * MSEC);
	}
}

/* A process that is to be a VM: its only thread the vCPU. */
static pid_t start_process(void)
{
	char path[512];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/proc", root);
	assert_int_equal(symlink("/proc", path), 0);
	pid = fork();
	if (!pid)
		for (;;)
			pause();
	assert_true(pid > 0);
	return pid;
}

static char state_of(pid_t pid)
{
	char path[64], line[256] = "", *at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f || !fgets(line, sizeof(line), f))
		line[0] = '\0';
	if (f)
		fclose(f);
	at = strrchr(line, ')');
	return at ? at[2] : '-';
}

static bool runs_on(pid_t pid, int cpu)
{
	cpu_set_t cpus;

	assert_int_equal(sched_getaffinity(pid, sizeof(cpus), &cpus), 0);
	return CPU_ISSET(cpu, &cpus);
}

static void test_pins(void **state)
{
	pid_t pid = start_process();
	u32 id = add_vm((u32)pid, 1);
	vcpu_t *v = link_of(globals.host->domains[id].vcpus.next, vcpu_t, domain_link);
	json_t *a;

	(void)state;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		skip();
	}
	settle();
	accepted(V1 "\"vcpu-pin\",\"domain\":1,\"vcpu\":0,\"hard\":\"1\"}\n");
	assert_true(runs_on(pid, 1) && !runs_on(pid, 0));
	refused(V1 "\"vcpu-pin\",\"domain\":1,\"vcpu\":0,\"hard\":\"2\"}\n", "affinity map is empty");
	accepted(V1 "\"vcpu-pin\",\"domain\":1,\"vcpu\":\"all\",\"soft\":\"0\"}\n");
	assert_true(mask_test(&v->soft, 0) && !mask_test(&v->soft, 1));
	refused(V1 "\"vcpu-set\",\"domain\":1,\"count\":2}\n", "maxcpus is 1");
	/* The name goes with it, and so does the soft affinity, when the kernel's side comes anew. */
	accepted(V1 "\"rename\",\"domain\":1,\"name\":\"web\"}\n");
	lay_out();
	live_host_begin(lh, &globals);
	id = add_vm((u32)pid, 1);
	v = link_of(globals.host->domains[id].vcpus.next, vcpu_t, domain_link);
	settle();
	assert_int_equal(live_host_find(lh, "web"), id);
	assert_true(mask_test(&v->soft, 0) && !mask_test(&v->soft, 1));
	a = answer(V1 "\"vcpu-list\",\"domain\":\"web\"}\n");
	assert_string_equal(text(a, "vcpus", 0, "soft"), "0");
	json_decref(a);
	/* At the end the thread has what it had. */
	live_host_end(lh);
	assert_true(runs_on(pid, 0) && runs_on(pid, 1));
	/* A live host that is killed leaves a note of it. */
	assert_int_equal(pin_thread(&lh->pins, (u32)pid, &(struct cpumask){ .w = { 2 } }), 0);
	assert_false(runs_on(pid, 0));
	pins_recover();
	assert_true(runs_on(pid, 0) && runs_on(pid, 1));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_pauses(void **state)
{
	pid_t pid = start_process();
	int status;
	json_t *a;

	(void)state;
	add_vm((u32)pid, 1);
	settle();
	accepted(V1 "\"pause\",\"domain\":1}\n");
	assert_int_equal(state_of(pid), 't');
	accepted(V1 "\"pause\",\"domain\":1}\n");
	a = answer(V1 "\"list\"}\n");
	assert_string_equal(text(a, "domains", 1, "state"), "--p---");
	json_decref(a);
	accepted(V1 "\"unpause\",\"domain\":1}\n");
	assert_int_equal(state_of(pid), 'S');
	refused(V1 "\"unpause\",\"domain\":1}\n", "Invalid argument");
	/* Paused, and killed: it can die, and is buried. */
	accepted(V1 "\"pause\",\"domain\":1}\n");
	kill(pid, SIGKILL);
	for (int i = 0; i < 2000 && lh->halts.nr; i++) {
		live_host_poll(lh, live_now());
		usleep(1000);
	}
	assert_int_equal(lh->halts.nr, 0);
	assert_true(waitpid(pid, &status, 0) == pid || errno == ECHILD);
}

static u32 pool_of_cpu(u32 cpu)
{
	return globals.host->pcpus[cpu].pool ? globals.host->pcpus[cpu].pool->id : 99;
}

#define CPU(verb, pool, cpu) V1 "\"cpupool-cpu-" verb "\",\"pool\":\"" pool "\",\"cpus\":\"" cpu "\"}\n"

static void test_pools(void **state)
{
	u32 id = add_vm(100, 2);
	host_t *h = globals.host;
	domain_t *d = &h->domains[id];
	json_t *a;

	(void)state;
	settle();
	accepted(V1 "\"sched-domain\",\"sched\":\"credit\",\"domain\":\"vm-100\",\"weight\":700,\"cap\":30}\n");
	accepted(V1 "\"cpupool-create\",\"name\":\"rt\",\"sched\":\"rtds\"}\n");
	refused(V1 "\"cpupool-create\",\"name\":\"rt\",\"sched\":\"credit\"}\n", "already exists");
	refused(V1 "\"cpupool-migrate\",\"domain\":\"vm-100\",\"pool\":\"rt\"}\n", "no pCPU");
	refused(CPU("add", "rt", "1"), "another cpupool has it");
	refused(CPU("remove", "Pool-0", "0"), "Invalid argument");
	refused(CPU("add", "rt", "2"), "the host has 0-2"); /* it is off line */
	/* Free: no pool's, and Domain-0's container there is in no domain. */
	accepted(CPU("remove", "Pool-0", "1"));
	assert_int_equal(pool_of_cpu(1), 99);
	assert_int_equal(globals.vcpus[1].out, 1);
	assert_int_equal(h->domains[LIVE_DOM0].nr_vcpus, 2); /* of pCPU 0 and of that which is off line */
	refused(CPU("remove", "Pool-0", "1"), "Cannot assign");
	accepted(CPU("add", "rt", "1"));
	refused(CPU("add", "rt", "1"), "it is there already");
	assert_int_equal(pool_of_cpu(1), 1);
	assert_true(container_of_cpu(1)->domain->pool == &h->pools[1]);
	assert_true(container_of_cpu(1)->rt_params.period_ns == 5 * MSEC);
	accepted(V1 "\"cpupool-migrate\",\"domain\":\"vm-100\",\"pool\":\"rt\"}\n");
	assert_true(d->pool == &h->pools[1] && d->weight == 700 && d->cap == 30);
	refused(V1 "\"cpupool-migrate\",\"domain\":0,\"pool\":\"rt\"}\n", "Domain-0 stays");
	refused(V1 "\"cpupool-destroy\",\"pool\":\"rt\"}\n", "it has domains");
	refused(CPU("remove", "rt", "1"), "busy");
	assert_int_equal(globals.vcpus[1].out, 0);
	a = answer(V1 "\"list\"}\n");
	assert_int_equal(json_array_size(json_object_get(a, "domains")), 2);
	assert_int_equal(number(a, "domains", 0, "vcpus"), 2);
	assert_string_equal(text(a, "domains", 1, "pool"), "rt");
	json_decref(a);
	a = answer(V1 "\"cpupool-list\"}\n");
	assert_int_equal(number(a, "pools", 1, "domains"), 1);
	json_decref(a);
	/* The kernel's side comes anew: all is as it was. */
	for (int i = 0; i < 2; i++) {
		lay_out();
		h = globals.host;
		live_host_begin(lh, &globals);
		id = add_vm(100, 2);
		d = &h->domains[id];
		settle();
		assert_int_equal(pool_of_cpu(0), 0);
		assert_int_equal(pool_of_cpu(1), 1);
		assert_int_equal(h->pools[1].sched, SCHED_ID_rtds);
		assert_true(d->pool == &h->pools[1] && d->weight == 700 && d->cap == 30);
	}
	/* Domain-0's weight is its in every pool. */
	accepted(V1 "\"sched-domain\",\"sched\":\"credit\",\"domain\":0,\"weight\":900}\n");
	assert_int_equal(container_of_cpu(1)->domain->weight, 900);
	accepted(V1 "\"cpupool-migrate\",\"domain\":\"vm-100\",\"pool\":0}\n");
	assert_true(d->pool == &h->pools[0]);
	accepted(V1 "\"cpupool-destroy\",\"pool\":\"rt\"}\n");
	assert_int_equal(pool_of_cpu(1), 99);
	assert_int_equal(h->nr_domains, 2);
	lay_out();
	h = globals.host;
	live_host_begin(lh, &globals);
	assert_int_equal(pool_of_cpu(1), 99);
	assert_int_equal(globals.vcpus[1].out, 1);
	assert_false(h->pools[1].used);
	accepted(CPU("add", "Pool-0", "1"));
	assert_int_equal(h->domains[LIVE_DOM0].nr_vcpus, 3);
}

#define HIDE V1 "\"cpupool-create\",\"hidden\":true,\"parent\":0,\"name\":"

static void test_hidden_pool(void **state)
{
	host_t *h = globals.host;

	(void)state;
	add_vm(100, 2);
	settle();
	accepted(CPU("remove", "Pool-0", "1"));
	/* Refused, it leaves nothing behind. */
	refused(HIDE "\"micro\",\"micro_slice_us\":5}\n", "slices of 10");
	assert_false(h->pools[1].used);
	/* With a controller, which is there again in another life of the kernel's side. */
	accepted(HIDE "\"micro\",\"micro_mode\":\"adaptive\"}\n");
	lay_out();
	h = globals.host;
	live_host_begin(lh, &globals);
	add_vm(100, 2);
	settle();
	assert_int_equal(h->pools[1].assist.micro.mode, MICRO_ADAPTIVE);
	assert_int_not_equal(h->pcpus[0].timer_ns[TIMER_MICRO], TIME_NEVER);
	accepted(V1 "\"cpupool-destroy\",\"pool\":\"micro\"}\n");
	accepted(HIDE "\"micro\",\"micro_slice_us\":200}\n");
	refused(HIDE "\"second\"}\n", "hidden cpupool already");
	refused(V1 "\"cpupool-migrate\",\"domain\":\"vm-100\",\"pool\":\"micro\"}\n", "hidden");
	for (int i = 0; i < 2; i++) {
		assert_ptr_equal(h->pools[0].assist.hidden, &h->pools[1]);
		assert_true(h->pools[1].assist.micro.slice_ns == 200 * USEC);
		accepted(CPU("add", "micro", "1"));
		refused(CPU("add", "Pool-0", "1"), "another cpupool has it");
		assert_ptr_equal(h->pcpus[1].assist.micro, &h->pools[1]);
		/* The host's tasks there are nobody's. */
		assert_int_equal(globals.vcpus[1].out, 1);
		assert_int_equal(h->domains[LIVE_DOM0].nr_vcpus, 2);
		lay_out();
		h = globals.host;
		live_host_begin(lh, &globals);
		settle();
		assert_ptr_equal(h->pcpus[1].assist.micro, &h->pools[1]);
		assert_int_equal(globals.vcpus[1].out, 1);
		accepted(CPU("remove", "micro", "1"));
		assert_int_equal(pool_of_cpu(1), 99);
	}
	accepted(V1 "\"cpupool-destroy\",\"pool\":\"micro\"}\n");
	accepted(CPU("add", "Pool-0", "1"));
	assert_int_equal(globals.vcpus[1].out, 0);
	assert_int_equal(h->domains[LIVE_DOM0].nr_vcpus, 3);
	assert_null(h->pools[0].assist.hidden);
}

/* The frame's domain in the core's table. */
static u32 framed(u32 i)
{
	return globals.host->pools[1].arinc653.table.frame[i].domain;
}

/* Pools that have their pCPUs for their vCPUs alone: no container there, and a table that knows VMs by name. */
static void test_exclusive_pools(void **state)
{
	u32 a = add_vm(4242, 1), b = add_vm(4343, 1);
	u32 hosts;

	(void)state;
	settle();
	hosts = globals.host->domains[LIVE_DOM0].nr_vcpus;
	accepted(V1 "\"cpupool-cpu-remove\",\"pool\":0,\"cpus\":\"1\"}\n");
	accepted(V1 "\"cpupool-create\",\"name\":\"air\",\"sched\":\"arinc653\"}\n");
	accepted(V1 "\"cpupool-cpu-add\",\"pool\":\"air\",\"cpus\":\"1\"}\n");
	assert_int_equal(globals.host->domains[LIVE_DOM0].nr_vcpus, hosts - 1);
	assert_int_equal(globals.host_domain[1], 0);
	assert_true(globals.vcpus[1].out);
	accepted(V1 "\"cpupool-migrate\",\"domain\":1,\"pool\":\"air\"}\n");
	accepted(V1 "\"cpupool-migrate\",\"domain\":2,\"pool\":\"air\"}\n");
	accepted(V1 "\"rename\",\"domain\":2,\"name\":\"radio\"}\n");
	refused(V1 "\"sched-pool\",\"sched\":\"arinc653\",\"pool\":\"air\",\"frames\":[]}\n", "1 to 64 frames");
	accepted(
		V1
		"\"sched-pool\",\"sched\":\"arinc653\",\"pool\":\"air\",\"frames\":["
		"{\"domain\":\"1\",\"vcpu\":0,\"time_us\":3000},{\"domain\":\"radio\",\"vcpu\":0,\"time_us\":2000}]}\n");
	assert_int_equal(framed(0), a);
	assert_int_equal(framed(1), b);
	accepted(V1 "\"rename\",\"domain\":2,\"name\":\"wireless\"}\n");
	settle();
	assert_int_equal(framed(1), b);
	/* Another life of the kernel's side, in which the VMs come in another order. */
	lay_out();
	live_host_begin(lh, &globals);
	assert_true(globals.vcpus[1].out);
	assert_int_equal(globals.host->pools[1].sched, SCHED_ID_arinc653);
	b = add_vm(4343, 1);
	settle();
	assert_int_equal(framed(0), ARINC_IDLE);
	assert_int_equal(framed(1), b);
	a = add_vm(4242, 1);
	settle();
	settle();
	assert_int_equal(framed(0), a);
	accepted(V1 "\"cpupool-migrate\",\"domain\":1,\"pool\":0}\n");
	accepted(V1 "\"cpupool-migrate\",\"domain\":2,\"pool\":0}\n");
	accepted(V1 "\"cpupool-destroy\",\"pool\":\"air\"}\n");
	accepted(V1 "\"cpupool-cpu-add\",\"pool\":0,\"cpus\":\"1\"}\n");
	assert_false(globals.vcpus[1].out);
	assert_int_equal(globals.host->domains[LIVE_DOM0].nr_vcpus, hosts);
	accepted(V1 "\"cpupool-create\",\"name\":\"quiet\",\"sched\":\"null\"}\n");
	accepted(V1 "\"cpupool-destroy\",\"pool\":\"quiet\"}\n");
}

static void test_credit2(void **state)
{
	u32 id = add_vm(100, 2);

	(void)state;
	settle();
	accepted(V1 "\"sched-domain\",\"sched\":\"credit2\",\"domain\":1,\"weight\":512,\"cap\":150}\n");
	assert_int_equal(globals.host->domains[id].weight, 512);
	accepted(V1 "\"sched-pool\",\"sched\":\"credit2\",\"ratelimit_us\":200}\n");
	assert_true(globals.host->pools[0].credit2.params.ratelimit_ns == 200 * USEC);
	refused(V1 "\"sched-domain\",\"sched\":\"credit\",\"domain\":1,\"weight\":5}\n", "scheduled by credit2");
	lay_out();
	live_host_begin(lh, &globals);
	id = add_vm(100, 2);
	settle();
	assert_int_equal(globals.host->domains[id].weight, 512);
	assert_true(globals.host->pools[0].credit2.params.ratelimit_ns == 200 * USEC);
}

#define SET_RT V1 "\"sched-vcpu\",\"sched\":\"rtxen\",\"domain\":\"vm-60\",\"set\":["

static void test_real_time(void **state)
{
	static vcpu_t *v[2];

	(void)state;
	add_vm(50, 1);
	add_vm(60, 2);
	settle();
	/* what the kernel's side does with parameters, whatever they are */
	kvm_front_options.admission = SCN_ADMISSION_OFF;
	/* Domain-0 has its reservation from the start. */
	assert_true(globals.host->vcpus[0].rt_params.period_ns == 5 * MSEC &&
		    globals.host->vcpus[0].rt_params.budget_ns == 1 * MSEC &&
		    globals.host->vcpus[0].rt_params.extratime);
	accepted(SET_RT "{\"vcpu\":1,\"period_us\":20000,\"budget_us\":5000,\"server\":\"sporadic\"}]}\n");
	accepted(V1 "\"sched-pool\",\"sched\":\"rtxen\",\"rule\":\"rm\",\"server\":\"polling\"}\n");
	refused(SET_RT "{\"vcpu\":2,\"period_us\":20000,\"budget_us\":5000}]}\n", "Invalid VCPU");
	refused(SET_RT "{\"vcpu\":1,\"period_us\":20000,\"budget_us\":30000}]}\n", "smaller than or equal");
	/* The kernel's watchdog would not wait that long. */
	refused(SET_RT "{\"vcpu\":1,\"period_us\":60000000,\"budget_us\":5000}]}\n", "Invalid argument");
	for (int i = 0; i < 2; i++) {
		lay_out();
		live_host_begin(lh, &globals);
		add_vm(60, 2);
		add_vm(50, 1);
		settle();
		assert_int_equal(live_host_vcpus(lh, (u32)live_host_find(lh, "vm-60"), v, 2), 2);
		assert_true(v[1]->rt_params.period_ns == 20 * MSEC && v[1]->rt_params.budget_ns == 5 * MSEC &&
			    v[1]->rt_params.kind == RT_SPORADIC);
		assert_true(v[0]->rt_params.period_ns == RT_PERIOD_DEFAULT_NS);
		assert_int_equal(globals.host->pools[0].rt.params.rule, RT_RM);
		assert_int_equal(globals.host->pools[0].rt.params.kind, RT_POLLING);
	}
	kvm_front_options.admission = SCN_ADMISSION_ASKED;
}

/* @line is carried out, and told of with these words. */
static void warned(const char *line, const char *words)
{
	json_t *a = answer(line);
	char *all = json_dumps(json_object_get(a, "warnings"), 0);

	if (!all || !strstr(all, words))
		print_message("%s -> %s, wanted a warning '%s'\n", line, all ? all : "none", words);
	assert_true(all && strstr(all, words) && !json_object_get(a, "error"));
	free(all);
	json_decref(a);
}

/* What can't be guaranteed is refused and changes nothing; what no test knows is told of. */
static void test_admission(void **state)
{
	vcpu_t *v[2];
	u32 id = add_vm(60, 2);

	(void)state;
	settle();
	assert_int_equal(live_host_vcpus(lh, id, v, 2), 2);
	/* Two pCPUs, each with 1 of 5 ms for Domain-0; by default each vCPU of the VM has 4 of 10 ms. */
	accepted(SET_RT "{\"vcpu\":1,\"period_us\":20000,\"budget_us\":5000}]}\n");
	assert_true(v[1]->rt_params.budget_ns == 5 * MSEC);
	refused(SET_RT "{\"vcpu\":0,\"period_us\":10000,\"budget_us\":10000},"
		       "{\"vcpu\":1,\"period_us\":10000,\"budget_us\":9000}]}\n",
		"the servers together: not guaranteed (more is reserved than the pCPUs have)");
	refused(SET_RT "{\"vcpu\":0,\"period_us\":10000,\"budget_us\":9000}]}\n",
		"vm-60.v0: not guaranteed (BCL beside vCPUs that stay on their pCPUs): in an interval of 10 ms the demand is");
	assert_true(v[0]->rt_params.budget_ns == RT_BUDGET_DEFAULT_NS && v[1]->rt_params.budget_ns == 5 * MSEC);
	/* Partitioned: 9 of 10 ms beside Domain-0's 1 of 5 fit nowhere. */
	accepted(V1 "\"sched-pool\",\"sched\":\"rtxen\",\"placement\":\"partitioned\",\"fit\":\"worst-fit\"}\n");
	refused(SET_RT "{\"vcpu\":0,\"period_us\":10000,\"budget_us\":9000}]}\n",
		"on pCPU 0: not guaranteed (processor demand");
	accepted(SET_RT "{\"vcpu\":0,\"period_us\":10000,\"budget_us\":6000}]}\n");
	kvm_front_options.admission = SCN_ADMISSION_WARN;
	warned(SET_RT "{\"vcpu\":0,\"period_us\":10000,\"budget_us\":9000}]}\n",
	       "on pCPU 0: not guaranteed (processor demand");
	kvm_front_options.admission = SCN_ADMISSION_OFF;
	accepted(SET_RT "{\"vcpu\":0,\"period_us\":10000,\"budget_us\":10000}]}\n");
	kvm_front_options.admission = SCN_ADMISSION_ASKED;
}

static void test_turns(void **state)
{
	struct assist_params *p = &globals.host->pools[0].assist.params;
	json_t *a, *pool;

	(void)state;
	a = answer(V1 "\"turns\"}\n");
	pool = json_array_get(json_object_get(a, "pools"), 0);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(pool, "params"), "lend_us")), 0);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(pool, "params"), "turn_budget")), 50);
	assert_int_equal(number(pool, "domains", 0, "lends"), 0);
	json_decref(a);
	accepted(V1 "\"turns-set\",\"lend_us\":10,\"coboost_us\":500,\"turn_budget\":0}\n");
	assert_int_equal(p->lend_ns, 10 * USEC);
	assert_int_equal(p->coboost_ns, 500 * USEC);
	assert_int_equal(p->budget_percent, 0);
	assert_int_equal(globals.host->pools[0].assist.on, 1);
	refused(V1 "\"turns-set\",\"lend_us\":9}\n", "lend is 10 to 200 us");
	refused(V1 "\"turns-set\",\"lend_us\":-1}\n", "lend is 10 to 200 us");
	refused(V1 "\"turns-set\",\"lend_us\":9223372036854775807}\n", "lend is 10 to 200 us");
	refused(V1 "\"turns-set\",\"turn_budget\":101}\n", "percentage");
	refused(V1 "\"turns-set\",\"lend_us\":\"10us\"}\n", "whole number");
	assert_int_equal(p->lend_ns, 10 * USEC);
	/* A restart forgets nothing. */
	lay_out();
	live_host_begin(lh, &globals);
	settle();
	assert_int_equal(globals.host->pools[0].assist.params.lend_ns, 10 * USEC);
	assert_int_equal(globals.host->pools[0].assist.params.budget_percent, 0);
}

static void test_no_turns(void **state)
{
	(void)state;
	refused(V1 "\"turns-set\",\"lend_us\":10}\n", "promised");
}

/* Where the core looks a guest's address up, by name of the class; "" without a table. */
static u32 class_at(u32 id, u64 ip)
{
	settle();
	return symbol_class_at(globals.host->domains[id].assist.symbols, ip);
}

static void test_symbols(void **state)
{
	/* A halt of 16 bytes at 0x1000, a lock wait of 256 at 0x2000. */
	static const char set[] = V1 "\"symbols-set\",\"domain\":%u,\"table\":{\"text\":\"ffffffff81000000\"%s,"
				     "\"entries\":[4096,%u,8192,%u]}}\n";
	u32 id = add_vm(4711, 2);
	const u64 text_at = 0xffffffff81000000ULL, slide = 0x6200000;
	char line[512];

	(void)state;
	settle();
	snprintf(line, sizeof(line), set, id, ",\"slide\":\"0\"", 16 << 8 | SYMBOL_HALT, 256 << 8 | SYMBOL_SPIN);
	accepted(line);
	assert_int_equal(class_at(id, text_at + 8200), SYMBOL_SPIN);
	assert_int_equal(class_at(id, text_at + 8200 + slide), SYMBOL_NONE);
	/* Without a slide it counts when the guest has halted, and then where that was. */
	snprintf(line, sizeof(line), set, id, "", 16 << 8 | SYMBOL_HALT, 256 << 8 | SYMBOL_SPIN);
	accepted(line);
	assert_int_equal(class_at(id, text_at + 8200), SYMBOL_NONE);
	assert_null(globals.host->domains[id].assist.symbols);
	globals.domains[id].halt_ip = text_at + slide + 4096 + 100; /* not where it halts */
	assert_int_equal(class_at(id, text_at + 8200 + slide), SYMBOL_NONE);
	globals.domains[id].halt_ip = text_at + slide + 4096 + 15;
	assert_int_equal(class_at(id, text_at + 8200 + slide), SYMBOL_SPIN);
	assert_int_equal(class_at(id, text_at + 8200), SYMBOL_NONE);
	/* It was started anew, and lies elsewhere. */
	globals.domains[id].halt_ip = text_at + 2 * slide + 4096;
	assert_int_equal(class_at(id, text_at + 8200 + 2 * slide), SYMBOL_SPIN);
	/* The VM is not another one after a restart. */
	lay_out();
	live_host_begin(lh, &globals);
	assert_int_equal(add_vm(4711, 2), id);
	assert_int_equal(class_at(id, text_at + 8200 + 2 * slide), SYMBOL_SPIN);
	snprintf(line, sizeof(line), V1 "\"symbols-set\",\"domain\":%u}\n", id);
	accepted(line);
	settle();
	assert_null(globals.host->domains[id].assist.symbols);

	refused(V1 "\"symbols-set\",\"domain\":0,\"table\":{}}\n", "no VM");
	refused(V1 "\"symbols-set\",\"domain\":\"nosuch\"}\n", "nosuch");
	refused(V1 "\"symbols-set\",\"domain\":1,\"table\":{}}\n", "hexadecimal");
	refused(V1 "\"symbols-set\",\"domain\":1,\"table\":{\"text\":\"0\",\"entries\":[5]}}\n", "hexadecimal");
	refused(V1 "\"symbols-set\",\"domain\":1,\"table\":{\"text\":\"0\",\"entries\":[5,-1]}}\n", "32 bits");
	refused(V1 "\"symbols-set\",\"domain\":1,\"table\":{\"text\":\"0\",\"entries\":[5,0]}}\n", "not in order");
	refused(V1 "\"symbols-set\",\"domain\":1,\"table\":{\"text\":\"0\",\"slide\":\"5\",\"entries\":[]}}\n",
		"2 MiB");
}

static void *ask_params(void *unused)
{
	int code;

	(void)unused;
	return client_ask(json_pack("{ss ss}", "verb", "sched", "sched", "credit"), &code, error);
}

static void test_the_commands_end(void **state)
{
	pthread_t thread;
	void *result;
	json_t *pool;
	int code;

	(void)state;
	pthread_create(&thread, NULL, ask_params, NULL);
	while (pthread_tryjoin_np(thread, &result))
		serve();
	pool = json_object_get(json_array_get(json_object_get(result, "pools"), 0), "params");
	assert_int_equal(json_integer_value(json_object_get(pool, "tslice_ms")), 30);
	assert_int_equal(json_integer_value(json_object_get(pool, "ratelimit_us")), 100);
	json_decref(result);
	kvm_front.close(front);
	front = NULL;
	assert_null(client_ask(json_pack("{ss}", "verb", "list"), &code, error));
	assert_int_equal(code, -ECONNREFUSED);
	assert_non_null(strstr(error, "`rota host start`"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)
	const struct CMUnitTest tests[] = {
		TEST(test_layout),
		TEST(test_lists),
		TEST(test_settings),
		TEST(test_bad_requests),
		TEST(test_clients),
		TEST(test_deaf_kernel),
		TEST(test_vms_come_and_go),
		TEST(test_restart),
		TEST(test_name_again),
		TEST(test_pins),
		TEST(test_pauses),
		TEST(test_turns),
		TEST(test_symbols),
		TEST(test_pools),
		TEST(test_hidden_pool),
		TEST(test_exclusive_pools),
		TEST(test_the_commands_end),
		cmocka_unit_test_setup_teardown(test_credit2, start_credit2, end),
		cmocka_unit_test_setup_teardown(test_real_time, start_rtxen, end),
		cmocka_unit_test_setup_teardown(test_admission, start_rtxen, end),
		cmocka_unit_test_setup_teardown(test_no_turns, start_rtxen, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
