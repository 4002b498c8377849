/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What this host's KVM really does, found out by trying it in a throwaway VM.
 *
 * `vitrine check` prints it; the machine reads it before it chooses how to
 * realise breakpoints. Cached per boot of the host in the run-time directory.
 */
#ifndef HV_PROBE_H
#define HV_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/error.h"

struct debug_caps;

enum probe_verdict {
	PROBE_MISSING,
	PROBE_EMULATED, /* another way gives the same: said in the row of `vitrine check` */
	PROBE_WORKS,
};

struct probe_result {
	enum probe_verdict step; /* single-step */
	enum probe_verdict soft; /* breakpoint instruction; EMULATED: comes as an internal error */
	enum probe_verdict hard; /* execution breakpoint in a debug register */
	enum probe_verdict data; /* data watchpoint; EMULATED: by page protection */
	enum probe_verdict block_irq; /* steps with interrupts held off */
	/* The guest's own debug registers beside ours; EMULATED: a change takes effect at a stop.
	 */
	enum probe_verdict guest_regs;
	enum probe_verdict
		protect;	  /* an access to a page that the guest is kept from comes to us */
	enum probe_verdict walks; /* … the processor's own to its tables, too */
	uint64_t arch;		  /* the processor's own findings, for arch_vm_probed() */
	uint64_t exit_ns;	  /* one exit to user space and back */
	uint64_t step_ns;	  /* one single-step */
};

/* One row for each verdict: the table serves `vitrine check` and the cache. */
struct probe_row {
	const char *key;      /* in the cache */
	const char *name;     /* for a person */
	size_t offset;	      /* of an enum probe_verdict in struct probe_result */
	const char *emulated; /* how, when it is; NULL: never is */
	const char *missing;  /* what is lost */
};
extern const struct probe_row probe_rows[];
extern const size_t probe_row_count;
enum probe_verdict probe_row_verdict(const struct probe_row *row, const struct probe_result *probe);

/* Whether a guest can be debugged at all: stopped at a breakpoint and stepped. */
bool probe_can_debug(const struct probe_result *probe);

/* Tries everything, uncached. Needs /dev/kvm; a sentence on failure. Takes well under a second. */
int probe_run(struct probe_result *out, struct error *err);
/* From the cache, else by probe_run(). */
int probe_get(struct probe_result *out, struct error *err);
/* Translates for the debug core. */
void probe_debug_caps(const struct probe_result *probe, struct debug_caps *caps);

/* ---- the cache's text (probe_cache.c) ---- */

/* The lines of a cache file for @key; and back: -ESTALE when it is of another key or not whole. */
struct strbuf;
void probe_format(const struct probe_result *probe, const char *key, struct strbuf *out);
int probe_parse(const char *text, const char *key, struct probe_result *out);

#endif
