// SPDX-License-Identifier: GPL-3.0-or-later
/* Commands of a script to a machine's monitor: see client.h. */
#include <stdio.h>
#include <string.h>

#include "monitor/client.h"

enum answer {
	DONE,
	FAILED,
	ENDED, /* the machine has */
	LOST,
};

/* Until @line is done, with what it says on the way. */
static enum answer await(struct remote_link *link, const char *line)
{
	struct remote_message msg;
	bool ended = false;

	while (remote_link_wait(link, &msg, -1)) {
		switch (msg.kind) {
		case 'P':
			/* "0-" and the prompt, which is empty while something takes time. */
			if (msg.len > 2)
				return msg.text[0] == '1' ? FAILED : DONE;
			break;
		case 'F':
			fprintf(stderr, "vitrine: `%s`: %.*s\n", line, (int)msg.len, msg.text);
			break;
		case 'X':
			ended = true;
			break;
		case 'C':
			break;
		default:
			fwrite(msg.text, 1, msg.len, stdout);
		}
		fflush(stdout);
	}
	return ended ? ENDED : LOST;
}

int client_batch(struct remote_link *link, const char *name, struct client_lines *lines)
{
	enum answer answer = await(link, "");
	const char *line;

	while (answer == DONE && (line = lines->next(lines))) {
		/* An answer that is under way is read even when the other side is gone already. */
		remote_link_send(link, line);
		answer = await(link, line);
	}
	/* The last line may have ended the machine: `quit`. */
	if (answer == ENDED && !lines->next(lines))
		answer = DONE;
	if (answer == ENDED || answer == LOST)
		fprintf(stderr, "vitrine: %s: %s\n", name,
			answer == LOST ? "the connection is lost" : "the machine has ended");
	if (answer == DONE && (fflush(stdout) || ferror(stdout))) {
		fprintf(stderr, "vitrine: cannot write to standard output\n");
		answer = FAILED;
	}
	remote_link_close(link);
	return answer == DONE ? 0 : 1;
}
