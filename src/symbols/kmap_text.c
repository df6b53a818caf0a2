/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System.map and /proc/kallsyms: lines of "ADDRESS TYPE NAME", in kallsyms with "\t[MODULE]"
 * behind.
 *
 * Anything else in such a file is a mistake worth a message: a table of a wrong kernel's addresses
 * sends help to the wrong vCPU and nobody would notice.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "symbols/kmap.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* What is wrong with a line, or NULL; -errno of the builder in *@ret. */
static const char *add_line(struct kmap_build *b, const char *p, const char *end, int *ret)
{
	const char *start = p, *name;
	uint64_t address = 0;
	size_t len;
	char type;

	for (; p < end && hex_digit(*p) >= 0; p++) {
		if (p - start == 16)
			return "an address has 8 or 16 hexadecimal digits";
		address = address << 4 | (uint64_t)hex_digit(*p);
	}
	if (p - start != 8 && p - start != 16)
		return "does not start with an address of 8 or 16 hexadecimal digits";
	if (end - p < 4 || p[0] != ' ' || p[2] != ' ')
		return "an address is followed by a space, one letter, a space and a name";
	type = p[1];
	if (!(type >= 'a' && type <= 'z') && !(type >= 'A' && type <= 'Z') && type != '?')
		return "a symbol's type is one letter";
	name = p += 3;
	while (p < end && *p > ' ' && *p < 0x7f)
		p++;
	len = (size_t)(p - name);
	if (!len || len > KMAP_MAX_NAME)
		return "a symbol's name has 1 to 511 printable characters";
	if (p < end) {
		if (end - p < 4 || (*p != '\t' && *p != ' ') || p[1] != '[' || end[-1] != ']')
			return "what follows a name is the [module] it belongs to";
		for (p += 2; p < end - 1; p++)
			if (*p <= ' ' || *p >= 0x7f)
				return "a module's name is printable";
		b->map->skipped_modules++;
		return NULL;
	}
	*ret = kmap_build_add(b, address, type, name, len);
	switch (*ret) {
	case 0:
		return NULL;
	case -EEXIST:
		return "a second address for the same symbol; is this more than one kernel?";
	case -E2BIG:
		return "too many symbols; at most 2097152";
	default:
		return "out of memory";
	}
}

/* Debian ships one line in place of a map, which names the package that has it. */
static bool is_debian_stub(const char *text, size_t len)
{
	static const char words[] = "The real System.map is in the";

	return len < 400 && memmem(text, len, words, sizeof(words) - 1);
}

struct kmap *kmap_load_text(const char *name, const char *text, size_t len, char *err, size_t errlen)
{
	const char *end = text + len, *p = text, *eol, *wrong;
	struct kmap_build b;
	int ret = 0;

	if (is_debian_stub(text, len)) {
		snprintf(err, errlen,
			 "%s: is only Debian's placeholder; the real map is in the package linux-image-VERSION-dbg",
			 name);
		return NULL;
	}
	if (!len) {
		snprintf(err, errlen, "%s: is empty", name);
		return NULL;
	}
	if (kmap_build_start(&b)) {
		snprintf(err, errlen, "%s: out of memory", name);
		return NULL;
	}
	for (unsigned int line = 1; p < end; line++, p = eol + 1) {
		eol = memchr(p, '\n', (size_t)(end - p));
		wrong = eol ? add_line(&b, p, eol, &ret) : "the last line does not end; is the file cut off?";
		if (wrong) {
			snprintf(err, errlen, "%s:%u: %s", name, line, wrong);
			kmap_build_drop(&b);
			return NULL;
		}
	}
	return kmap_build_finish(&b, name, err, errlen);
}

/* All of a file that may not know its size (/proc); NULL with a negative errno in *@error. */
static char *read_all(int fd, size_t *len, int *error)
{
	size_t room = 1 << 20;
	char *text = malloc(room), *more;
	ssize_t n;

	*len = 0;
	*error = -ENOMEM;
	while (text) {
		n = read(fd, text + *len, room - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			*error = -errno;
		if (n <= 0)
			break;
		*len += (size_t)n;
		if (*len < room)
			continue;
		n = -1;
		if (room >= KMAP_MAX_BYTES) {
			*error = -EFBIG;
			break;
		}
		more = realloc(text, room *= 2);
		if (!more)
			break;
		text = more;
	}
	if (!text || n) {
		free(text);
		return NULL;
	}
	return text;
}

/* What a file is that is no symbol table; NULL if its first bytes don't tell. */
static const char *other_kind(const char *text, size_t len)
{
	if (len > 0x206 && !memcmp(text + 0x202, "HdrS", 4))
		return "is a bootable kernel (bzImage), which hides its symbols; give System.map, vmlinux or /proc/kallsyms";
	if (len >= 3 && !memcmp(text, "\x1f\x8b\x08", 3))
		return "is compressed; unpack it with gunzip first";
	if (len >= 6 && !memcmp(text,
				"\xfd"
				"7zXZ",
				5))
		return "is compressed; unpack it with unxz first";
	if (len >= 4 && !memcmp(text, "\x28\xb5\x2f\xfd", 4))
		return "is compressed; unpack it with unzstd first";
	if (len >= 8 && !memcmp(text, "!<arch>\n", 8))
		return "is a package; unpack it with `dpkg-deb -x` and give the System.map in it";
	return NULL;
}

struct kmap *kmap_load(const char *path, char *err, size_t errlen)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error = 0;
	struct kmap *map = NULL;
	const char *kind;
	struct utsname u;
	char magic[4];
	struct stat st;
	char *text;
	size_t len;

	if (fd < 0 || fstat(fd, &st) || (S_ISDIR(st.st_mode) && (errno = EISDIR))) {
		snprintf(err, errlen, "%s: can't read: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	if (S_ISREG(st.st_mode) && pread(fd, magic, 4, 0) == 4 && !memcmp(magic, "\177ELF", 4)) {
		map = kmap_read_elf_fd(path, fd, err, errlen);
		close(fd);
		return map;
	}
	text = read_all(fd, &len, &error);
	close(fd);
	if (!text) {
		snprintf(err, errlen, "%s: can't read: %s", path, strerror(-error));
		return NULL;
	}
	kind = other_kind(text, len);
	if (kind)
		snprintf(err, errlen, "%s: %s", path, kind);
	else
		map = kmap_load_text(path, text, len, err, errlen);
	free(text);
	if (map && !map->version && !strcmp(path, "/proc/kallsyms") && !uname(&u))
		map->version = kernel_version_parse(u.release);
	return map;
}
