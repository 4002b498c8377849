/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parsers of arguments (arg.c, arg_catch.c) share. */
#ifndef MONITOR_ARG_H
#define MONITOR_ARG_H

#include "monitor/command.h"
#include "monitor/expr.h"

/* Notes which part of the line is wrong; @mistake->err says why. Returns -EINVAL. */
int mon_arg_wrong(struct mon_mistake *mistake, size_t pos, size_t len);
/* Copies @n bytes into the call; NULL cannot happen for parts of a line of legal length. */
void *mon_keep(struct mon_call *call, const void *data, size_t n);
/* Takes line[*pos, end) as it is into value->str. */
int mon_parse_word(struct mon_call *call, const char *line, size_t *pos, size_t end,
		   struct mon_value *value, struct mon_mistake *mistake);
/* The end of the word at @pos. */
size_t mon_word_end(const char *line, size_t pos, size_t len);
/* Numbers, registers, symbols and memory as this session sees them. */
struct expr_env mon_expr_env(struct mon_session *s);
/*
 * Whether line[start, end) is an expression; it is kept as text, to be evaluated later. Moves
 * *pos to @end.
 */
int mon_parse_text(struct mon_call *call, const char *line, size_t *pos, size_t end,
		   struct mon_value *value, struct mon_mistake *mistake);
/* Keeps line[*pos, end) as the value's string. */
int mon_parse_word(struct mon_call *call, const char *line, size_t *pos, size_t end,
		   struct mon_value *value, struct mon_mistake *mistake);
/* What follows the word `catch` where a breakpoint's number can stand: a catchpoint's, or all. */
int mon_parse_catchpoint(struct mon_call *call, const struct mon_arg *arg, const char *line,
			 size_t *pos, size_t len, struct mon_value *value,
			 struct mon_mistake *mistake);

#endif
