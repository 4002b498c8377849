/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is installed beside the program, made from the program's own tables while it is built:
 * manual pages in mdoc(7), and completion for bash.
 */
#ifndef HV_CLI_PAGES_PAGES_H
#define HV_CLI_PAGES_PAGES_H

#include <stddef.h>
#include <stdio.h>

/* ---- mdoc (roff.c) ---- */

/* .Dd, .Dt, .Os. @date as in "November 21, 2026". */
void roff_title(FILE *out, const char *date, const char *title, const char *section);
/* Running text: lines are filled, each sentence begins one. */
void roff_text(FILE *out, const char *text);
/* A tag of a list: ".It" with @text in the font of @macro, "Sy" say, or as it is (""). */
void roff_item(FILE *out, const char *macro, const char *text);
/* Lines that stay as they are. */
void roff_literal(FILE *out, const char *lines);
/* The characters of @text as roff has to have them. */
void roff_escaped(FILE *out, const char *text, size_t len);

/* ---- the files ---- */

void page_vitrine(FILE *out, const char *date);
void page_monitor(FILE *out, const char *date);
void completion_bash(FILE *out, const char *date);

#endif
