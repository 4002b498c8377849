/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The history of lines that people typed: readline's, and on disk. */
#ifndef MONITOR_HISTORY_H
#define MONITOR_HISTORY_H

/* Lines of earlier sessions into readline's history; and one more, kept on disk. Never fails. */
void history_load(void);
void history_keep(const char *line);

#endif
