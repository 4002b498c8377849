/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `vitrine monitor` and a monitor's socket say to each other: lines and messages.
 *
 * A client is a plain one (socat) until it asks otherwise. A line that begins with STX (0x02),
 * which nobody types, is a request:
 *
 *   STX hello 1 [tty] [colour] [batch]   from now on answers are messages
 *   STX complete START LINE              what may stand at the end of LINE, from its byte START on
 *   STX interrupt                        Ctrl-C on an empty line
 *
 * `tty`: a person sits there, an empty line repeats. `colour`: text may have any. `batch`: what
 * goes wrong is told as a message of its own. Other lines are commands, as they are for everybody,
 * and the rules of all lines hold: 1024 bytes, text.
 *
 * A message is STX, a letter, the length of its text in decimal, LF, and the text:
 *
 *   H  the first one: which vitrine this is
 *   O  output of the command
 *   E  told between commands: events
 *   F  why the command failed (batch)
 *   P  ready for a line: '0', or '1' when the last one failed; 'p' when long output is to be
 *      shown in pages, else '-'; the prompt, empty while something takes time
 *   C  the answer to `complete`: a word a line
 *   X  vitrine ends, with the status in the text
 */
#ifndef MONITOR_REMOTE_H
#define MONITOR_REMOTE_H

#include <stddef.h>

#define REMOTE_MARK    '\x02'
#define REMOTE_VERSION "1"
/* No message's text is longer. */
#define REMOTE_MAX 65536

struct console;
struct line_editor;

/* ---- the monitor's side (line_remote.c) ---- */

/* A line that begins with the mark. One that is no request is answered as any line is. */
void remote_request(struct console *c, const char *line);
/* One message, or several if it is long. What the peer is too slow for is left out, whole. */
void remote_send(struct console *c, char kind, const char *text, size_t len);
extern const struct line_editor line_remote;

#endif
