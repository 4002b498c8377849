/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIGINT, SIGTERM and SIGHUP as events of the loop, so that they end the program in order. */
#ifndef HV_CLI_SIGNALS_H
#define HV_CLI_SIGNALS_H

#include <signal.h>

#include "hv/error.h"
#include "hv/loop.h"

struct cli_signals {
	int fd;
	sigset_t set;
	struct loop_source *src;
	void (*fn)(void *opaque, int sig);
	void *opaque;
};

/*
 * Blocks them in the calling thread, and so in every thread that it makes; those that are ignored
 * (nohup) stay ignored. @fn runs on the loop thread. Called before any thread is made.
 */
int cli_signals_open(struct cli_signals *s, struct loop *loop, void (*fn)(void *opaque, int sig),
		     void *opaque, struct error *err);
/* From here on they kill at once again: a person who sends a second one does not want to wait. */
void cli_signals_close(struct cli_signals *s);

#endif
