/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples (hv/profile.h) with names: by function, and as a tree of who called whom. Loop thread. */
#ifndef MONITOR_PROFILE_TREE_H
#define MONITOR_PROFILE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "hv/error.h"

struct machine;

#define PROFILE_NAME_MAX 128

/* A function in one place of the tree, or in the list. */
struct profile_node {
	char name[PROFILE_NAME_MAX]; /* "[user]"; "[0xffff…000]", a page, where no symbol is */
	uint64_t key;		     /* its address, or another number of its own */
	uint64_t self;		     /* samples in it */
	uint64_t total;		     /* … and in what it has called */
	struct profile_node *child, *next; /* of the tree; in the list, the next one */
};

struct profile_tree {
	struct profile_node root;  /* "all" */
	struct profile_node *list; /* by function, those with most samples of their own first */
	bool failed;		   /* no memory: incomplete */
};

/* Names by the symbols of the kernel that @cpu runs. */
void profile_tree_make(struct profile_tree *t, struct machine *m, int cpu);
void profile_tree_free(struct profile_tree *t);

/* "spin;work_long 1234" for each stack: what flame graphs are made of elsewhere. */
void profile_put_folded(const struct profile_tree *t, FILE *f);
/* A flame graph that needs nothing else: profile_svg.c. @title is a line above it. */
void profile_put_svg(const struct profile_tree *t, const char *title, FILE *f);

#endif
