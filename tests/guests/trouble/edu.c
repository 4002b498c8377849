// SPDX-License-Identifier: GPL-3.0-or-later
/* Drivers of the PCI teaching device, with two mistakes. */
#include "tests/guests/trouble/trouble.h"

#define IOAPIC	   0xfec00000ull
#define EDU_ID	   0x11e81234
#define EDU_VECTOR VECTOR_TEST
#define EDU_BUFFER 0x40000

/* docs/devices.md, edu: registers, as numbers of 32-bit words. */
enum {
	FACTORIAL = 0x08 / 4,
	STATUS = 0x20 / 4,
	IRQ_STATUS = 0x24 / 4,
	IRQ_ACK = 0x64 / 4,
	DMA_SRC = 0x80 / 4,
	DMA_DST = 0x88 / 4,
	DMA_COUNT = 0x90 / 4,
	DMA_CMD = 0x98 / 4,
};
#define STATUS_IRQ 0x80
#define DMA_START  0x1
#define DMA_TO_RAM 0x2

static volatile uint32_t *edu;
static volatile bool edu_done;

static void edu_interrupt(struct frame *frame)
{
	(void)frame;
	edu[IRQ_ACK] = edu[IRQ_STATUS];
	edu_done = true;
	interrupt_done();
}

static void edu_open(void)
{
	if (!pci_find(EDU_ID)) {
		print("edu: there is none\n");
		debug_exit(2);
	}
	pci_write(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	edu = (volatile uint32_t *)(uint64_t)(pci_read(PCI_BAR0) & ~15u);
	set_handler(EDU_VECTOR, edu_interrupt);
}

static void ioapic_write(uint8_t reg, uint32_t value)
{
	*(volatile uint32_t *)IOAPIC = reg;
	*(volatile uint32_t *)(IOAPIC + 0x10) = value;
}

/* lostirq: PCI's interrupt lines are levels. Told to look for an edge, the I/O APIC sees none, as
 * the line was up already when it was unmasked. */
static __noinline void request_irq(unsigned int gsi)
{
	ioapic_write((uint8_t)(0x11 + 2 * gsi), 0);
	ioapic_write((uint8_t)(0x10 + 2 * gsi), EDU_VECTOR);
}

static __noinline void wait_for_edu(void)
{
	while (!edu_done)
		hlt();
}

__noinline void edu_compute(void)
{
	edu_open();
	print("edu: computing\n");
	edu[STATUS] = STATUS_IRQ;
	edu[FACTORIAL] = 5;
	while (!edu[IRQ_STATUS])
		cpu_relax();
	request_irq(pci_read(PCI_INTERRUPT) & 0xff);
	wait_for_edu();
	print("edu: %u\n", edu[FACTORIAL]);
	run_init();
}

/* corrupt: the device is told the size of the whole frame, and the buffer has room for less. */
struct list_head {
	struct list_head *next, *prev;
};

#define FRAME_SIZE 64

static struct {
	uint8_t frame[48];
	struct list_head waiters;
} rx;
static struct list_head waiter;

static __noinline void list_add(struct list_head *new, struct list_head *head)
{
	new->next = head->next;
	new->prev = head;
	head->next->prev = new;
	head->next = new;
}

static __noinline void edu_read_frame(void)
{
	edu[DMA_SRC] = EDU_BUFFER;
	edu[DMA_DST] = (uint32_t)physical_of(rx.frame);
	edu[DMA_COUNT] = FRAME_SIZE;
	edu[DMA_CMD] = DMA_START | DMA_TO_RAM;
	while (edu[DMA_CMD] & DMA_START)
		cpu_relax();
}

__noinline void edu_receive(void)
{
	edu_open();
	rx.waiters.next = rx.waiters.prev = &rx.waiters;
	print("edu: receiving\n");
	edu_read_frame();
	list_add(&waiter, &rx.waiters);
	run_init();
}
