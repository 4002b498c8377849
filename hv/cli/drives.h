/* SPDX-License-Identifier: GPL-3.0-or-later */
/* -drive, -hda and -snapshot. */
#ifndef HV_CLI_DRIVES_H
#define HV_CLI_DRIVES_H

#include <limits.h>

#include "hv/machine.h"

#define CLI_DRIVES_MAX	 8
#define CLI_DRIVE_ID_MAX 31

/* What the command line said, and the strings of it. Zeroed to begin with; stays where it is. */
struct cli_drives {
	struct machine_drive drive[CLI_DRIVES_MAX + 1]; /* ends with one without an id */
	unsigned count;
	bool snapshot; /* all of them: cli_drives_end() */
	struct {
		char id[CLI_DRIVE_ID_MAX + 1];
		char file[PATH_MAX];
		char device[CLI_DRIVE_ID_MAX + 32]; /* what -device would be told */
	} text[CLI_DRIVES_MAX];
};

/*
 * "file=FILE,if=virtio|none,format=raw,…", the value of -drive. *@device is what to add as by
 * -device, NULL with if=none. -EINVAL with a sentence.
 */
int cli_drive_parse(struct cli_drives *drives, const char *value, const char **device,
		    struct error *err);
/* -hda: a disk of all defaults. */
int cli_drive_plain(struct cli_drives *drives, const char *file, const char **device,
		    struct error *err);
/* After the last option. */
void cli_drives_end(struct cli_drives *drives);

#endif
