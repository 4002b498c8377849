// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the probe found, kept in the run-time directory for this boot of the host.
 *
 * A text file: a first line with the key (boot, user, KVM module), then "name value" lines. A
 * file that is not whole or of another key is as good as none, and so is a directory that cannot be
 * written.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/probe.h"
#include "hv/rundir.h"
#include "hv/strbuf.h"

#define CACHE_MAX 4096

static const struct {
	const char *key;
	size_t offset;
} numbers[] = {
	{ "arch", offsetof(struct probe_result, arch) },
	{ "exit_ns", offsetof(struct probe_result, exit_ns) },
	{ "step_ns", offsetof(struct probe_result, step_ns) },
};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

void probe_format(const struct probe_result *probe, const char *key, struct strbuf *out)
{
	strbuf_printf(out, "%s\n", key);
	for (size_t i = 0; i < probe_row_count; i++)
		strbuf_printf(out, "%s %d\n", probe_rows[i].key,
			      (int)probe_row_verdict(&probe_rows[i], probe));
	for (size_t i = 0; i < NUMBERS; i++) {
		uint64_t value;

		memcpy(&value, (const char *)probe + numbers[i].offset, sizeof(value));
		strbuf_printf(out, "%s %llu\n", numbers[i].key, (unsigned long long)value);
	}
}

/* The number on the line "@key NUMBER"; false when there is no such line. */
static bool find_number(const char *text, const char *key, unsigned long long *value)
{
	size_t len = strlen(key);
	char *end;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) != 0 || line[len] != ' ')
			continue;
		errno = 0;
		*value = strtoull(line + len + 1, &end, 10);
		return !errno && end > line + len + 1 && *end == '\n';
	}
	return false;
}

int probe_parse(const char *text, const char *key, struct probe_result *out)
{
	size_t len = strlen(key);
	unsigned long long value;

	memset(out, 0, sizeof(*out));
	if (strncmp(text, key, len) != 0 || text[len] != '\n')
		return -ESTALE;
	for (size_t i = 0; i < probe_row_count; i++) {
		enum probe_verdict verdict;

		if (!find_number(text, probe_rows[i].key, &value) || value > PROBE_WORKS)
			return -ESTALE;
		verdict = (enum probe_verdict)value;
		memcpy((char *)out + probe_rows[i].offset, &verdict, sizeof(verdict));
	}
	for (size_t i = 0; i < NUMBERS; i++) {
		uint64_t number;

		if (!find_number(text, numbers[i].key, &value))
			return -ESTALE;
		number = value;
		memcpy((char *)out + numbers[i].offset, &number, sizeof(number));
	}
	return 0;
}

/* A whole small file as a string without its last newline; false when there is none. */
static bool read_small(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return false;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	buf[len] = '\0';
	return n >= 0 && len > 0;
}

static void chomp(char *s)
{
	s[strcspn(s, "\n")] = '\0';
}

/* Which boot of the host, which user, which KVM: what the findings depend on. */
static bool cache_key(char *key, size_t size)
{
	static const char *const modules[] = { "kvm_intel", "kvm_amd", "kvm_pvm", "kvm" };
	char boot[64], path[80], version[64] = "";
	const char *module = "built-in";
	int n;

	if (!read_small("/proc/sys/kernel/random/boot_id", boot, sizeof(boot)))
		return false;
	chomp(boot);
	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		snprintf(path, sizeof(path), "/sys/module/%s/srcversion", modules[i]);
		if (read_small(path, version, sizeof(version))) {
			chomp(version);
			module = modules[i];
			break;
		}
	}
	n = snprintf(key, size, "vitrine " VITRINE_VERSION " probe boot %s uid %u %s %s", boot,
		     (unsigned)geteuid(), module, version);
	return n > 0 && (size_t)n < size;
}

static bool cache_path(char *path, size_t size)
{
	char dir[PATH_MAX];
	int n;

	if (rundir_get(dir, sizeof(dir), NULL) < 0)
		return false;
	n = snprintf(path, size, "%s/probe", dir);
	return n > 0 && (size_t)n < size;
}

/* Written beside and renamed, so that nobody reads half of it. No cache is no error. */
static void cache_store(const char *path, const char *key, const struct probe_result *probe)
{
	struct strbuf text = STRBUF_INIT;
	char temp[PATH_MAX];
	int fd, n;

	n = snprintf(temp, sizeof(temp), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(temp))
		return;
	probe_format(probe, key, &text);
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd >= 0) {
		bool written = !text.failed && write(fd, text.data, text.len) == (ssize_t)text.len;

		written &= close(fd) == 0;
		if (!written || rename(temp, path) < 0)
			unlink(temp);
	}
	strbuf_free(&text);
}

int probe_get(struct probe_result *out, struct error *err)
{
	char path[PATH_MAX], key[256], text[CACHE_MAX];
	bool cached = cache_key(key, sizeof(key)) && cache_path(path, sizeof(path));
	int ret;

	if (cached && read_small(path, text, sizeof(text)) && probe_parse(text, key, out) == 0)
		return 0;
	ret = probe_run(out, err);
	if (!ret && cached)
		cache_store(path, key, out);
	return ret;
}
