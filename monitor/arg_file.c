// SPDX-License-Identifier: GPL-3.0-or-later
/* The argument that names a file on the host: the rest of the line, completed from directories. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "monitor/arg.h"

static int parse_file(struct mon_call *call, const struct mon_arg *arg, const char *line,
		      size_t *pos, size_t len, struct mon_value *value, struct mon_mistake *mistake)
{
	(void)arg;
	return mon_parse_word(call, line, pos, len, value, mistake);
}

static void complete_file(struct mon_session *s, const char *prefix,
			  void (*add)(void *opaque, const char *word), void *opaque)
{
	const char *slash = strrchr(prefix, '/');
	int dir_len = slash ? (int)(slash - prefix) + 1 : 0;
	char dir[512], word[1024];
	struct dirent *entry;
	DIR *d;

	(void)s;
	snprintf(dir, sizeof(dir), "%.*s", dir_len, prefix);
	d = opendir(dir_len ? dir : ".");
	if (!d)
		return;
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.' && prefix[dir_len] != '.')
			continue;
		snprintf(word, sizeof(word), "%s%s%s", dir, entry->d_name,
			 entry->d_type == DT_DIR ? "/" : "");
		add(opaque, word);
	}
	closedir(d);
}

const struct mon_arg_type mon_arg_file = {
	.what = "a file",
	.rest = true,
	.parse = parse_file,
	.complete = complete_file,
};
