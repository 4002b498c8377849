/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "NAME,key=value,flag,…": what options like -device and -drive are made of. A comma in a value
 * is written twice. A flag alone means on.
 */
#ifndef HV_OPTLIST_H
#define HV_OPTLIST_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/error.h"

#define OPTLIST_MAX 24

struct optlist {
	const char *what; /* "-drive", for sentences */
	char *text;
	struct {
		const char *key, *value; /* value NULL: a flag */
		bool used;
	} rows[OPTLIST_MAX];
	unsigned count;
};

/* 0, or negative with a sentence; then there is nothing to free. */
int optlist_parse(struct optlist *o, const char *what, const char *text, struct error *err);
void optlist_free(struct optlist *o);

/* The first word, when it is no key=value: "virtio-blk". NULL when it is, or there is none. */
const char *optlist_name(struct optlist *o);
/* NULL when it is not there. */
const char *optlist_get(struct optlist *o, const char *key);
/* For a key that may come several times: the one from *@at on, which is 0 at first. NULL: no more.
 */
const char *optlist_next(struct optlist *o, const char *key, unsigned *at);
/* These leave *@value alone when the key is not there. -EINVAL with a sentence. */
int optlist_bool(struct optlist *o, const char *key, bool *value, struct error *err);
int optlist_number(struct optlist *o, const char *key, uint64_t min, uint64_t max, uint64_t *value,
		   struct error *err);
/* -EINVAL with a sentence when there is one that nobody has asked for. */
int optlist_end(const struct optlist *o, struct error *err);

#endif
