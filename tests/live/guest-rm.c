// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guest-rm - a virtual machine of a few instructions, whose load is known exactly
 *
 * A scheduler is tested with guests whose demand is known to the microsecond and that start in 20 ms. This program is
 * such a VM: a true KVM virtual machine (one process, one thread for each vCPU, named as QEMU names them) with a
 * guest of a dozen 16-bit instructions, in one of these modes:
 *
 *   hog       counts, never lets go of the CPU
 *   io        like a guest that serves I/O: the local APIC's timer wakes it every --period, it works for --cost, it
 *             halts. The deadline is absolute, so being late once does not move the later ones; one that has passed
 *             by the time it would be armed is counted as missed. The guest itself stamps each wake-up, so what is
 *             reported is the whole way from the moment the timer was due to the first instruction of the guest.
 *             --cost is by the clock, whoever runs meanwhile; --work instead of it is instructions.
 *   dyield    works for a moment, then asks the hypervisor to run the next vCPU in its place (KVM_HC_SCHED_YIELD)
 *   pingpong  pairs of vCPUs that wake each other by IPI and halt: nothing but context switches
 *   lock      like a kernel whose CPUs share one spinlock: each works for --period in user mode, takes the lock,
 *             holds it for --cost, lets it go. Who spins long asks the hypervisor to run another vCPU, each in turn
 *             (KVM_HC_SCHED_YIELD, the way of a pause-loop exit on processors that have none). Each halts once when
 *             it begins, as a kernel does, and is woken by a signal to its thread. This one is 64-bit code; its
 *             kernel lies where Linux's does, --slide further up, and --symbols prints its System.map: the waiting
 *             is native_queued_spin_lock_slowpath, the holding get_page_from_freelist, the halt native_safe_halt.
 *             User mode is known by its low addresses only.
 *
 * --emulator N adds N threads of the VMM's own that never rest, beside the vCPUs.
 *
 * The guest writes its counters to memory that this program reads, so looking at them disturbs nobody. Each vCPU has
 * a 64 KiB segment of its own (struct guest below); the code is shared and reached through CS. The local APICs are in
 * x2APIC mode, because a real-mode guest can reach MSRs, while the APIC's page lies above what it can address.
 *
 * Reports: one line a vCPU with what happened since the start, or since the last SIGUSR2:
 *	NAME vcpu=N span_ms=N loops=N cpu_ns=N wait_ns=N [yields=N]
 *	     [wakes=N missed=N p50_us=F p90_us=F p99_us=F max_us=F]
 * every --interval seconds, on SIGUSR1, and at the end (--duration, SIGTERM, SIGINT). loops counts 1000 rounds of the
 * hog's loop, jobs of io, yields of dyield, IPIs taken in pingpong, times lock let go.
 * cpu_ns and wait_ns are the thread's time on a CPU and on a run queue as the kernel counts them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_VCPUS 32
#define SEGMENT 0x10000u
#define CODE 0x1000u /* where the guest code lies, in segment 0 */
#define LOCK 0x800u /* the lock of mode lock */
#define TABLES 0x8000u /* its page tables: five pages */
#define TEXT 0xffffffff81000000u /* where the first 2 MiB are seen as a kernel's */
#define RING 1024u /* stamps the guest may be ahead of the reader; a power of two */
#define VECTOR 0x20
#define MAX_SAMPLES (1u << 20)

/*
 * What the guest sees at DS:0. Its code below uses the offsets; the assertions keep both together.
 */
struct guest {
	uint32_t loops; /* 0x00 progress */
	uint32_t head; /* 0x04 stamps written so far */
	uint32_t missed; /* 0x08 deadlines that had passed before they were armed; lock: yields */
	uint32_t period; /* 0x0c TSC cycles; rounds of user mode (lock) */
	uint32_t cost; /* 0x10 TSC cycles (io), rounds between yields (dyield), with the lock (lock) */
	uint32_t target; /* 0x14 APIC id of the partner */
	uint64_t deadline; /* 0x18 TSC */
	uint32_t ready; /* 0x20 this vCPU takes interrupts */
	uint32_t begin; /* 0x24 it opens the ping-pong; lock: the number of vCPUs */
	uint32_t work; /* 0x28 io: rounds of two instructions, if not 0, instead of cost */
	uint8_t pad[0x8000 - 0x2c]; /* its stack grows down from 0x8000 */
	struct stamp {
		uint64_t due, woke;
	} ring[RING]; /* 0x8000 */
};

_Static_assert(offsetof(struct guest, deadline) == 0x18, "guest code uses 0x18");
_Static_assert(offsetof(struct guest, begin) == 0x24, "guest code uses 0x24");
_Static_assert(offsetof(struct guest, work) == 0x28, "guest code uses 0x28");
_Static_assert(offsetof(struct guest, ring) == 0x8000, "guest code uses 0x8000");
_Static_assert(sizeof(struct guest) <= SEGMENT, "one segment a vCPU");

/* The guests. Only relative jumps, so the code may lie anywhere in its segment. */
__asm__(".pushsection .rodata\n"
	".code16\n"
	".globl rm_code, rm_hog, rm_io, rm_io_isr, rm_dyield_amd, rm_dyield_intel, rm_ping, rm_ping_isr, rm_end\n"
	".globl rm_lock_amd, rm_lock_intel, rm_lock_halt, rm_lock_user, rm_lock_spin, rm_lock_held, rm_lock_free\n"
	"rm_code:\n"

	/*
	 * It leaves the guest every 65 million rounds, some 0.2 s. QEMU's emulation (7.2) enters a guest now and then
	 * with its global interrupt flag off, which the architecture rules out: no interrupt brings the CPU out then,
	 * and the machine would hang for ever.
	 */
	"rm_hog:\n"
	"	mov $1000, %cx\n"
	"1:	loop 1b\n"
	"	incl 0x00\n"
	"	cmpw $0, 0x00\n"
	"	jne rm_hog\n"
	"	xor %eax, %eax\n"
	"	cpuid\n"
	"	jmp rm_hog\n"

	/* Switches this CPU's x2APIC on and its timer to TSC deadlines; arms the first one. */
	"rm_io:\n"
	"	xor %edx, %edx\n"
	"	mov $0x80f, %ecx\n" /* spurious vector: software enable */
	"	mov $0x1ff, %eax\n"
	"	wrmsr\n"
	"	mov $0x832, %ecx\n" /* LVT timer */
	"	mov $0x40020, %eax\n"
	"	wrmsr\n"
	"	rdtsc\n"
	"	add 0x0c, %eax\n"
	"	adc $0, %edx\n"
	"	mov %eax, 0x18\n"
	"	mov %edx, 0x1c\n"
	"	mov $0x6e0, %ecx\n" /* TSC deadline */
	"	wrmsr\n"
	"1:	sti\n"
	"	hlt\n"
	"	jmp 1b\n"

	"rm_io_isr:\n"
	"	rdtsc\n"
	"	mov %eax, %esi\n"
	"	mov 0x04, %ebx\n"
	"	and $1023, %bx\n"
	"	shl $4, %bx\n"
	"	mov %eax, 0x8008(%bx)\n"
	"	mov %edx, 0x800c(%bx)\n"
	"	mov 0x18, %eax\n"
	"	mov %eax, 0x8000(%bx)\n"
	"	mov 0x1c, %eax\n"
	"	mov %eax, 0x8004(%bx)\n"
	"	incl 0x04\n"
	"	xor %eax, %eax\n"
	"	xor %edx, %edx\n"
	"	mov $0x80b, %ecx\n" /* end of interrupt */
	"	wrmsr\n"
	"	mov 0x28, %ecx\n" /* the work */
	"	test %ecx, %ecx\n"
	"	jz 2f\n"
	"1:	dec %ecx\n"
	"	jnz 1b\n"
	"	jmp 6f\n"
	"2:	rdtsc\n"
	"	sub %esi, %eax\n"
	"	cmp 0x10, %eax\n"
	"	jb 2b\n"
	"6:	incl 0x00\n"
	"3:	mov 0x0c, %eax\n" /* the next deadline that is still to come */
	"	add %eax, 0x18\n"
	"	adcl $0, 0x1c\n"
	"	rdtsc\n"
	"	cmp 0x1c, %edx\n"
	"	ja 4f\n"
	"	jb 5f\n"
	"	cmp 0x18, %eax\n"
	"	jb 5f\n"
	"4:	incl 0x08\n"
	"	jmp 3b\n"
	"5:	mov 0x18, %eax\n"
	"	mov 0x1c, %edx\n"
	"	mov $0x6e0, %ecx\n"
	"	wrmsr\n"
	"	iretw\n"

	"rm_dyield_amd:\n"
	"	mov 0x10, %ecx\n"
	"1:	dec %ecx\n"
	"	jnz 1b\n"
	"	incl 0x00\n"
	"	mov $11, %eax\n" /* KVM_HC_SCHED_YIELD */
	"	mov 0x14, %ebx\n"
	"	vmmcall\n"
	"	jmp rm_dyield_amd\n"

	"rm_dyield_intel:\n"
	"	mov 0x10, %ecx\n"
	"1:	dec %ecx\n"
	"	jnz 1b\n"
	"	incl 0x00\n"
	"	mov $11, %eax\n"
	"	mov 0x14, %ebx\n"
	"	vmcall\n"
	"	jmp rm_dyield_intel\n"

	/* The one that opens (begin = 1) finds its partner's ready flag at FS:0x20. */
	"rm_ping:\n"
	"	xor %edx, %edx\n"
	"	mov $0x80f, %ecx\n"
	"	mov $0x1ff, %eax\n"
	"	wrmsr\n"
	"	movl $1, 0x20\n"
	"	cmpl $0, 0x24\n"
	"	je 2f\n"
	"1:	pause\n"
	"	cmpl $0, %fs:0x20\n"
	"	je 1b\n"
	"	mov 0x14, %edx\n"
	"	mov $0x20, %eax\n"
	"	mov $0x830, %ecx\n" /* interrupt command */
	"	wrmsr\n"
	"2:	sti\n"
	"	hlt\n"
	"	jmp 2b\n"

	"rm_ping_isr:\n"
	"	incl 0x00\n"
	"	xor %eax, %eax\n"
	"	xor %edx, %edx\n"
	"	mov $0x80b, %ecx\n"
	"	wrmsr\n"
	"	mov 0x14, %edx\n"
	"	mov $0x20, %eax\n"
	"	mov $0x830, %ecx\n"
	"	wrmsr\n"
	"	iretw\n"

	/*
	 * RDI: struct guest, RSI: the lock, R15: TEXT and the slide, R14: how to ask the hypervisor (0 AMD's way). User
	 * mode is where this code is seen at its physical address.
	 */
	".code64\n"
	"rm_lock_intel:\n"
	"	mov $1, %r14d\n"
	"	jmp rm_lock_halt\n"
	"rm_lock_amd:\n"
	"	xor %r14d, %r14d\n"
	"rm_lock_halt:\n"
	"	hlt\n"
	"rm_lock_user:\n"
	"	lea 2f(%rip), %rax\n"
	"	and $0x1fffff, %eax\n"
	"	jmp *%rax\n"
	"2:	mov 0x0c(%rdi), %ecx\n"
	"3:	dec %ecx\n"
	"	jnz 3b\n"
	"	lea rm_lock_spin(%rip), %rax\n"
	"	or %r15, %rax\n"
	"	jmp *%rax\n"

	"rm_lock_spin:\n"
	"	mov $1, %eax\n"
	"	xchg %eax, (%rsi)\n"
	"	test %eax, %eax\n"
	"	jz rm_lock_held\n"
	"	mov $2000, %ecx\n"
	"4:	pause\n"
	"	cmpl $0, (%rsi)\n"
	"	je rm_lock_spin\n"
	"	dec %ecx\n"
	"	jnz 4b\n"
	"	incl 0x08(%rdi)\n"
	"	mov 0x14(%rdi), %ebx\n" /* the next one, next time the one after */
	"	mov %ebx, %eax\n"
	"	inc %eax\n"
	"	cmp 0x24(%rdi), %eax\n"
	"	jb 5f\n"
	"	xor %eax, %eax\n"
	"5:	mov %eax, 0x14(%rdi)\n"
	"	mov $11, %eax\n" /* KVM_HC_SCHED_YIELD */
	"	test %r14d, %r14d\n"
	"	jnz 6f\n"
	"	vmmcall\n"
	"	jmp rm_lock_spin\n"
	"6:	vmcall\n"
	"	jmp rm_lock_spin\n"

	"rm_lock_held:\n"
	"	mov 0x10(%rdi), %ecx\n"
	"7:	dec %ecx\n"
	"	jnz 7b\n"
	"rm_lock_free:\n"
	"	movl $0, (%rsi)\n"
	"	incl 0x00(%rdi)\n"
	"	jmp rm_lock_user\n"
	"rm_end:\n"
	".popsection\n");

extern const uint8_t rm_code[], rm_hog[], rm_io[], rm_io_isr[], rm_dyield_amd[], rm_dyield_intel[], rm_ping[],
	rm_ping_isr[], rm_lock_amd[], rm_lock_intel[], rm_lock_halt[], rm_lock_user[], rm_lock_spin[], rm_lock_held[],
	rm_lock_free[], rm_end[];

static const struct mode {
	const char *name;
	const uint8_t *amd, *intel, *isr;
} modes[] = {
	{ "hog", rm_hog, rm_hog, NULL },
	{ "io", rm_io, rm_io, rm_io_isr },
	{ "dyield", rm_dyield_amd, rm_dyield_intel, NULL },
	{ "pingpong", rm_ping, rm_ping, rm_ping_isr },
	{ "lock", rm_lock_amd, rm_lock_intel, NULL },
};

/* One vCPU as its thread and the reports see it. */
struct vcpu {
	int id;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	pid_t tid;
	volatile struct guest *guest;
	uint32_t tail; /* stamps taken from the ring */
	uint32_t *sample_ns;
	uint32_t samples;
	uint32_t base_loops, base_missed;
	int64_t base_cpu_ns, base_wait_ns;
};

static struct vcpu vcpus[MAX_VCPUS];
static int nr_vcpus = 1;
static const char *name = "rm";
static const struct mode *mode = &modes[0];
static uint32_t tsc_khz;
static uint64_t slide; /* of the kernel of mode lock, bytes */
static int64_t base_ns; /* since when the reports count */

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "guest-rm: %s: ", name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static int kvm(int fd, unsigned long request, void *arg, const char *what)
{
	int rc = ioctl(fd, request, arg);

	if (rc < 0)
		die("%s: %s", what, strerror(errno));
	return rc;
}

static bool in_long_mode(void)
{
	return mode->amd == rm_lock_amd;
}

static void *run_vcpu(void *arg)
{
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct vcpu *v = arg;
	char comm[16];

	snprintf(comm, sizeof(comm), "CPU %d/KVM", v->id);
	prctl(PR_SET_NAME, comm);
	__atomic_store_n(&v->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	for (;;) {
		if (ioctl(v->fd, KVM_RUN, 0) == 0)
			die("vCPU %d left the guest: exit reason %u", v->id, v->run->exit_reason);
		if (errno != EINTR && errno != EAGAIN)
			die("KVM_RUN: %s", strerror(errno));
		if (in_long_mode())
			kvm(v->fd, KVM_SET_MP_STATE, &runnable, "KVM_SET_MP_STATE");
	}
	return NULL;
}

/* The host's CPUID with this vCPU's APIC id, x2APIC and the deadline timer in it. */
static void set_cpuid(int kvm_fd, struct vcpu *v)
{
	struct kvm_cpuid2 *c = calloc(1, sizeof(*c) + 256 * sizeof(c->entries[0]));

	if (!c)
		die("no memory");
	c->nent = 256;
	kvm(kvm_fd, KVM_GET_SUPPORTED_CPUID, c, "KVM_GET_SUPPORTED_CPUID");
	for (uint32_t i = 0; i < c->nent; i++) {
		struct kvm_cpuid_entry2 *e = &c->entries[i];

		if (e->function == 1) {
			e->ebx = (e->ebx & 0xffffff) | (uint32_t)v->id << 24;
			e->ecx |= 1u << 21 | 1u << 24;
		} else if (e->function == 0xb || e->function == 0x1f) {
			e->edx = (uint32_t)v->id;
		} else if (e->function == 0x8000001e) {
			e->eax = (uint32_t)v->id;
		}
	}
	kvm(v->fd, KVM_SET_CPUID2, c, "KVM_SET_CPUID2");
	free(c);
}

/* A real-mode segment that starts at base. */
static struct kvm_segment segment(uint32_t base, uint8_t type)
{
	return (struct kvm_segment){
		.base = base,
		.limit = 0xffff,
		.selector = (uint16_t)(base >> 4),
		.type = type,
		.present = 1,
		.s = 1,
	};
}

/* The same for all of memory, in long mode. */
static struct kvm_segment flat(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = type == 3,
		.s = 1,
		.l = type == 11,
		.g = 1,
	};
}

static void set_long_mode(struct kvm_sregs *sregs)
{
	sregs->cs = flat(8, 11);
	sregs->ds = sregs->es = sregs->ss = sregs->fs = sregs->gs = flat(16, 3);
	sregs->cr3 = TABLES;
	sregs->cr4 |= 0x20; /* PAE */
	sregs->cr0 |= 0x80000001; /* paging, protected mode */
	sregs->efer |= 0x500; /* LME, LMA */
}

/* The first 4 MiB where they are, and the first 2 MiB as a kernel's text. */
static void map_memory(uint8_t *memory)
{
	uint64_t *table[5];

	for (unsigned int i = 0; i < 5; i++)
		table[i] = (uint64_t *)(memory + TABLES + 0x1000 * i);
	table[0][0] = TABLES + 0x1000 + 3;
	table[1][0] = TABLES + 0x2000 + 3;
	table[2][0] = 0x83;
	table[2][1] = 0x200083;
	table[0][511] = TABLES + 0x3000 + 3;
	table[3][510] = TABLES + 0x4000 + 3;
	table[4][((TEXT + slide) >> 21) & 511] = 0x83;
}

static void print_symbols(void)
{
	const struct {
		const uint8_t *at;
		const char *name;
	} all[] = {
		{ rm_lock_halt, "native_safe_halt" },
		{ rm_lock_user, "do_syscall_64" },
		{ rm_lock_spin, "native_queued_spin_lock_slowpath" },
		{ rm_lock_held, "get_page_from_freelist" },
		{ rm_lock_free, "do_exit" },
	};

	printf("%016llx T _text\n", (unsigned long long)TEXT);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		printf("%016llx T %s\n", (unsigned long long)(TEXT + CODE + (uint64_t)(all[i].at - rm_code)),
		       all[i].name);
	printf("%016llx T _etext\n", (unsigned long long)(TEXT + 0x200000));
}

static void make_vcpu(int kvm_fd, int vm, int id, uint16_t entry)
{
	struct vcpu *v = &vcpus[id];
	uint32_t base = SEGMENT * (1 + (uint32_t)id), partner = SEGMENT * (1 + (uint32_t)(id ^ 1));
	struct kvm_mp_state runnable = { .mp_state = KVM_MP_STATE_RUNNABLE };
	struct kvm_regs regs = { .rip = entry, .rsp = 0x8000, .rflags = 2 };
	struct kvm_sregs sregs;
	int size;

	v->id = id;
	v->fd = kvm(vm, KVM_CREATE_VCPU, (void *)(uintptr_t)id, "KVM_CREATE_VCPU");
	size = kvm(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, NULL, "KVM_GET_VCPU_MMAP_SIZE");
	v->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED)
		die("mmap of vCPU %d: %s", id, strerror(errno));
	set_cpuid(kvm_fd, v);
	kvm(v->fd, KVM_GET_SREGS, &sregs, "KVM_GET_SREGS");
	sregs.cs = segment(0, 11);
	sregs.ds = sregs.es = sregs.ss = segment(base, 3);
	sregs.fs = sregs.gs = segment(partner, 3);
	sregs.apic_base |= 0xc00; /* enabled, x2APIC */
	if (in_long_mode()) {
		set_long_mode(&sregs);
		regs.rip += TEXT + slide;
		regs.rdi = base;
		regs.rsi = LOCK;
		regs.r15 = TEXT + slide;
	}
	kvm(v->fd, KVM_SET_SREGS, &sregs, "KVM_SET_SREGS");
	kvm(v->fd, KVM_SET_REGS, &regs, "KVM_SET_REGS");
	kvm(v->fd, KVM_SET_MP_STATE, &runnable, "KVM_SET_MP_STATE");
}

static bool on_amd(void)
{
	uint32_t a = 0, b, c, d;

	__asm__("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	return b == 0x68747541 || b == 0x6f677948; /* "Auth"enticAMD, "Hygo"nGenuine */
}

/* Builds the machine; period and cost in microseconds, work in instructions. */
static void make_vm(uint32_t period_us, uint32_t cost_us, uint32_t work)
{
	int kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;
	const uint8_t *start = on_amd() ? mode->amd : mode->intel;
	struct kvm_userspace_memory_region region = { .memory_size = SEGMENT * (1 + (uint64_t)nr_vcpus) };
	uint8_t *memory;

	if (kvm_fd < 0)
		die("/dev/kvm: %s", strerror(errno));
	vm = kvm(kvm_fd, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
	kvm(vm, KVM_SET_TSS_ADDR, (void *)0xfffbd000, "KVM_SET_TSS_ADDR");
	kvm(vm, KVM_CREATE_IRQCHIP, NULL, "KVM_CREATE_IRQCHIP");
	memory = mmap(NULL, region.memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		die("guest memory: %s", strerror(errno));
	region.userspace_addr = (uintptr_t)memory;
	kvm(vm, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
	memcpy(memory + CODE, rm_code, (size_t)(rm_end - rm_code));
	if (in_long_mode())
		map_memory(memory);
	if (mode->isr) {
		uint16_t vector[2] = { (uint16_t)(CODE + (mode->isr - rm_code)), 0 };

		memcpy(memory + VECTOR * 4, vector, sizeof(vector));
	}
	for (int i = 0; i < nr_vcpus; i++)
		make_vcpu(kvm_fd, vm, i, (uint16_t)(CODE + (start - rm_code)));
	tsc_khz = (uint32_t)kvm(vcpus[0].fd, KVM_GET_TSC_KHZ, NULL, "KVM_GET_TSC_KHZ");
	for (int i = 0; i < nr_vcpus; i++) {
		struct guest *g = (struct guest *)(memory + SEGMENT * (1 + (size_t)i));
		bool pairs = mode->isr == rm_ping_isr;

		g->period = in_long_mode() ? period_us * 100 + 1 : (uint32_t)((uint64_t)period_us * tsc_khz / 1000);
		g->cost = mode->isr ? (uint32_t)((uint64_t)cost_us * tsc_khz / 1000) : cost_us * 100 + 1;
		g->target = (uint32_t)(pairs ? i ^ 1 : (i + 1) % nr_vcpus);
		g->work = work / 2;
		g->begin = in_long_mode() ? (uint32_t)nr_vcpus : pairs && !(i & 1);
		vcpus[i].guest = g;
		if (mode->isr == rm_io_isr) {
			vcpus[i].sample_ns = calloc(MAX_SAMPLES, sizeof(uint32_t));
			if (!vcpus[i].sample_ns)
				die("no memory");
		}
	}
}

/* Takes the new stamps out of the ring. Must come round more often than RING periods. */
static void drain(struct vcpu *v)
{
	uint32_t head = __atomic_load_n(&v->guest->head, __ATOMIC_ACQUIRE);

	if (!v->sample_ns)
		return;
	if (head - v->tail > RING)
		die("vCPU %d wrote %u stamps while nobody looked; the reports are starved", v->id, head - v->tail);
	for (; v->tail != head; v->tail++) {
		volatile struct stamp *s = &v->guest->ring[v->tail % RING];
		int64_t cycles = (int64_t)(s->woke - s->due);
		int64_t ns = cycles <= 0 ? 0 : (int64_t)((__int128)cycles * 1000000 / tsc_khz);

		if (v->samples < MAX_SAMPLES)
			v->sample_ns[v->samples++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
	}
}

/* The thread's time on a CPU and its time waiting for one, ns. */
static void thread_times(const struct vcpu *v, int64_t *cpu_ns, int64_t *wait_ns)
{
	char path[64];
	long long ran = 0, waited = 0;
	struct timespec ts;
	clockid_t clock;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", v->tid);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%lld %lld", &ran, &waited) != 2)
		waited = 0;
	if (f)
		fclose(f);
	*wait_ns = waited;
	*cpu_ns = ran;
	/* schedstat's run time is only as new as the last switch; the thread's clock is exact. */
	if (!pthread_getcpuclockid(v->thread, &clock) && !clock_gettime(clock, &ts))
		*cpu_ns = ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double sample_us(const struct vcpu *v, double quantile)
{
	return v->samples ? v->sample_ns[(uint32_t)(quantile * (v->samples - 1) + 0.5)] / 1000.0 : 0;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void report(void)
{
	long long span_ms = (now_ns() - base_ns) / 1000000;

	for (int i = 0; i < nr_vcpus; i++) {
		struct vcpu *v = &vcpus[i];
		int64_t cpu_ns, wait_ns;

		drain(v);
		thread_times(v, &cpu_ns, &wait_ns);
		printf("%s vcpu=%d span_ms=%lld loops=%u cpu_ns=%lld wait_ns=%lld", name, i, span_ms,
		       v->guest->loops - v->base_loops, (long long)(cpu_ns - v->base_cpu_ns),
		       (long long)(wait_ns - v->base_wait_ns));
		if (in_long_mode())
			printf(" yields=%u", v->guest->missed - v->base_missed);
		if (v->sample_ns) {
			qsort(v->sample_ns, v->samples, sizeof(uint32_t), by_value);
			printf(" wakes=%u missed=%u p50_us=%.1f p90_us=%.1f p99_us=%.1f max_us=%.1f", v->samples,
			       v->guest->missed - v->base_missed, sample_us(v, 0.5), sample_us(v, 0.9),
			       sample_us(v, 0.99), sample_us(v, 1));
		}
		putchar('\n');
	}
	fflush(stdout);
}

static void nothing(int sig)
{
	(void)sig;
}

/* Those of mode lock that have not begun have halted. */
static void wake_halted(void)
{
	for (int i = 0; i < nr_vcpus; i++)
		if (in_long_mode() && !vcpus[i].guest->loops && !vcpus[i].guest->missed)
			pthread_kill(vcpus[i].thread, SIGALRM);
}

/* What was counted so far is forgotten. */
static void restart(void)
{
	base_ns = now_ns();
	for (int i = 0; i < nr_vcpus; i++) {
		struct vcpu *v = &vcpus[i];

		drain(v);
		v->samples = 0;
		v->base_loops = v->guest->loops;
		v->base_missed = v->guest->missed;
		thread_times(v, &v->base_cpu_ns, &v->base_wait_ns);
	}
}

/* Reports when due or asked, until the time is up. Times in seconds, 0 = never. */
static void watch(const sigset_t *signals, double interval, double duration)
{
	int64_t start = now_ns(), next = start + (int64_t)(interval * 1e9);

	for (;;) {
		struct timespec slice = { .tv_nsec = 50000000 };
		int sig = sigtimedwait(signals, NULL, &slice);
		int64_t now = now_ns();

		if (sig == SIGUSR1)
			report();
		else if (sig == SIGUSR2)
			restart();
		else if (sig > 0 || (duration > 0 && now - start >= (int64_t)(duration * 1e9)))
			break;
		for (int i = 0; i < nr_vcpus; i++)
			drain(&vcpus[i]);
		wake_halted();
		if (interval > 0 && now >= next) {
			report();
			next += (int64_t)(interval * 1e9);
		}
	}
	report();
}

/* A thread of the VMM's own that has always work to do, as for a guest that does much I/O. */
static void *emulate(void *unused)
{
	volatile unsigned long work = 0;

	prctl(PR_SET_NAME, "emulator");
	for (;;)
		work++;
	return unused;
}

static void usage(FILE *out)
{
	fputs("usage: guest-rm [-name NAME] [-vcpus N] [-mode hog|io|dyield|pingpong|lock] [-period US] [-cost US]\n"
	      "                [-work INSTRUCTIONS] [-slide MIB] [-emulator N] [-interval SECONDS] [-duration SECONDS]\n"
	      "       guest-rm -symbols\n"
	      "SIGUSR1 prints a report, SIGUSR2 starts the count anew, SIGTERM ends with a report\n",
	      out);
}

/* A number of the command line, within limits; ends with 2 if it is none. */
static double number(const char *text, double min, double max)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || *end || !(n >= min && n <= max)) {
		fprintf(stderr, "guest-rm: '%s' is not a number from %g to %g\n", text, min, max);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "vcpus", required_argument, NULL, 'v' },
		{ "mode", required_argument, NULL, 'm' },
		{ "period", required_argument, NULL, 'p' },
		{ "cost", required_argument, NULL, 'c' },
		{ "work", required_argument, NULL, 'w' },
		{ "slide", required_argument, NULL, 's' },
		{ "symbols", no_argument, NULL, 'S' },
		{ "interval", required_argument, NULL, 'i' },
		{ "duration", required_argument, NULL, 'd' },
		{ "emulator", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	double period_us = 5000, cost_us = 200, work = 0, interval = 0, duration = 0;
	int emulators = 0, opt;
	sigset_t signals;

	while ((opt = getopt_long_only(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'n':
			name = optarg;
			break;
		case 'v':
			nr_vcpus = (int)number(optarg, 1, MAX_VCPUS);
			break;
		case 'm':
			mode = NULL;
			for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
				if (!strcmp(optarg, modes[i].name))
					mode = &modes[i];
			if (!mode) {
				usage(stderr);
				return 2;
			}
			break;
		case 'p':
			period_us = number(optarg, 10, 500000);
			break;
		case 'c':
			cost_us = number(optarg, 0, 500000);
			break;
		case 's':
			slide = (uint64_t)number(optarg, 0, 1000) / 2 << 21;
			break;
		case 'S':
			print_symbols();
			return 0;
		case 'w':
			work = number(optarg, 0, 4e9);
			break;
		case 'e':
			emulators = (int)number(optarg, 0, MAX_VCPUS);
			break;
		case 'i':
			interval = number(optarg, 0, 3600);
			break;
		case 'd':
			duration = number(optarg, 0, 86400);
			break;
		default:
			usage(opt == 'h' ? stdout : stderr);
			return opt == 'h' ? 0 : 2;
		}
	}
	if (optind != argc || (mode->isr == rm_ping_isr && nr_vcpus % 2)) {
		usage(stderr);
		return 2;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGALRM, nothing);
	base_ns = now_ns();
	make_vm((uint32_t)period_us, (uint32_t)cost_us, (uint32_t)work);
	for (int i = 0; i < nr_vcpus; i++) {
		int rc = pthread_create(&vcpus[i].thread, NULL, run_vcpu, &vcpus[i]);

		if (rc)
			die("thread of vCPU %d: %s", i, strerror(rc));
	}
	for (int i = 0; i < nr_vcpus; i++)
		while (!__atomic_load_n(&vcpus[i].tid, __ATOMIC_ACQUIRE))
			usleep(200);
	for (int i = 0; i < emulators; i++) {
		pthread_t thread;
		int rc = pthread_create(&thread, NULL, emulate, NULL);

		if (rc)
			die("an emulator's thread: %s", strerror(rc));
	}
	printf("%s running pid=%d vcpus=%d mode=%s\n", name, getpid(), nr_vcpus, mode->name);
	fflush(stdout);
	watch(&signals, interval, duration);
	/* The vCPU threads never come back from their guests; the process's end takes them along. */
	_exit(0);
}
