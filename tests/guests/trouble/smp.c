// SPDX-License-Identifier: GPL-3.0-or-later
/* What two CPUs can do to each other. */
#include "tests/guests/trouble/trouble.h"

#define WORK_LOOPS  100
#define STALL_LOOPS 100000

/* What says so on the console when it has taken too long. */
static void count_stall(uint32_t *loops, const char *what)
{
	cpu_relax();
	if (++*loops == STALL_LOOPS)
		print("CPU %u: stuck %s\n", this_cpu()->id, what);
}

/* triple: the descriptor of 64-bit code becomes one of data. CPU 0 does not notice, it has loaded
 * it before; the others do, on their way to 64-bit mode. */
extern uint64_t gdt[];

__noinline void setup_gdt(void)
{
	uint64_t *table = (uint64_t *)((uint64_t)gdt + KERNEL_BASE);

	print("Starting the other CPUs\n");
	table[SEL_CODE64 / 8] = 0x00af93000000ffff;
}

/* deadlock: two locks, which the CPUs take in different order, interrupts off. */
struct owned_lock {
	volatile uint32_t taken;
	uint32_t owner;
};

static struct owned_lock rename_lock, inode_lock;
static uint64_t renames, inodes_written;

static __noinline void lock(struct owned_lock *lock)
{
	uint32_t loops = 0;

	while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
		count_stall(&loops, "on a lock");
	lock->owner = this_cpu()->id;
}

static __noinline void unlock(struct owned_lock *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

static void work(uint64_t *count)
{
	for (unsigned int i = 0; i < WORK_LOOPS; i++)
		cpu_relax();
	++*count;
}

__noinline void rename_files(void)
{
	print("Renaming\n");
	cli();
	for (;;) {
		lock(&rename_lock);
		work(&renames);
		lock(&inode_lock);
		unlock(&inode_lock);
		unlock(&rename_lock);
	}
}

__noinline void write_back_inodes(void)
{
	cli();
	for (;;) {
		lock(&inode_lock);
		work(&inodes_written);
		lock(&rename_lock);
		unlock(&rename_lock);
		unlock(&inode_lock);
	}
}

/* halt: the interrupt that says there is work may come between the look and HLT, which then waits
 * for another one. */
static volatile uint32_t work_pending;
static volatile uint64_t work_done;

static void wake_up(struct frame *frame)
{
	(void)frame;
	interrupt_done();
}

static volatile uint64_t idle_since;

static __noinline void idle(void)
{
	while (!work_pending) {
		idle_since = rdtsc();
		hlt();
	}
}

__noinline void run_workqueue(void)
{
	print("Waiting for work\n");
	for (;;) {
		idle();
		work_pending = 0;
		work_done++;
	}
}

__noinline void queue_work(void)
{
	set_handler(VECTOR_RESCHEDULE, wake_up);
	for (;;) {
		uint64_t done = work_done;
		uint32_t loops = 0;

		for (uint64_t i = done % WORK_LOOPS; i; i--)
			cpu_relax();
		work_pending = 1;
		ipi_send(0, VECTOR_RESCHEDULE);
		while (work_done == done)
			count_stall(&loops, "until work is done");
	}
}

/* long: requests that fail are never given back. */
struct request {
	uint32_t id, error;
	bool used;
};

static struct request requests[4096];
static volatile uint64_t requests_in_use;

static __noinline struct request *get_request(uint32_t id)
{
	struct request *r = &requests[id % ARRAY_SIZE(requests)];

	*r = (struct request){ .id = id, .error = id % 64 == 63 ? 5 : 0, .used = true };
	requests_in_use++;
	return r;
}

static __noinline void put_request(struct request *r)
{
	r->used = false;
	requests_in_use--;
}

static __noinline void end_request(struct request *r)
{
	if (r->error)
		return;
	put_request(r);
}

__noinline void serve_requests(void)
{
	uint64_t now = jiffies;

	print("Serving\n");
	for (uint32_t id = 0;; id++) {
		end_request(get_request(id));
		while (now == jiffies)
			hlt();
		now = jiffies;
	}
}
