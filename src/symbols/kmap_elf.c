/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vmlinux: the symbol table of an ELF file, through libelf. Without libelf (ROTA_LIBELF) one clear
 * line.
 *
 * Named local labels of the assembler and tables of the linker are in a vmlinux and not in its
 * System.map; the same ones are left out here (scripts/mksysmap of the kernel has the list), so
 * that both give the same table.
 */
#include "symbols/kmap.h"

#ifdef ROTA_LIBELF

#include <errno.h>
#include <gelf.h>
#include <string.h>

static bool left_out(const char *name)
{
	/* The assembler's labels, checksums and names of exports, mapping symbols. */
	return !strncmp(name, ".L", 2) || !strncmp(name, "L0", 2) || !strncmp(name, "__crc_", 6) || *name == '$' ||
	       !strncmp(name, "__kstrtab_", 10);
}

/* nm's letter, as far as kmap_build_add() cares: 't' is code. */
static char type_of(Elf *elf, const GElf_Sym *sym)
{
	GElf_Shdr shdr;
	Elf_Scn *scn;

	if (sym->st_shndx == SHN_ABS)
		return 'A';
	if (GELF_ST_TYPE(sym->st_info) != STT_FUNC && GELF_ST_TYPE(sym->st_info) != STT_NOTYPE)
		return 'd';
	scn = elf_getscn(elf, sym->st_shndx);
	if (!scn || !gelf_getshdr(scn, &shdr))
		return 'd';
	return shdr.sh_flags & SHF_EXECINSTR ? 't' : 'd';
}

/* "Linux version 6.1.0-..." is data of the kernel: the symbol linux_banner. */
static uint16_t banner_version(Elf *elf, const GElf_Sym *sym)
{
	static const char start[] = "Linux version ";
	char text[sizeof(start) + 16];
	Elf_Scn *scn = elf_getscn(elf, sym->st_shndx);
	Elf_Data *data;
	GElf_Shdr shdr;
	uint64_t at;

	if (!scn || !gelf_getshdr(scn, &shdr) || shdr.sh_type == SHT_NOBITS || sym->st_value < shdr.sh_addr)
		return 0;
	data = elf_rawdata(scn, NULL);
	at = sym->st_value - shdr.sh_addr;
	if (!data || !data->d_buf || data->d_size < sizeof(text) || at > data->d_size - sizeof(text))
		return 0;
	memcpy(text, (const char *)data->d_buf + at, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	return strncmp(text, start, sizeof(start) - 1) ? 0 : kernel_version_parse(text + sizeof(start) - 1);
}

static Elf_Scn *symbol_section(Elf *elf, GElf_Shdr *shdr)
{
	for (Elf_Scn *scn = elf_nextscn(elf, NULL); scn; scn = elf_nextscn(elf, scn))
		if (gelf_getshdr(scn, shdr) && shdr->sh_type == SHT_SYMTAB)
			return scn;
	return NULL;
}

static int add_symbols(struct kmap_build *b, Elf *elf, Elf_Data *data, size_t strings, uint16_t *version)
{
	size_t nr = data->d_size / sizeof(Elf64_Sym), len;
	const char *name;
	GElf_Sym sym;
	int ret;

	for (size_t i = 1; i < nr && i <= INT_MAX; i++) {
		if (!gelf_getsym(data, (int)i, &sym) || sym.st_shndx == SHN_UNDEF)
			continue;
		name = sym.st_name ? elf_strptr(elf, strings, sym.st_name) : NULL;
		if (!name || !*name || left_out(name))
			continue;
		len = strnlen(name, KMAP_MAX_NAME + 1);
		if (len > KMAP_MAX_NAME)
			return -ENAMETOOLONG;
		if (!strcmp(name, "linux_banner"))
			*version = banner_version(elf, &sym);
		ret = kmap_build_add(b, sym.st_value, type_of(elf, &sym), name, len);
		if (ret)
			return ret;
	}
	return 0;
}

static struct kmap *read_elf(const char *path, Elf *elf, char *err, size_t errlen)
{
	const char *wrong = NULL;
	uint16_t version = 0;
	struct kmap_build b;
	Elf_Data *data;
	GElf_Ehdr ehdr;
	GElf_Shdr shdr;
	Elf_Scn *scn;
	struct kmap *map;

	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &ehdr) || gelf_getclass(elf) != ELFCLASS64)
		wrong = "is not an intact 64-bit ELF file";
	else if (ehdr.e_type != ET_EXEC && ehdr.e_type != ET_DYN)
		wrong = "is an object or core file, not a linked kernel";
	else if (!(scn = symbol_section(elf, &shdr)))
		wrong = "is stripped: it has no symbol table";
	else if (shdr.sh_entsize != sizeof(Elf64_Sym) || !(data = elf_getdata(scn, NULL)) || !data->d_buf)
		wrong = "has a damaged symbol table";
	else if (kmap_build_start(&b))
		wrong = "out of memory";
	if (wrong) {
		snprintf(err, errlen, "%s: %s", path, wrong);
		return NULL;
	}
	switch (add_symbols(&b, elf, data, shdr.sh_link, &version)) {
	case 0:
		break;
	case -EEXIST:
		wrong = "has a second address for one of _text, _stext, _etext and the system call entry";
		break;
	case -E2BIG:
		wrong = "has too many symbols; at most 2097152";
		break;
	case -ENAMETOOLONG:
		wrong = "has a symbol whose name is longer than 511 characters";
		break;
	default:
		wrong = "out of memory";
	}
	if (wrong) {
		snprintf(err, errlen, "%s: %s", path, wrong);
		kmap_build_drop(&b);
		return NULL;
	}
	map = kmap_build_finish(&b, path, err, errlen);
	if (map && version)
		map->version = version;
	return map;
}

static bool have_libelf(const char *path, char *err, size_t errlen)
{
	if (elf_version(EV_CURRENT) != EV_NONE)
		return true;
	snprintf(err, errlen, "%s: libelf is too old to read it", path);
	return false;
}

struct kmap *kmap_read_elf_fd(const char *path, int fd, char *err, size_t errlen)
{
	struct kmap *map;
	Elf *elf;

	if (!have_libelf(path, err, errlen))
		return NULL;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	map = read_elf(path, elf, err, errlen);
	elf_end(elf);
	return map;
}

struct kmap *kmap_load_elf(const char *name, const char *bytes, size_t len, char *err, size_t errlen)
{
	struct kmap *map;
	Elf *elf;

	if (!have_libelf(name, err, errlen))
		return NULL;
	elf = elf_memory((char *)(uintptr_t)bytes, len);
	map = read_elf(name, elf, err, errlen);
	elf_end(elf);
	return map;
}

#else /* no libelf */

static struct kmap *no_libelf(const char *path, char *err, size_t errlen)
{
	snprintf(err, errlen,
		 "%s: is an ELF file, and this rota was built without libelf; give the kernel's System.map instead",
		 path);
	return NULL;
}

struct kmap *kmap_read_elf_fd(const char *path, int fd, char *err, size_t errlen)
{
	(void)fd;
	return no_libelf(path, err, errlen);
}

struct kmap *kmap_load_elf(const char *name, const char *bytes, size_t len, char *err, size_t errlen)
{
	(void)bytes;
	(void)len;
	return no_libelf(name, err, errlen);
}

#endif
