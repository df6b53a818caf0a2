// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Description: whatever happens to the bytes of a System.map, a vmlinux or a rule file, it is
 * either read, and then gives a table in order that finds every symbol of it, or refused with one
 * printable line that names the file. Nothing crashes and nothing leaks (the sanitizers watch).
 *
 * The chance is a fixed sequence, so a failure comes again.
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "symbols/symbols.h"

static const char good_rules[] = "# rules\n"
				 "spin	_raw_spin_lock*		-\n"
				 "spin	queued_*_slowpath	4.2-	# queues\n"
				 "unlock	_raw_spin_unlock*	3.0-4.1,4.4-	optional\n"
				 "none	irq_boring\n"
				 "irq	irq_*			6.1\n"
				 "tlb-send	flush_tlb_*	-9.9	optional\n";

static const char good_map[] = "0000000000000000 D __per_cpu_start\n"
			       "ffffffff81000000 T _stext\n"
			       "ffffffff81000000 T _text\n"
			       "ffffffff81000010 t __pfx_flush_tlb_func\n"
			       "ffffffff81000020 t flush_tlb_func.isra.0\n"
			       "ffffffff81000130 T _raw_spin_lock\n"
			       "ffffffff81000130 W _raw_spin_lock_alias\n"
			       "ffffffff81000150 T _raw_spin_unlock\n"
			       "ffffffff81000170 t irq_boring\n"
			       "ffffffff81000180 t irq_enter.part.0.cold\n"
			       "ffffffff81000190 T entry_SYSCALL_64\n"
			       "ffffffff81000200 T _etext\n"
			       "ffffffff82000000 b irq_data\n"
			       "ffffffffc0300000 t irq_m\t[virtio_net]\n";

static struct symbol_rules *rules;
static int accepted, refused;

static void one_line(const char *err, size_t room, const char *name)
{
	assert_non_null(memchr(err, 0, room));
	if (strncmp(err, name, strlen(name)))
		fail_msg("does not name the file: %s", err);
	for (const char *c = err; *c; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			fail_msg("is not one printable line: %s", err);
}

/* A map that was accepted is in order, and its table agrees with it. */
static void use(struct kmap *m)
{
	char err[300];
	struct symbol_class_map *c;
	struct symbol_table *t;

	for (uint32_t i = 0; i < m->nr; i++) {
		assert_true(m->symbol[i].address >= m->text && m->symbol[i].address < m->end);
		assert_true(!i || m->symbol[i - 1].address <= m->symbol[i].address);
		assert_true(strlen(m->symbol[i].name) <= KMAP_MAX_NAME);
	}
	c = symbols_classify(m, rules);
	assert_non_null(c);
	t = symbols_table(c, err, sizeof(err));
	assert_non_null(t);
	assert_int_equal(symbol_table_check(t), 0);
	for (uint32_t i = 0; i < m->nr; i++)
		assert_int_equal(symbol_class_at(t, m->symbol[i].address), c->class[i]);
	free(t);
	symbol_class_map_free(c);
	kmap_free(m);
}

static void try_map(const char *text, size_t len)
{
	/* Exactly as long as it is: a byte too far is seen by the sanitizer. */
	char *copy = malloc(len ? len : 1), err[600];
	struct kmap *m;

	assert_non_null(copy);
	memcpy(copy, text, len);
	memset(err, 'x', sizeof(err));
	m = kmap_load_text("f.map", copy, len, err, sizeof(err));
	free(copy);
	if (m)
		use(m);
	else
		one_line(err, sizeof(err), "f.map:");
	accepted += m != NULL;
	refused += !m;
}

static void try_rules(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1), err[600];
	struct symbol_rules *r;

	assert_non_null(copy);
	memcpy(copy, text, len);
	memset(err, 'x', sizeof(err));
	r = symbol_rules_load_text("f.rules", copy, len, NULL, err, sizeof(err));
	free(copy);
	if (r) {
		struct kmap *m = kmap_load_text("m", good_map, strlen(good_map), err, sizeof(err));
		struct symbol_class_map *c = symbols_classify(m, r);
		struct symbol_table *t = symbols_table(c, err, sizeof(err));

		assert_int_equal(symbol_table_check(t), 0);
		free(t);
		symbol_class_map_free(c);
		kmap_free(m);
		symbol_rules_free(r);
	} else {
		one_line(err, sizeof(err), "f.rules:");
	}
	accepted += r != NULL;
	refused += !r;
}

/* One of: a byte changed, bytes taken out, bytes doubled, a byte put in, the end cut off. */
static size_t mutate(char *text, size_t len)
{
	static const char likely[] = "0f T\t\n[]*?-.,#_x\0\xff";
	size_t at = len ? (size_t)rand() % len : 0, n = 1 + (size_t)rand() % 20;

	if (!len)
		return 0;
	if (n > len - at)
		n = len - at;
	switch (rand() % 5) {
	case 0:
		text[at] = likely[(size_t)rand() % sizeof(likely)];
		return len;
	case 1:
		memmove(text + at, text + at + n, len - at - n);
		return len - n;
	case 2:
		memmove(text + at + n, text + at, len - at);
		return len + n;
	case 3:
		memmove(text + at + 1, text + at, len - at);
		text[at] = (char)rand();
		return len + 1;
	default:
		return at;
	}
}

static void mutations(const char *good, void (*try)(const char *, size_t))
{
	static char text[8192];

	accepted = refused = 0;
	for (size_t cut = 0; cut <= strlen(good); cut++)
		try(good, cut);
	assert_true(accepted >= 1);
	srand(1);
	for (int i = 0; i < 20000; i++) {
		size_t len = strlen(good);

		memcpy(text, good, len);
		for (int k = 1 + rand() % 4; k > 0; k--)
			len = mutate(text, len);
		try(text, len);
	}
	/* Neither everything nor nothing: the mutations are neither deadly nor harmless. */
	assert_true(accepted > 200);
	assert_true(refused > 200);
}

static void maps(void **state)
{
	(void)state;
	mutations(good_map, try_map);
}

static void rule_files(void **state)
{
	(void)state;
	mutations(good_rules, try_rules);
}

/* A vmlinux of three sections: code, symbols, strings. */
struct tiny_vmlinux {
	Elf64_Ehdr ehdr;
	Elf64_Shdr shdr[5];
	Elf64_Sym sym[6];
	char strings[128];
	char banner[48];
};

static void set_symbol(struct tiny_vmlinux *v, int i, const char *name, uint64_t value, uint16_t at)
{
	static size_t used;

	if (i == 1)
		used = 1;
	v->sym[i] = (Elf64_Sym){ .st_name = (Elf64_Word)used,
				 .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
				 .st_shndx = at,
				 .st_value = value };
	strcpy(v->strings + used, name);
	used += strlen(name) + 1;
}

static struct tiny_vmlinux vmlinux(void)
{
	struct tiny_vmlinux v = { .ehdr = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
					    .e_type = ET_EXEC,
					    .e_machine = EM_X86_64,
					    .e_version = EV_CURRENT,
					    .e_shoff = offsetof(struct tiny_vmlinux, shdr),
					    .e_ehsize = sizeof(Elf64_Ehdr),
					    .e_shentsize = sizeof(Elf64_Shdr),
					    .e_shnum = 5,
					    .e_shstrndx = 3 } };

	v.shdr[1] = (Elf64_Shdr){ .sh_type = SHT_NOBITS,
				  .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
				  .sh_addr = 0xffffffff81000000,
				  .sh_size = 0x1000 };
	v.shdr[2] = (Elf64_Shdr){ .sh_type = SHT_SYMTAB,
				  .sh_offset = offsetof(struct tiny_vmlinux, sym),
				  .sh_size = sizeof(v.sym),
				  .sh_link = 3,
				  .sh_entsize = sizeof(Elf64_Sym),
				  .sh_addralign = 8 };
	v.shdr[3] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
				  .sh_offset = offsetof(struct tiny_vmlinux, strings),
				  .sh_size = sizeof(v.strings),
				  .sh_addralign = 1 };
	v.shdr[4] = (Elf64_Shdr){ .sh_type = SHT_PROGBITS,
				  .sh_flags = SHF_ALLOC,
				  .sh_addr = 0xffffffff82000000,
				  .sh_offset = offsetof(struct tiny_vmlinux, banner),
				  .sh_size = sizeof(v.banner),
				  .sh_addralign = 1 };
	set_symbol(&v, 1, "_text", 0xffffffff81000000, 1);
	set_symbol(&v, 2, "_raw_spin_lock", 0xffffffff81000010, 1);
	set_symbol(&v, 3, "irq_enter.part.0", 0xffffffff81000040, 1);
	set_symbol(&v, 4, "_etext", 0xffffffff81000100, 1);
	set_symbol(&v, 5, "linux_banner", 0xffffffff82000000, 4);
	v.sym[5].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
	strcpy(v.banner, "Linux version 6.12.0-test (nobody)");
	return v;
}

static bool try_elf(const struct tiny_vmlinux *v, size_t len)
{
	char *copy = malloc(len ? len : 1), err[600];
	struct kmap *m;

	assert_non_null(copy);
	memcpy(copy, v, len);
	memset(err, 'x', sizeof(err));
	m = kmap_load_elf("vmlinux", copy, len, err, sizeof(err));
	if (m)
		use(m);
	else
		one_line(err, sizeof(err), "vmlinux: ");
	free(copy);
	return m;
}

static void elf_files(void **state)
{
	struct tiny_vmlinux good = vmlinux(), v;
	char err[600] = "";
	struct kmap *m = kmap_load_elf("vmlinux", (char *)&good, sizeof(good), err, sizeof(err));
	int read = 0, rounds = 20000;

	(void)state;
	if (!m && strstr(err, "built without libelf"))
		skip();
	assert_string_equal(err, "");
	assert_int_equal(m->nr, 3);
	assert_int_equal(m->version, KERNEL_VERSION_OF(6, 12));
	assert_string_equal(m->symbol[1].name, "_raw_spin_lock");
	use(m);
	for (size_t len = 0; len < sizeof(good); len += 7)
		try_elf(&good, len);
	srand(3);
	for (int i = 0; i < rounds; i++) {
		unsigned char *bytes = (unsigned char *)&v;

		v = good;
		for (int k = 1 + rand() % 3; k > 0; k--) {
			/* Every second change in the headers, where it hurts. */
			size_t room = rand() % 2 ? sizeof(v) : offsetof(struct tiny_vmlinux, sym);

			bytes[(size_t)rand() % room] = rand() % 2 ? (unsigned char)rand() : 0xff;
		}
		read += try_elf(&v, sizeof(v));
	}
	assert_true(read > rounds / 20 && read < rounds - rounds / 20);
}

static void megabytes_of_anything(void **state)
{
	size_t len = 1 << 20;
	char *bytes = malloc(len);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'a', len);
	try_map(bytes, len);
	try_rules(bytes, len);
	memset(bytes, '\n', len);
	try_map(bytes, len);
	try_rules(bytes, len);
	memset(bytes, 0, len);
	try_map(bytes, len);
	try_rules(bytes, len);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)rand();
	try_map(bytes, len);
	try_rules(bytes, len);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps),
		cmocka_unit_test(rule_files),
		cmocka_unit_test(elf_files),
		cmocka_unit_test(megabytes_of_anything),
	};
	char err[300];
	int failed;

	rules = symbol_rules_load_text("r", good_rules, strlen(good_rules), NULL, err, sizeof(err));
	if (!rules)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	symbol_rules_free(rules);
	return failed;
}
