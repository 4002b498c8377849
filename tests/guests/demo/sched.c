// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A scheduler: a table of tasks, which are dealt out to the CPUs in turn. Each
 * CPU runs its tasks to the end of their turn and lets them sleep.
 *
 *   schedule() -> pick_task(), task_run() -> task->work() -> ...
 *
 * A CPU that finds nothing to do halts. CPU 0's timer wakes the tasks whose
 * time has come, and rings up the CPU that each of them goes to.
 */
#include "tests/guests/demo/demo.h"

static uint64_t count_primes(struct task *task, uint64_t below);
static uint64_t fibonacci(struct task *task, uint64_t n);
static uint64_t sort_numbers(struct task *task, uint64_t seed);
static uint64_t report(struct task *task, uint64_t unused);

struct task tasks[] = {
	{ .name = "primes", .sleep = 7, .argument = 60, .work = count_primes },
	{ .name = "fibonacci", .sleep = 5, .argument = 7, .work = fibonacci },
	{ .name = "sorter", .sleep = 11, .argument = 1, .work = sort_numbers },
	{ .name = "reporter", .work = report },
};
const unsigned int nr_tasks = ARRAY_SIZE(tasks);

static struct spinlock tasks_lock;

__noinline static bool is_prime(uint64_t n)
{
	for (uint64_t d = 2; d * d <= n; d++)
		if (n % d == 0)
			return false;
	return n > 1;
}

static uint64_t count_primes(struct task *task, uint64_t below)
{
	uint64_t count = 0;

	for (uint64_t n = 2; n < below; n++)
		count += is_prime(n);
	task->argument = below < 200 ? below + 1 : 60;
	return count;
}

static uint64_t fibonacci(struct task *task, uint64_t n)
{
	return n < 2 ? n : fibonacci(task, n - 1) + fibonacci(task, n - 2);
}

__noinline static void insert(uint32_t *sorted, unsigned int count, uint32_t value)
{
	while (count && sorted[count - 1] > value) {
		sorted[count] = sorted[count - 1];
		count--;
	}
	sorted[count] = value;
}

static uint64_t sort_numbers(struct task *task, uint64_t seed)
{
	uint32_t sorted[16];

	for (unsigned int i = 0; i < ARRAY_SIZE(sorted); i++) {
		seed = seed * 6364136223846793005 + 1442695040888963407;
		insert(sorted, i, seed >> 40);
	}
	task->argument = seed;
	return sorted[0];
}

/* Once a second, what each CPU has done. It sleeps until the next full second. */
static uint64_t report(struct task *task, uint64_t unused)
{
	uint64_t now = ticks;

	(void)unused;
	task->sleep = hz - now % hz;
	if (quiet || now < hz)
		return 0;
	print("tick %lu", now);
	for (unsigned int i = 0; i < NR_CPUS; i++)
		if (cpus[i].online)
			print("  cpu%u: %lu ticks %lu switches %lu ipis", i, cpus[i].ticks,
			      cpus[i].switches, cpus[i].ipis);
	print("\n");
	return now;
}

/* Of the CPU's ready tasks the one that has run least. */
__noinline static struct task *pick_task(struct percpu *cpu)
{
	struct task *best = NULL;
	uint64_t flags = spin_lock(&tasks_lock);

	for (struct task *t = tasks; t < tasks + nr_tasks; t++)
		if (t->state == TASK_READY && t->cpu == cpu->id &&
		    (!best || t->counter < best->counter))
			best = t;
	if (best)
		best->state = TASK_RUNNING;
	spin_unlock(&tasks_lock, flags);
	return best;
}

__noinline static void put_to_sleep(struct task *task, uint64_t until)
{
	uint64_t flags = spin_lock(&tasks_lock);

	task->wake_at = until;
	task->state = TASK_SLEEPING;
	spin_unlock(&tasks_lock, flags);
}

__noinline static void task_run(struct task *task, struct percpu *cpu)
{
	cpu->current = task;
	cpu->switches++;
	cpu->doing = task->name;
	task->counter++;
	task->result = task->work(task, task->argument);
	cpu->current = NULL;
	put_to_sleep(task, ticks + task->sleep);
}

/* Interrupts are off between the last look at the tasks and the HLT: no wake-up is missed. */
__noinline static void idle(struct percpu *cpu)
{
	cpu->doing = "idle";
	cpu->idle = true;
	sti_hlt();
	cpu->idle = false;
}

__noinline void schedule(struct percpu *cpu)
{
	struct task *task;

	cli();
	task = pick_task(cpu);
	if (!task) {
		idle(cpu);
		return;
	}
	sti();
	task_run(task, cpu);
}

__noinline void account_tick(struct percpu *cpu, struct task *task)
{
	cpu->ticks++;
	if (task)
		task->ticks++;
	else if (cpu->idle)
		cpu->idle_ticks++;
}

/* The CPUs take turns. Called with the lock held. */
__noinline static struct percpu *deal_to(struct task *task)
{
	static unsigned int last;

	do
		last = (last + 1) % NR_CPUS;
	while (!cpus[last].online);
	task->cpu = last;
	return &cpus[last];
}

/* In CPU 0's timer interrupt, which is all the call that CPU 0 itself needs. */
__noinline void wake_sleepers(uint64_t now)
{
	uint64_t flags = spin_lock(&tasks_lock);

	for (struct task *t = tasks; t < tasks + nr_tasks; t++) {
		if (t->state != TASK_SLEEPING || t->wake_at > now)
			continue;
		t->state = TASK_READY;
		if (deal_to(t) != this_cpu())
			ipi_send(t->cpu, VECTOR_RESCHEDULE);
	}
	spin_unlock(&tasks_lock, flags);
}

__noinline void reschedule_interrupt(struct frame *frame)
{
	(void)frame;
	this_cpu()->ipis++;
	interrupt_done();
}
