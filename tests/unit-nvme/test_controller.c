// SPDX-License-Identifier: GPL-3.0-or-later
/* An NVMe controller: registers, enabling and resets, queues, interrupts. */
#include <criterion/criterion.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "hv/control_device.h"
#include "tests/unit-nvme/nvme_rig.h"

static struct rig r;

/* Also with an image that was not closed when a test failed. */
static void teardown(void)
{
	if (r.path[0])
		unlink(r.path);
}

TestSuite(nvme, .fini = teardown, .timeout = 120);

#define NOT_RAM 0x80000000ull
#define LINE	11 /* of slot 1 */

static const struct nvme_command flush = { .opcode = NVME_CMD_FLUSH, .nsid = 1 };

static void open_plain(const char *option)
{
	rig_open(&r, (struct machine_drive){ 0 }, option);
}

static void start_plain(const char *option)
{
	rig_start(&r, (struct machine_drive){ 0 }, option);
}

static uint32_t csts(void)
{
	return (uint32_t)rig_get(&r, NVME_REG_CSTS, 4);
}

static void expect_text(const char *what)
{
	struct strbuf sb = STRBUF_INIT;

	device_describe(r.dev, &sb);
	cr_expect(strstr(strbuf_str(&sb), what), "no '%s' in:\n%s", what, strbuf_str(&sb));
	strbuf_free(&sb);
}

/* ---- registers ---- */

Test(nvme, what_it_says_of_itself)
{
	uint64_t cap;

	open_plain("max_ioqpairs=3");
	cap = rig_get(&r, NVME_REG_CAP, 8);
	cr_expect_eq(pci_config_read(&r.f->m, 1 << 3, PCI_CLASS_REVISION, 4) >> 8, 0x010802u);
	cr_expect_eq(cap & 0xffff, NVME_ENTRIES_MAX - 1);
	cr_expect_eq(cap >> 32, rig_get(&r, NVME_REG_CAP + 4, 4), "by halves");
	cr_expect_eq(cap >> 32 & 15, 0u, "doorbells of 4 bytes");
	cr_expect_eq(cap >> 37 & 1, 1u, "the NVM command set");
	cr_expect_eq(rig_get(&r, NVME_REG_VS, 4), 0x10400u);
	cr_expect_eq(rig_get(&r, NVME_REG_CMBSZ, 4), 0u);
	cr_expect_eq(csts(), 0u);
	rig_set(&r, NVME_REG_ASQ, 4, 0x12345000);
	rig_set(&r, NVME_REG_ASQ + 4, 4, 1);
	cr_expect_eq(rig_get(&r, NVME_REG_ASQ, 8), 0x112345000u);
	expect_text("disabled; I/O queue pairs: up to 3; serial d");
	rig_close(&r);
}

Test(nvme, options_that_cannot_be)
{
	static const struct {
		const char *option, *why;
	} cases[] = {
		{ "nvme", "drive=ID is missing" },
		{ "nvme,drive=other", "no -drive has the id 'other'" },
		{ "nvme,drive=d,max_ioqpairs=9", "max_ioqpairs" },
		{ "nvme,drive=d,logical_block_size=600", "no power of two" },
		{ "nvme,drive=d,serial=a-serial-number-of-many-letters", "at most 20 letters" },
		{ "nvme,drive=d,flavour=1", "flavour" },
	};
	const char *devices[] = { "nvme,drive=d", NULL, NULL };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { "" };

		open_plain("");
		devices_destroy(&r.f->m);
		devices[0] = cases[i].option;
		r.f->cfg.devices = devices;
		cr_expect_lt(devices_create(&r.f->m, &r.f->cfg, &err), 0);
		cr_expect(strstr(err.text, cases[i].why), "%s", err.text);
		rig_close(&r);
	}
	/* The same image twice. */
	open_plain("");
	devices_destroy(&r.f->m);
	devices[0] = devices[1] = "nvme,drive=d";
	r.f->cfg.devices = devices;
	{
		struct error err = { "" };

		cr_expect_lt(devices_create(&r.f->m, &r.f->cfg, &err), 0);
		cr_expect(strstr(err.text, "in use"), "%s", err.text);
	}
	rig_close(&r);
}

/* ---- enabling ---- */

static void expect_fatal(const char *why)
{
	RIG_WAIT(csts() & NVME_CSTS_CFS);
	cr_expect_not(csts() & NVME_CSTS_RDY);
	expect_text(why);
	/* A reset cures it. */
	rig_disable(&r);
	cr_expect_eq(csts(), 0u);
}

Test(nvme, enabled_with_nonsense)
{
	open_plain("");
	rig_setup_admin(&r);
	rig_set(&r, NVME_REG_ASQ, 8, NOT_RAM);
	rig_set(&r, NVME_REG_CC, 4, RIG_CC);
	expect_fatal("which is no RAM");
	rig_setup_admin(&r);
	rig_set(&r, NVME_REG_ACQ, 8, rig_cq_at(0) + 0x800);
	rig_set(&r, NVME_REG_CC, 4, RIG_CC);
	expect_fatal("in a page's middle");
	rig_setup_admin(&r);
	rig_set(&r, NVME_REG_AQA, 4, 0);
	rig_set(&r, NVME_REG_CC, 4, RIG_CC);
	expect_fatal("two entries at least");
	rig_setup_admin(&r);
	rig_set(&r, NVME_REG_CC, 4, RIG_CC | 15 << 7);
	expect_fatal("CC.MPS 15");
	rig_set(&r, NVME_REG_CC, 4, RIG_CC | 1 << 11);
	expect_fatal("CC.AMS 1");
	rig_enable(&r);
	rig_close(&r);
}

static void be_master(bool on)
{
	pci_config_write(&r.f->m, 1 << 3, PCI_COMMAND, 2,
			 PCI_COMMAND_MEMORY | (on ? PCI_COMMAND_MASTER : 0));
}

Test(nvme, without_bus_mastering)
{
	start_plain("");
	rig_submit(&r, 0, (struct nvme_command){ .opcode = NVME_ADMIN_ASYNC_EVENT });
	RIG_WAIT(RIG_LOOK(r.n->aer_count) == 1);
	/* What is not fetched yet waits until it may be. */
	be_master(false);
	rig_ring(&r, 1, false, 1);
	cr_expect_eq(csts(), NVME_CSTS_RDY);
	be_master(true);
	rig_ring(&r, 1, false, 1);
	cr_expect_eq(rig_reap(&r, 1).status & NVME_STATUS_CODE, NVME_INVALID_NAMESPACE);
	/* An entry that cannot be written is fatal. */
	be_master(false);
	rig_ring(&r, 1, false, 16);
	RIG_WAIT(csts() == (NVME_CSTS_RDY | NVME_CSTS_CFS));
	expect_text("completion queue 0: its entry at 0x14020 cannot be written");
	be_master(true);
	rig_disable(&r);
	rig_enable(&r);
	rig_close(&r);
}

Test(nvme, reset_with_commands_in_flight)
{
	const struct nvme_command read = {
		.opcode = NVME_CMD_READ, .nsid = 1, .prp1 = RIG_DATA, .cdw12 = 7
	};

	open_plain("");
	for (unsigned i = 0; i < 50; i++) {
		rig_enable(&r);
		rig_queues(&r, 1, 16);
		for (unsigned k = 0; k < 15; k++)
			rig_submit(&r, 1, read);
		if (i % 3 == 0)
			rig_reap(&r, 1);
		if (i % 5 == 4) {
			pthread_mutex_lock(&r.dev->lock);
			nvme_reset(r.dev);
			pthread_mutex_unlock(&r.dev->lock);
			cr_expect_eq(rig_get(&r, NVME_REG_CC, 4), 0u);
		} else {
			rig_disable(&r);
		}
		cr_assert_eq(csts(), 0u);
		cr_assert_eq(rig_get(&r, NVME_REG_DOORBELLS + 8, 4), 0u);
	}
	/* On and off before the worker has seen either. */
	rig_setup_admin(&r);
	for (unsigned i = 0; i < 20; i++) {
		rig_set(&r, NVME_REG_CC, 4, RIG_CC);
		rig_set(&r, NVME_REG_CC, 4, 0);
	}
	rig_enable(&r);
	rig_close(&r);
}

Test(nvme, shutdown_and_subsystem_reset)
{
	start_plain("");
	rig_submit(&r, 1, flush);
	rig_set(&r, NVME_REG_CC, 4, RIG_CC | 1 << 14);
	RIG_WAIT((csts() & NVME_CSTS_SHST) == NVME_CSTS_SHST_DONE);
	expect_text("enabled, shut down");
	/* What is asked for now is not done. */
	rig_submit(&r, 1, flush);
	rig_disable(&r);
	cr_expect_eq(csts(), 0u);
	rig_enable(&r);
	rig_set(&r, NVME_REG_NSSR, 4, 1);
	cr_expect_eq(csts(), NVME_CSTS_RDY);
	rig_set(&r, NVME_REG_NSSR, 4, NVME_NSSR_VALUE);
	RIG_WAIT(csts() == NVME_CSTS_NSSRO);
	cr_expect_eq(rig_get(&r, NVME_REG_CC, 4), 0u);
	rig_set(&r, NVME_REG_CSTS, 4, NVME_CSTS_NSSRO);
	cr_expect_eq(csts(), 0u);
	rig_enable(&r);
	rig_close(&r);
}

/* ---- queues ---- */

static unsigned create(uint8_t opcode, uint32_t id, uint32_t size, uint32_t cdw11, uint64_t at)
{
	return rig_do(&r, 0,
		      (struct nvme_command){ .opcode = opcode,
					     .prp1 = at,
					     .cdw10 = id | (size - 1) << 16,
					     .cdw11 = cdw11 });
}

static unsigned delete (uint8_t opcode, uint32_t id)
{
	return rig_do(&r, 0, (struct nvme_command){ .opcode = opcode, .cdw10 = id });
}

Test(nvme, creating_and_deleting_queues)
{
	const uint64_t at = rig_sq_at(2);

	start_plain("max_ioqpairs=2");
	cr_expect_eq(create(NVME_ADMIN_CREATE_CQ, 0, 4, 1, at), NVME_INVALID_QUEUE_ID);
	cr_expect_eq(create(NVME_ADMIN_CREATE_CQ, 3, 4, 1, at), NVME_INVALID_QUEUE_ID);
	cr_expect_eq(create(NVME_ADMIN_CREATE_CQ, 0xffff, 4, 1, at), NVME_INVALID_QUEUE_ID);
	cr_expect_eq(create(NVME_ADMIN_CREATE_CQ, 1, 4, 1, at), NVME_INVALID_QUEUE_ID, "taken");
	cr_expect_eq(create(NVME_ADMIN_CREATE_CQ, 2, 1, 1, at), NVME_INVALID_QUEUE_SIZE);
	cr_expect_eq(create(NVME_ADMIN_CREATE_CQ, 2, 1025, 1, at), NVME_INVALID_QUEUE_SIZE);
	cr_expect_eq(create(NVME_ADMIN_CREATE_CQ, 2, 4, 0, at), NVME_INVALID_FIELD);
	cr_expect_eq(create(NVME_ADMIN_CREATE_CQ, 2, 4, 1, at + 8), NVME_INVALID_PRP_OFFSET);
	cr_expect_eq(create(NVME_ADMIN_CREATE_CQ, 2, 4, 1, NOT_RAM), NVME_DATA_TRANSFER_ERROR);
	cr_expect_eq(create(NVME_ADMIN_CREATE_CQ, 2, 4, 3 << 16 | 1, at), NVME_INVALID_VECTOR);
	cr_expect_eq(create(NVME_ADMIN_CREATE_SQ, 2, 4, 0 << 16 | 1, at), NVME_INVALID_QUEUE_ID);
	cr_expect_eq(create(NVME_ADMIN_CREATE_SQ, 2, 4, 2 << 16 | 1, at), NVME_CQ_INVALID);
	cr_expect_eq(create(NVME_ADMIN_CREATE_SQ, 2, 4, 1 << 16 | 1, NOT_RAM),
		     NVME_DATA_TRANSFER_ERROR);
	cr_expect_eq(delete (NVME_ADMIN_DELETE_SQ, 0), NVME_INVALID_QUEUE_ID);
	cr_expect_eq(delete (NVME_ADMIN_DELETE_SQ, 2), NVME_INVALID_QUEUE_ID);
	cr_expect_eq(delete (NVME_ADMIN_DELETE_CQ, 1), NVME_INVALID_QUEUE_DELETION);
	cr_expect_eq(delete (NVME_ADMIN_DELETE_SQ, 1), 0u);
	cr_expect_eq(delete (NVME_ADMIN_DELETE_CQ, 1), 0u);
	cr_expect_eq(delete (NVME_ADMIN_DELETE_CQ, 1), NVME_INVALID_QUEUE_ID);
	/* Two submission queues on one completion queue. */
	rig_queues(&r, 1, 8);
	cr_expect_eq(create(NVME_ADMIN_CREATE_SQ, 2, 4, 1 << 16 | 1, at), 0u);
	cr_expect_eq(delete (NVME_ADMIN_DELETE_SQ, 1), 0u);
	cr_expect_eq(delete (NVME_ADMIN_DELETE_CQ, 1), NVME_INVALID_QUEUE_DELETION);
	rig_close(&r);
}

Test(nvme, entries_of_another_size)
{
	open_plain("");
	rig_setup_admin(&r);
	rig_set(&r, NVME_REG_CC, 4, NVME_CC_EN);
	RIG_WAIT(csts() & NVME_CSTS_RDY);
	cr_expect_eq(create(NVME_ADMIN_CREATE_CQ, 1, 4, 1, rig_cq_at(1)), NVME_INVALID_FIELD);
	rig_close(&r);
}

/* The phase tag turns with each round, and the order is kept. */
Test(nvme, rounds)
{
	start_plain("");
	for (unsigned i = 0; i < 100; i++)
		cr_assert_eq(rig_do(&r, 1, flush), 0u);
	expect_text("completion queue 1: 16 entries at 0x1c000, head 4, tail 4, phase 1, vector 0");
	expect_text("submission queue 1: 16 entries at 0x18000, head 4, tail 4, to completion "
		    "queue 1, in flight 0");
	rig_close(&r);
}

/* A completion queue that is smaller than what is asked for: nothing is lost. */
Test(nvme, a_full_completion_queue)
{
	const uint64_t at = rig_sq_at(2);
	unsigned seen = 0;

	start_plain("max_ioqpairs=2");
	cr_assert_eq(create(NVME_ADMIN_CREATE_CQ, 2, 4, 1, rig_cq_at(2)), 0u);
	cr_assert_eq(create(NVME_ADMIN_CREATE_SQ, 2, 64, 2 << 16 | 1, at), 0u);
	for (unsigned i = 0; i < 60; i++)
		memcpy(rig_ram(&r, at + i * sizeof(flush), sizeof(flush)), &flush, sizeof(flush));
	r.q[2] = (struct rig_queue){ .size = 4, .phase = true };
	rig_ring(&r, 2, false, 60);
	/* Three entries fit. */
	RIG_WAIT(RIG_LOOK(r.n->cq[2].tail == 3 && r.n->cq[2].waiting));
	expect_text("waits for room in the completion queue");
	for (; seen < 60; seen++)
		cr_assert_eq(rig_reap(&r, 2).status, 0u);
	cr_expect_not(rig_has_entry(&r, 2));
	rig_close(&r);
}

Test(nvme, doorbells_of_nothing)
{
	struct nvme_command aer = { .opcode = NVME_ADMIN_ASYNC_EVENT };
	struct nvme_command log = { .opcode = NVME_ADMIN_GET_LOG_PAGE,
				    .nsid = NVME_ALL_NAMESPACES,
				    .prp1 = RIG_DATA,
				    .cdw10 = 15 << 16 | NVME_LOG_ERROR };
	const struct nvme_error_entry *error;

	start_plain("max_ioqpairs=2");
	error = rig_ram(&r, RIG_DATA, sizeof(*error));
	rig_ring(&r, 1, false, 16);
	cr_expect_eq(RIG_LOOK(r.n->sq[1].tail), 0u);
	/* It waits until the driver asks for it. */
	rig_submit(&r, 0, aer);
	cr_expect_eq(rig_reap(&r, 0).result, 0x010100u);
	rig_submit(&r, 0, aer);
	rig_ring(&r, 2, true, 1);
	cr_expect_eq(RIG_LOOK(r.n->bad_doorbells), 2u);
	/* Not again before the log was read. */
	cr_expect_eq(rig_do(&r, 0, log), 0u);
	cr_expect_eq(error->count, 2u);
	cr_expect_eq(error->sq_id, 0xffffu);
	rig_ring(&r, 2, true, 1);
	cr_expect_eq(rig_reap(&r, 0).result, 0x010000u);
	rig_close(&r);
}

/* ---- interrupts ---- */

Test(nvme, the_line)
{
	fake_watch_irqs();
	start_plain("");
	cr_expect_not(fake_irq_level(LINE));
	rig_submit(&r, 1, flush);
	RIG_WAIT(rig_has_entry(&r, 1));
	RIG_WAIT(fake_irq_level(LINE));
	rig_set(&r, NVME_REG_INTMS, 4, 1);
	cr_expect_not(fake_irq_level(LINE));
	cr_expect_eq(rig_get(&r, NVME_REG_INTMC, 4), 1u);
	rig_set(&r, NVME_REG_INTMC, 4, 1);
	cr_expect(fake_irq_level(LINE));
	/* Down as soon as the driver has seen all of it. */
	rig_reap(&r, 1);
	cr_expect_not(fake_irq_level(LINE));
	rig_submit(&r, 1, flush);
	RIG_WAIT(fake_irq_level(LINE));
	rig_disable(&r);
	cr_expect_not(fake_irq_level(LINE));
	rig_close(&r);
}

Test(nvme, messages)
{
	struct error err = { "" };

	open_plain("max_ioqpairs=2");
	rig_use_msix(&r);
	rig_enable(&r);
	rig_queues(&r, 1, 16);
	cr_assert_eq(create(NVME_ADMIN_CREATE_CQ, 2, 16, 2 << 16 | 3, rig_cq_at(2)), 0u);
	cr_assert_eq(create(NVME_ADMIN_CREATE_SQ, 2, 16, 2 << 16 | 1, rig_sq_at(2)), 0u);
	r.q[2] = (struct rig_queue){ .size = 16, .phase = true };
	cr_expect_eq(rig_do(&r, 2, flush), 0u);
	RIG_WAIT(pci_msix_count(&r.n->func, 2).raised == 1);
	cr_assert_eq(control_inject(&r.f->m, "nvme0", FAULT_LOST_IRQ, &err), 0, "%s", err.text);
	cr_expect_eq(rig_do(&r, 2, flush), 0u);
	RIG_WAIT(!RIG_FAULTS());
	cr_expect_eq(pci_msix_count(&r.n->func, 2).raised, 1u);
	cr_expect_geq(pci_msix_count(&r.n->func, 0).raised, 4u);
	rig_close(&r);
}
