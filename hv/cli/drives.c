// SPDX-License-Identifier: GPL-3.0-or-later
/* Disks on the command line: see drives.h. */
#include "hv/cli/drives.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/optlist.h"

/* A word and what it means. */
struct choice {
	const char *word;
	int value;
};

static const struct choice interfaces[] = { { "virtio", true }, { "none", false }, { 0 } };
static const struct choice caches[] = { { "writeback", DRIVE_WRITEBACK },
					{ "writethrough", DRIVE_WRITETHROUGH },
					{ "unsafe", DRIVE_UNSAFE },
					{ 0 } };
static const struct choice aios[] = { { "io_uring", DRIVE_IO_URING },
				      { "threads", DRIVE_THREADS },
				      { 0 } };
static const struct choice formats[] = { { "raw", true }, { 0 } };

/* Leaves *@value alone when the key is not there. */
static int choose(struct optlist *opts, const char *key, const struct choice *choices, int *value,
		  struct error *err)
{
	const char *text = optlist_get(opts, key);
	char words[80] = "";

	for (const struct choice *c = choices; text && c->word; c++) {
		size_t used = strlen(words);

		if (!strcmp(text, c->word)) {
			*value = c->value;
			return 0;
		}
		snprintf(words + used, sizeof(words) - used, "%s%s", used ? ", " : "", c->word);
	}
	if (!text)
		return 0;
	return error_set(err, -EINVAL, "%s=%.40s: there is %s", key, text, words);
}

static int check_id(const struct cli_drives *drives, const char *id, struct error *err)
{
	size_t len = 0;

	while (isalnum((unsigned char)id[len]) || (id[len] && strchr("-_.", id[len])))
		len++;
	if (!len || id[len] || len > CLI_DRIVE_ID_MAX)
		return error_set(err, -EINVAL,
				 "id=%.40s: an id has up to %d letters, digits and -_.", id,
				 CLI_DRIVE_ID_MAX);
	for (unsigned i = 0; i < drives->count; i++)
		if (!strcmp(drives->drive[i].id, id))
			return error_set(err, -EINVAL, "there are two with id=%s", id);
	return 0;
}

/* Takes the next place. */
static int add(struct cli_drives *drives, struct machine_drive drive, bool on_bus,
	       const char **device, struct error *err)
{
	unsigned n = drives->count;
	char id[CLI_DRIVE_ID_MAX + 1];
	size_t len = strlen(drive.file);
	int ret;

	if (n == CLI_DRIVES_MAX)
		return error_set(err, -EINVAL, "at most %d disks", CLI_DRIVES_MAX);
	snprintf(id, sizeof(id), "drive%u", n);
	ret = check_id(drives, drive.id ? drive.id : id, err);
	if (ret)
		return ret;
	if (len >= PATH_MAX)
		return error_set(err, -ENAMETOOLONG, "file=%.40s…: a path is shorter", drive.file);
	if (drive.id)
		snprintf(id, sizeof(id), "%s", drive.id);
	memcpy(drives->text[n].id, id, sizeof(id));
	memcpy(drives->text[n].file, drive.file, len + 1);
	snprintf(drives->text[n].device, sizeof(drives->text[n].device), "virtio-blk,drive=%s", id);
	drive.id = drives->text[n].id;
	drive.file = drives->text[n].file;
	drives->drive[drives->count++] = drive;
	*device = on_bus ? drives->text[n].device : NULL;
	return 0;
}

static int parse(struct cli_drives *drives, struct optlist *opts, const char **device,
		 struct error *err)
{
	struct machine_drive drive = { .file = optlist_get(opts, "file"),
				       .id = optlist_get(opts, "id") };
	int on_bus = true, cache = DRIVE_WRITEBACK, aio = DRIVE_IO_URING, raw = false;
	int ret = choose(opts, "if", interfaces, &on_bus, err);

	if (!ret)
		ret = choose(opts, "format", formats, &raw, err);
	if (!ret)
		ret = choose(opts, "cache", caches, &cache, err);
	if (!ret)
		ret = choose(opts, "aio", aios, &aio, err);
	if (!ret)
		ret = optlist_bool(opts, "readonly", &drive.readonly, err);
	if (!ret)
		ret = optlist_bool(opts, "snapshot", &drive.snapshot, err);
	if (!ret)
		ret = optlist_end(opts, err);
	if (ret)
		return ret;
	if (!drive.file || !*drive.file)
		return error_set(err, -EINVAL, "file=FILE is missing");
	drive.format_given = raw;
	drive.cache = (enum drive_cache)cache;
	drive.aio = (enum drive_aio)aio;
	return add(drives, drive, on_bus, device, err);
}

int cli_drive_parse(struct cli_drives *drives, const char *value, const char **device,
		    struct error *err)
{
	struct optlist opts;
	int ret = optlist_parse(&opts, "disk", value, err);

	if (ret)
		return ret;
	ret = parse(drives, &opts, device, err);
	optlist_free(&opts);
	return ret;
}

int cli_drive_plain(struct cli_drives *drives, const char *file, const char **device,
		    struct error *err)
{
	return add(drives, (struct machine_drive){ .file = file, .id = "hda" }, true, device, err);
}

void cli_drives_end(struct cli_drives *drives)
{
	for (unsigned i = 0; i < drives->count; i++)
		drives->drive[i].snapshot |= drives->snapshot;
}
