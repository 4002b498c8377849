/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Colours, for people at terminals that have them. Few: the prompt, what went wrong, what has
 * changed, why the guest stopped.
 */
#ifndef MONITOR_STYLE_H
#define MONITOR_STYLE_H

#include <stdbool.h>

#include "hv/strbuf.h"

enum style { STYLE_PROMPT, STYLE_ERROR, STYLE_CHANGED, STYLE_STOP };

/* Whether the terminal that vitrine itself was started on is to have any: no-color.org, TERM. */
bool style_wanted(void);
/* What begins a style (ECMA-48, SGR), and what ends each. */
const char *style_begin(enum style style);
const char *style_end(void);
/* @text in that style; plain when @colour is false. */
void style_put(struct strbuf *out, bool colour, enum style style, const char *text);

#endif
