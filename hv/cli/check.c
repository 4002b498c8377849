// SPDX-License-Identifier: GPL-3.0-or-later
/* `vitrine check`: what this host's KVM can do, as a table for a person. See hv/probe.h. */
#include "hv/cli/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/kvm.h"
#include "hv/probe.h"

#define NAME_WIDTH 34

static void print_row(const char *name, const char *verdict, const char *note)
{
	printf("  %-*s %s%s%s\n", NAME_WIDTH, name, verdict, *note ? ": " : "", note);
}

static void print_caps(const struct kvm_caps *caps)
{
	char value[32];

	printf("KVM's capabilities\n");
	for (int i = 0; i < KVMCAP_COUNT; i++) {
		const struct kvm_cap_row *row = &kvm_cap_rows[i];

		snprintf(value, sizeof(value), "%d", caps->value[i]);
		if (!caps->value[i])
			print_row(row->name, "missing", row->without);
		else
			print_row(row->name, "works", caps->value[i] > 1 ? value : "");
	}
}

static void print_probe(const struct probe_result *probe)
{
	static const char *const verdicts[] = {
		[PROBE_MISSING] = "missing",
		[PROBE_EMULATED] = "emulated",
		[PROBE_WORKS] = "works",
	};

	printf("Debug facilities, tried in a throwaway guest\n");
	for (size_t i = 0; i < probe_row_count; i++) {
		const struct probe_row *row = &probe_rows[i];
		enum probe_verdict verdict = probe_row_verdict(row, probe);
		const char *note = verdict == PROBE_MISSING    ? row->missing
				   : verdict == PROBE_EMULATED ? row->emulated
							       : NULL;

		print_row(row->name, verdicts[verdict], note ? note : "");
	}
	printf("  %-*s %.1f us\n", NAME_WIDTH, "one exit to user space",
	       (double)probe->exit_ns / 1000);
	printf("  %-*s %.1f us\n", NAME_WIDTH, "one step", (double)probe->step_ns / 1000);
}

int cli_check(void)
{
	struct error err = { 0 };
	struct probe_result probe;
	struct kvm_caps caps;
	int fd = kvm_open(&caps, &err);

	if (fd < 0) {
		fprintf(stderr, "vitrine: %s\n", err.text);
		return 1;
	}
	close(fd);
	print_caps(&caps);
	if (probe_run(&probe, &err) < 0) {
		fprintf(stderr, "vitrine: %s\n", err.text);
		return 1;
	}
	print_probe(&probe);
	if (!probe_can_debug(&probe)) {
		printf("A guest cannot be debugged on this host.\n");
		return 1;
	}
	printf("A guest can be debugged on this host.\n");
	return 0;
}
