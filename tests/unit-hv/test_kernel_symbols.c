// SPDX-License-Identifier: GPL-3.0-or-later
/* Where a kernel that places itself at random is found: on the fake KVM. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_kvm.h"
#include "hv/inspect.h"
#include "hv/kernel_symbols.h"

#define SLIDE 0x3000ull
/* As linked; the second is where the banner is in memory, less the slide. */
#define HANDLER 0x40110000ull
#define BANNER	(TOY_VIRT + 0x180000ull)

extern uint64_t toy_handlers[32];

static struct machine *machine_with_symbols(char *path)
{
	static struct toy_code code; /* a reset loads it again */
	struct machine *m;
	struct error err;
	FILE *f = fdopen(mkstemp(path), "w");

	cr_assert(f);
	fprintf(f, "%016llx T first_handler\n%016llx D linux_banner\n", HANDLER, BANNER);
	fclose(f);
	toy_emit_addr(&code, TOY_JMP, TOY_LOAD);
	m = toy_machine(&code, 1, NULL);
	cr_assert_not_null(m);
	cr_assert_eq(symbols_open(&m->symbols, path, &err), 0);
	toy_map(true);
	return m;
}

Test(kernel_symbols, the_slide_is_found_and_forgotten)
{
	char path[] = "/tmp/vitrine-kernel-XXXXXX";
	struct machine *m = machine_with_symbols(path);
	struct symbols *s = inspect_symbols(m, 0);
	struct error err;

	cr_assert(s);
	/* No handler yet. */
	cr_expect_eq(symbols_slide_source(s), SLIDE_UNKNOWN);
	/* One that is somebody else's. */
	toy_handlers[0] = HANDLER + SLIDE;
	inspect_symbols(m, 0);
	cr_expect_eq(symbols_slide_source(s), SLIDE_UNKNOWN);
	memory_write(m->ram, BANNER - TOY_VIRT + SLIDE, "Linux version 6", 15);
	inspect_symbols(m, 0);
	cr_expect_eq(symbols_slide_source(s), SLIDE_FOUND);
	cr_expect_eq(symbols_slide(s), SLIDE);
	/* A reset begins anew; what a person said stays. */
	cr_assert_eq(control_reset(m, NULL, &err), 0);
	toy_handlers[0] = 0;
	inspect_symbols(m, 0);
	cr_expect_eq(symbols_slide_source(s), SLIDE_UNKNOWN);
	cr_expect_eq(symbols_slide(s), 0u);
	symbols_set_slide(s, 5, SLIDE_GIVEN);
	cr_assert_eq(control_reset(m, NULL, &err), 0);
	cr_expect_eq(symbols_slide(s), 5u);
	unlink(path);
	toy_machine_free(m);
}
