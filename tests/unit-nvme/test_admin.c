// SPDX-License-Identifier: GPL-3.0-or-later
/* Admin commands of an NVMe controller: Identify, features, log pages, events. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit-nvme/nvme_rig.h"

static struct rig r;

/* Also with an image that was not closed when a test failed. */
static void teardown(void)
{
	if (r.path[0])
		unlink(r.path);
}

TestSuite(nvme_admin, .fini = teardown, .timeout = 120);

static void start(struct machine_drive drive, const char *option)
{
	rig_open(&r, drive, option);
	rig_enable(&r);
}

static const void *data(void)
{
	return rig_ram(&r, RIG_DATA, 4096);
}

static unsigned identify(uint32_t cns, uint32_t nsid)
{
	memset(rig_ram(&r, RIG_DATA, 4096), 0xee, 4096);
	return rig_do(&r, 0,
		      (struct nvme_command){ .opcode = NVME_ADMIN_IDENTIFY,
					     .nsid = nsid,
					     .prp1 = RIG_DATA + 0x800,
					     .prp2 = RIG_DATA + 0x10000,
					     .cdw10 = cns });
}

/* In one piece. */
static const void *identified(void)
{
	memcpy(rig_ram(&r, RIG_DATA, 0x800), rig_ram(&r, RIG_DATA + 0x800, 0x800), 0x800);
	memcpy(rig_ram(&r, RIG_DATA + 0x800, 0x800), rig_ram(&r, RIG_DATA + 0x10000, 0x800), 0x800);
	return data();
}

Test(nvme_admin, identify_controller)
{
	const struct nvme_id_controller *id;

	start((struct machine_drive){ 0 }, "serial=glass");
	cr_expect_eq(identify(NVME_CNS_CONTROLLER, 0), 0u);
	id = identified();
	cr_expect_eq(strncmp(id->sn, "glass               ", 20), 0);
	cr_expect_eq(strncmp(id->mn, "vitrine NVMe disk ", 18), 0);
	cr_expect_eq(id->mdts, 7u);
	cr_expect_eq(id->ver, 0x10400u);
	cr_expect_eq(id->sqes, 0x66u);
	cr_expect_eq(id->cqes, 0x44u);
	cr_expect_eq(id->nn, 1u);
	cr_expect_eq(id->vwc & 1, 1u);
	cr_expect_eq(id->sgls, 0u);
	cr_expect_eq(strncmp(id->subnqn, "nqn.2014-08.org.nvmexpress:uuid:", 32), 0);
	cr_expect_eq(strlen(id->subnqn), 68u);
	rig_close(&r);
}

Test(nvme_admin, identify_namespace)
{
	const struct nvme_id_namespace *id;
	const uint32_t *list;
	const uint8_t *descriptor;

	start((struct machine_drive){ .readonly = true }, "");
	cr_expect_eq(identify(NVME_CNS_NAMESPACE, 1), 0u);
	id = identified();
	cr_expect_eq(id->nsze, RIG_BLOCKS);
	cr_expect_eq(id->lbaf[0].lbads, 9u);
	cr_expect_eq(id->nsattr, 1u);
	cr_expect_eq(identify(NVME_CNS_ACTIVE_LIST, 0), 0u);
	list = identified();
	cr_expect(list[0] == 1 && !list[1]);
	cr_expect_eq(identify(NVME_CNS_ACTIVE_LIST, 1), 0u);
	cr_expect_eq(((const uint32_t *)identified())[0], 0u);
	cr_expect_eq(identify(NVME_CNS_DESCRIPTORS, 1), 0u);
	descriptor = identified();
	cr_expect(descriptor[0] == NVME_NIDT_UUID && descriptor[1] == 16 && !descriptor[20]);
	cr_expect_eq(identify(NVME_CNS_NAMESPACE, 0), NVME_INVALID_NAMESPACE);
	cr_expect_eq(identify(NVME_CNS_NAMESPACE, 2), NVME_INVALID_NAMESPACE);
	cr_expect_eq(identify(NVME_CNS_DESCRIPTORS, 2), NVME_INVALID_NAMESPACE);
	cr_expect_eq(identify(NVME_CNS_ACTIVE_LIST, NVME_ALL_NAMESPACES), NVME_INVALID_NAMESPACE);
	cr_expect_eq(identify(0x06, 0), NVME_INVALID_FIELD);
	rig_close(&r);
}

static unsigned set_feature(uint32_t id, uint32_t value)
{
	return rig_do(&r, 0,
		      (struct nvme_command){
			      .opcode = NVME_ADMIN_SET_FEATURES, .cdw10 = id, .cdw11 = value });
}

static uint32_t get_feature(uint32_t id, uint32_t cdw11)
{
	cr_expect_eq(rig_do(&r, 0,
			    (struct nvme_command){ .opcode = NVME_ADMIN_GET_FEATURES,
						   .cdw10 = id,
						   .cdw11 = cdw11 }),
		     0u);
	return r.result;
}

Test(nvme_admin, features)
{
	start((struct machine_drive){ 0 }, "max_ioqpairs=4");
	cr_expect_eq(set_feature(NVME_FEAT_QUEUES, 63 << 16 | 63), 0u);
	cr_expect_eq(r.result, 3u << 16 | 3, "what it has, whatever is asked for");
	cr_expect_eq(set_feature(NVME_FEAT_QUEUES, 0xffff), NVME_INVALID_FIELD);
	cr_expect_eq(get_feature(NVME_FEAT_QUEUES, 0), 3u << 16 | 3);
	cr_expect_eq(set_feature(NVME_FEAT_ARBITRATION, 0x01020300 | 5), 0u);
	cr_expect_eq(get_feature(NVME_FEAT_ARBITRATION, 0), 0x01020305u);
	cr_expect_eq(get_feature(NVME_FEAT_ARBITRATION | 1 << 8, 0), 0u, "the default");
	cr_expect_eq(get_feature(NVME_FEAT_ARBITRATION | 3 << 8, 0), 4u, "it can be changed");
	cr_expect_eq(set_feature(NVME_FEAT_ARBITRATION | 1u << 31, 0), NVME_NOT_SAVEABLE);
	cr_expect_eq(set_feature(NVME_FEAT_COALESCING, 0x0a05), 0u);
	cr_expect_eq(get_feature(NVME_FEAT_COALESCING, 0), 0x0a05u);
	cr_expect_eq(set_feature(NVME_FEAT_VECTOR, 1 << 16 | 2), 0u);
	cr_expect_eq(get_feature(NVME_FEAT_VECTOR, 2), 1u << 16 | 2);
	cr_expect_eq(get_feature(NVME_FEAT_VECTOR, 1), 1u);
	cr_expect_eq(set_feature(NVME_FEAT_VECTOR, 5), NVME_INVALID_FIELD);
	cr_expect_eq(get_feature(NVME_FEAT_WRITE_CACHE, 0), 1u);
	cr_expect_eq(set_feature(NVME_FEAT_WRITE_CACHE, 0), 0u);
	cr_expect_eq(get_feature(NVME_FEAT_WRITE_CACHE, 0), 0u);
	cr_expect_eq(set_feature(NVME_FEAT_POWER, 1), NVME_INVALID_FIELD);
	cr_expect_eq(set_feature(NVME_FEAT_ERROR_RECOVERY, 7), 0u);
	cr_expect_eq(set_feature(0x7f, 0), NVME_INVALID_FIELD);
	/* A reset forgets it all. */
	rig_disable(&r);
	rig_enable(&r);
	cr_expect_eq(get_feature(NVME_FEAT_WRITE_CACHE, 0), 1u);
	cr_expect_eq(get_feature(NVME_FEAT_COALESCING, 0), 0u);
	rig_queues(&r, 1, 4);
	cr_expect_eq(set_feature(NVME_FEAT_QUEUES, 0), NVME_SEQUENCE_ERROR);
	rig_close(&r);
}

Test(nvme_admin, a_disk_without_a_cache)
{
	start((struct machine_drive){ .cache = DRIVE_WRITETHROUGH }, "");
	cr_expect_eq(identify(NVME_CNS_CONTROLLER, 0), 0u);
	cr_expect_eq(((const struct nvme_id_controller *)identified())->vwc & 1, 0u);
	cr_expect_eq(set_feature(NVME_FEAT_WRITE_CACHE, 0), NVME_INVALID_FIELD);
	rig_close(&r);
}

static unsigned get_log(uint32_t id, uint32_t len, uint32_t offset)
{
	memset(rig_ram(&r, RIG_DATA, 4096), 0xee, 4096);
	return rig_do(&r, 0,
		      (struct nvme_command){ .opcode = NVME_ADMIN_GET_LOG_PAGE,
					     .nsid = NVME_ALL_NAMESPACES,
					     .prp1 = RIG_DATA,
					     .cdw10 = id | (len / 4 - 1) << 16,
					     .cdw12 = offset });
}

Test(nvme_admin, log_pages)
{
	const struct nvme_error_entry *error;
	const struct nvme_smart_log *smart;
	const uint32_t *effects;

	rig_start(&r, (struct machine_drive){ 0 }, "");
	error = data();
	smart = data();
	effects = data();
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0, 8, RIG_DATA, 0), 0u);
	cr_expect_eq(rig_rw(&r, NVME_CMD_READ, 0x100000007, 1, RIG_DATA, 0), NVME_LBA_OUT_OF_RANGE);
	cr_expect_eq(rig_do(&r, 0, (struct nvme_command){ .opcode = 0x55 }), NVME_INVALID_OPCODE);
	cr_expect_eq(get_log(NVME_LOG_ERROR, 192, 0), 0u);
	cr_expect(error[0].count == 2 && error[1].count == 1 && !error[2].count);
	cr_expect(!error[0].sq_id && error[1].sq_id == 1 && error[1].nsid == 1);
	cr_expect_eq(error[1].lba, 0x100000007u);
	cr_expect_eq(error[1].status >> 1 & NVME_STATUS_CODE, NVME_LBA_OUT_OF_RANGE);
	cr_expect_eq(((const uint8_t *)data())[192], 0xee, "no more than was asked for");
	cr_expect_eq(get_log(NVME_LOG_ERROR, 64, 64), 0u);
	cr_expect_eq(error[0].count, 1u);
	cr_expect_eq(get_log(NVME_LOG_SMART, 512, 0), 0u);
	cr_expect_eq(smart->temperature, NVME_TEMPERATURE);
	cr_expect_eq(smart->reads[0], 1u);
	cr_expect_eq(smart->units_read[0], 1u);
	cr_expect_eq(smart->error_entries[0], 2u);
	cr_expect_eq(get_log(NVME_LOG_FIRMWARE, 512, 0), 0u);
	cr_expect_eq(get_log(NVME_LOG_CHANGES, 4096, 0), 0u);
	cr_expect_eq(effects[0], 0u, "no namespace has changed");
	cr_expect_eq(get_log(NVME_LOG_EFFECTS, 4096, 0), 0u);
	cr_expect_eq(effects[NVME_ADMIN_IDENTIFY], 1u);
	cr_expect_eq(effects[0x55], 0u);
	cr_expect_eq(effects[256 + NVME_CMD_WRITE], 3u);
	cr_expect_eq(get_log(0x77, 512, 0), NVME_INVALID_LOG_PAGE);
	cr_expect_eq(get_log(NVME_LOG_SMART, 512, 512), NVME_INVALID_FIELD);
	cr_expect_eq(get_log(NVME_LOG_SMART, 512, 2), NVME_INVALID_FIELD);
	rig_close(&r);
}

Test(nvme_admin, events)
{
	const struct nvme_command aer = { .opcode = NVME_ADMIN_ASYNC_EVENT };
	uint16_t last = 0;

	start((struct machine_drive){ 0 }, "");
	for (unsigned i = 0; i < NVME_AERS; i++)
		last = rig_submit(&r, 0, aer);
	cr_expect_eq(rig_do(&r, 0, aer), NVME_AER_LIMIT_EXCEEDED);
	/* A threshold below the temperature: nothing yet, then an event. */
	cr_expect_eq(set_feature(NVME_FEAT_TEMPERATURE, 300), 0u);
	cr_expect_eq(get_feature(NVME_FEAT_TEMPERATURE, 0), 300u);
	rig_submit(&r, 0,
		   (struct nvme_command){ .opcode = NVME_ADMIN_SET_FEATURES,
					  .cdw10 = NVME_FEAT_ASYNC_EVENTS,
					  .cdw11 = NVME_WARN_TEMPERATURE });
	cr_expect_eq(rig_reap(&r, 0).result, 0u);
	cr_expect_eq(rig_reap(&r, 0).result, 0x020101u);
	cr_expect_eq(get_log(NVME_LOG_SMART, 512, 0), 0u);
	cr_expect_eq(((const struct nvme_smart_log *)data())->critical_warning,
		     NVME_WARN_TEMPERATURE);
	cr_expect_eq(set_feature(NVME_FEAT_TEMPERATURE, 1 << 16 | 300), NVME_INVALID_FIELD);
	/* An Abort of one that still waits. */
	rig_submit(&r, 0,
		   (struct nvme_command){ .opcode = NVME_ADMIN_ABORT,
					  .cdw10 = (uint32_t)(last - 1) << 16 });
	cr_expect_eq(rig_reap(&r, 0).status, NVME_ABORT_REQUESTED);
	cr_expect_eq(rig_reap(&r, 0).result, 0u);
	cr_expect_eq(RIG_LOOK(r.n->aer_count), 2u);
	rig_close(&r);
}

Test(nvme_admin, no_scatter_gather_lists)
{
	start((struct machine_drive){ 0 }, "");
	cr_expect_eq(rig_do(&r, 0,
			    (struct nvme_command){ .opcode = NVME_ADMIN_IDENTIFY,
						   .flags = 0x40,
						   .prp1 = RIG_DATA,
						   .cdw10 = NVME_CNS_CONTROLLER }),
		     NVME_INVALID_FIELD);
	rig_close(&r);
}
