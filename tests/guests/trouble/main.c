// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * trouble: boots as kernels do, until the bug that its command line names. It ends by itself in no
 * case but that of an unknown name.
 */
#include "tests/guests/trouble/trouble.h"

#define HZ 100

struct trouble {
	const char *name;
	void (*early)(void);	 /* before the other CPUs are started */
	void (*run)(void);	 /* on CPU 0 */
	void (*beside)(void);	 /* on CPU 1 */
	bool tickless, irqs_off; /* what @run begins without */
};

static const struct trouble troubles[] = {
	{ .name = "hang", .run = calibrate_delay, .irqs_off = true },
	{ .name = "oops", .run = prepare_root },
	{ .name = "lostirq", .run = edu_compute },
	{ .name = "pagetable", .early = mark_rodata_ro, .run = add_to_page_cache },
	{ .name = "deadlock", .run = rename_files, .beside = write_back_inodes },
	{ .name = "triple", .early = setup_gdt, .run = run_init },
	{ .name = "slow", .run = probe_ide },
	{ .name = "corrupt", .run = edu_receive, .tickless = true },
	{ .name = "halt", .run = run_workqueue, .beside = queue_work, .tickless = true },
	{ .name = "long", .run = serve_requests },
};

volatile uint64_t jiffies;
static const struct trouble *volatile chosen;

static void timer_interrupt(struct frame *frame)
{
	(void)frame;
	jiffies++;
	interrupt_done();
}

static const struct trouble *choose(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(troubles); i++)
		if (option_flag(troubles[i].name))
			return &troubles[i];
	print("trouble: the command line names none\n");
	debug_exit(1);
}

void kernel_main(uint32_t start_info, uint32_t zero_page)
{
	const struct trouble *t;

	kit_init(start_info, zero_page);
	print("Booting\n");
	cpu_init(0);
	paging_protect();
	timer_init(HZ, timer_interrupt);
	t = choose();
	if (t->early)
		t->early();
	smp_start();
	print("CPUs: %u\n", cpus_online);
	if (!t->tickless)
		timer_start();
	if (!t->irqs_off)
		sti();
	chosen = t;
	smp_release();
	t->run();
	halt_forever();
}

void cpu_main(struct percpu *cpu)
{
	while (!chosen)
		cpu_relax();
	if (cpu->id == 1 && chosen->beside)
		chosen->beside();
}
