// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * nvme: a driver of an NVMe disk without an operating system (NVM Express 1.4, 3 to 7). Enables the
 * controller, asks what it is, makes a pair of I/O queues, reads block 1, writes it back in block 2
 * with its bytes in reverse, asks for what there is not, and shuts down. It takes its interrupts by
 * the line.
 *
 * Prints a line for each thing that works. Ends with 0, or with the number of the line that went
 * wrong.
 */
#include "tests/guests/drivers/drivers.h"

#define NVME_ID	    0x4e561234
#define IOAPIC	    0xfec00000ull
#define VECTOR_INTX VECTOR_TEST

#define CAP	  0x00
#define INTMS	  0x0c
#define INTMC	  0x10
#define CC	  0x14
#define CSTS	  0x1c
#define AQA	  0x24
#define ASQ	  0x28
#define ACQ	  0x30
#define DOORBELLS 0x1000

#define CC_ENABLED  0x00460001u /* entries of 64 and 16 bytes */
#define CC_SHUTDOWN 0x4000u
#define CSTS_READY  0x1u
#define CSTS_SHUT   0x8u

#define CREATE_SQ 0x01
#define CREATE_CQ 0x05
#define IDENTIFY  0x06
#define FLUSH	  0x00
#define WRITE	  0x01
#define READ	  0x02

#define LBA_OUT_OF_RANGE 0x80
#define INVALID_OPCODE	 0x01

#define ENTRIES 4
#define PAGE	4096
#define BLOCK	512

struct command {
	uint8_t opcode, flags;
	uint16_t cid;
	uint32_t nsid;
	uint64_t reserved, metadata, prp1, prp2;
	uint32_t cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};
struct entry {
	uint32_t result, reserved;
	uint16_t sq_head, sq_id, cid;
	volatile uint16_t status;
};

static struct queue {
	struct command commands[PAGE / sizeof(struct command)];
	struct entry entries[PAGE / sizeof(struct entry)];
	unsigned int tail, head, phase;
} __attribute__((aligned(PAGE))) queues[2];

/* Alone in its page, which a debugger may watch. */
static uint8_t data[PAGE] __attribute__((aligned(PAGE)));

static volatile uint8_t *regs;
static volatile unsigned int interrupts;

static uint32_t get(unsigned int reg)
{
	return *(volatile uint32_t *)(regs + reg);
}

static void set(unsigned int reg, uint32_t value)
{
	*(volatile uint32_t *)(regs + reg) = value;
}

static void set_address(unsigned int reg, const void *address)
{
	*(volatile uint64_t *)(regs + reg) = physical_of(address);
}

static void on_interrupt(struct frame *frame)
{
	(void)frame;
	interrupts++;
	/* The line stays up until the entry is taken, which is not done here. */
	set(INTMS, 1);
	interrupt_done();
}

static bool comes(unsigned int reg, uint32_t mask, uint32_t value)
{
	for (unsigned int tries = 0; tries < 3000000; tries++)
		if ((get(reg) & mask) == value)
			return true;
	return false;
}

/* Waits with a limit, so that what is lost ends the test: the status, 0xffff when none came. */
static unsigned int submit(unsigned int q, struct command cmd)
{
	struct queue *queue = &queues[q];
	struct entry *entry = &queue->entries[queue->head];
	unsigned int tries = 0;

	cmd.prp1 = cmd.prp1 ? cmd.prp1 : physical_of(data);
	queue->commands[queue->tail] = cmd;
	queue->tail = (queue->tail + 1) % ENTRIES;
	set(DOORBELLS + 8 * q, queue->tail);
	while ((entry->status & 1) != queue->phase) {
		if (tries++ == 30000000)
			return 0xffff;
		cpu_relax();
	}
	queue->head = (queue->head + 1) % ENTRIES;
	queue->phase ^= !queue->head;
	set(DOORBELLS + 8 * q + 4, queue->head);
	set(INTMC, 1);
	return entry->status >> 1 & 0x7ff;
}

static unsigned int transfer_block(uint8_t opcode, uint32_t block)
{
	return submit(1, (struct command){ .opcode = opcode, .nsid = 1, .cdw10 = block });
}

static void take_interrupts(void)
{
	unsigned int gsi = pci_read(PCI_INTERRUPT) & 0xff;

	set_handler(VECTOR_INTX, on_interrupt);
	*(volatile uint32_t *)IOAPIC = 0x11 + 2 * gsi;
	*(volatile uint32_t *)(IOAPIC + 0x10) = 0;
	*(volatile uint32_t *)IOAPIC = 0x10 + 2 * gsi;
	*(volatile uint32_t *)(IOAPIC + 0x10) = 0x8000 | VECTOR_INTX; /* a level */
	sti();
}

static void open(void)
{
	uint64_t base = pci_read(PCI_BAR0) & ~15u;

	base |= (uint64_t)pci_read(PCI_BAR0 + 4) << 32;
	pci_write(PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	regs = (volatile uint8_t *)base;
	check((get(CAP) & 0xffff) >= ENTRIES - 1, "its registers are there");
}

static void enable(void)
{
	memset(queues, 0, sizeof(queues));
	queues[0].phase = queues[1].phase = 1;
	set(AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	set_address(ASQ, queues[0].commands);
	set_address(ACQ, queues[0].entries);
	set(CC, CC_ENABLED);
	check(comes(CSTS, CSTS_READY, CSTS_READY), "it gets ready");
}

static void make_queues(void)
{
	check(!submit(0, (struct command){ .opcode = CREATE_CQ,
					   .prp1 = physical_of(queues[1].entries),
					   .cdw10 = (ENTRIES - 1) << 16 | 1,
					   .cdw11 = 3 }),
	      "a completion queue");
	check(!submit(0, (struct command){ .opcode = CREATE_SQ,
					   .prp1 = physical_of(queues[1].commands),
					   .cdw10 = (ENTRIES - 1) << 16 | 1,
					   .cdw11 = 1 << 16 | 1 }),
	      "a submission queue");
}

static void transfer(void)
{
	check(!transfer_block(READ, 1), "it reads");
	print("nvme: block 1 begins with %s\n", (const char *)data);
	for (unsigned int i = 0; i < BLOCK / 2; i++) {
		uint8_t byte = data[i];

		data[i] = data[BLOCK - 1 - i];
		data[BLOCK - 1 - i] = byte;
	}
	check(!transfer_block(WRITE, 2), "it writes");
	check(!submit(1, (struct command){ .opcode = FLUSH, .nsid = 1 }), "it flushes");
	memset(data, 0, BLOCK);
	check(!transfer_block(READ, 2) && data[BLOCK - 1], "it reads what it wrote");
}

void kernel_main(uint32_t start_info, uint32_t zero_page)
{
	uint64_t blocks;

	driver_guest_init("nvme", start_info, zero_page);
	check(pci_find(NVME_ID), "found by ECAM");
	open();
	take_interrupts();
	enable();
	check(!submit(0, (struct command){ .opcode = IDENTIFY, .nsid = 1 }), "it says what it has");
	blocks = *(uint64_t *)data;
	make_queues();
	transfer();
	check(transfer_block(READ, (uint32_t)blocks) == LBA_OUT_OF_RANGE,
	      "nothing is behind its end");
	check(!transfer_block(READ, (uint32_t)blocks - 1), "its last block is there");
	check(submit(1, (struct command){ .opcode = 0x7f, .nsid = 1 }) == INVALID_OPCODE,
	      "there is no such command");
	check(interrupts >= 8, "it interrupts");
	set(CC, CC_ENABLED | CC_SHUTDOWN);
	check(comes(CSTS, 0xc, CSTS_SHUT), "it shuts down");
	set(CC, 0);
	check(comes(CSTS, CSTS_READY, 0), "it can be disabled");
	enable();
	make_queues();
	check(!transfer_block(READ, 1), "and reads again");
	debug_exit(0);
}
