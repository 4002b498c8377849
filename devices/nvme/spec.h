/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers and structures of NVM Express, revision 1.4: what this controller uses of them. Names are
 * the specification's; the section is at each group.
 */
#ifndef DEVICES_NVME_SPEC_H
#define DEVICES_NVME_SPEC_H

#include <stdint.h>

/* Everything in memory is little-endian, and so is every host that vitrine is built for. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "byte order");

/* ---- controller registers (3.1) ---- */

enum {
	NVME_REG_CAP = 0x00,
	NVME_REG_VS = 0x08,
	NVME_REG_INTMS = 0x0c,
	NVME_REG_INTMC = 0x10,
	NVME_REG_CC = 0x14,
	NVME_REG_CSTS = 0x1c,
	NVME_REG_NSSR = 0x20,
	NVME_REG_AQA = 0x24,
	NVME_REG_ASQ = 0x28,
	NVME_REG_ACQ = 0x30,
	NVME_REG_CMBLOC = 0x38,
	NVME_REG_CMBSZ = 0x3c,
	NVME_REG_BPINFO = 0x40,
	NVME_REG_CMBMSC = 0x50,
	NVME_REG_PMRCAP = 0xe00,
	NVME_REG_DOORBELLS = 0x1000,
};

#define NVME_VERSION 0x00010400u

#define NVME_CAP_CQR	   (1ull << 16)
#define NVME_CAP_TO(n)	   ((uint64_t)(n) << 24)
#define NVME_CAP_NSSRS	   (1ull << 36)
#define NVME_CAP_CSS_NVM   (1ull << 37)
#define NVME_CAP_MPSMAX(n) ((uint64_t)(n) << 52)

#define NVME_CC_EN	   (1u << 0)
#define NVME_CC_CSS(cc)	   ((cc) >> 4 & 7)
#define NVME_CC_MPS(cc)	   ((cc) >> 7 & 15)
#define NVME_CC_AMS(cc)	   ((cc) >> 11 & 7)
#define NVME_CC_SHN(cc)	   ((cc) >> 14 & 3)
#define NVME_CC_IOSQES(cc) ((cc) >> 16 & 15)
#define NVME_CC_IOCQES(cc) ((cc) >> 20 & 15)

#define NVME_CSTS_RDY	    (1u << 0)
#define NVME_CSTS_CFS	    (1u << 1)
#define NVME_CSTS_SHST	    (3u << 2)
#define NVME_CSTS_SHST_BUSY (1u << 2)
#define NVME_CSTS_SHST_DONE (2u << 2)
#define NVME_CSTS_NSSRO	    (1u << 4)

#define NVME_NSSR_VALUE 0x4e564d65u /* "NVMe" */

/* ---- queue entries (4.2, 4.6) ---- */

struct nvme_command {
	uint8_t opcode;
	uint8_t flags; /* 1:0 FUSE, 7:6 PSDT */
	uint16_t cid;
	uint32_t nsid;
	uint32_t cdw2, cdw3;
	uint64_t mptr;
	uint64_t prp1, prp2;
	uint32_t cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};
_Static_assert(sizeof(struct nvme_command) == 64, "size");

struct nvme_completion {
	uint32_t result;
	uint32_t reserved;
	uint16_t sq_head, sq_id;
	uint16_t cid;
	uint16_t status; /* bit 0: phase; above it as below */
};
_Static_assert(sizeof(struct nvme_completion) == 16, "size");

#define NVME_SQES 6 /* log2 of their sizes */
#define NVME_CQES 4

#define NVME_ALL_NAMESPACES 0xffffffffu

/* ---- status (4.6.1): code 7:0, type 10:8, more 13, do not retry 14 ---- */

enum nvme_status {
	NVME_SUCCESS = 0x000,
	NVME_INVALID_OPCODE = 0x001,
	NVME_INVALID_FIELD = 0x002,
	NVME_DATA_TRANSFER_ERROR = 0x004,
	NVME_INTERNAL_ERROR = 0x006,
	NVME_ABORT_REQUESTED = 0x007,
	NVME_ABORTED_SQ_DELETED = 0x008,
	NVME_INVALID_NAMESPACE = 0x00b,
	NVME_SEQUENCE_ERROR = 0x00c,
	NVME_INVALID_PRP_OFFSET = 0x013,
	NVME_WRITE_PROTECTED = 0x020,
	NVME_LBA_OUT_OF_RANGE = 0x080,
	NVME_CAPACITY_EXCEEDED = 0x081,
	NVME_CQ_INVALID = 0x100,
	NVME_INVALID_QUEUE_ID = 0x101,
	NVME_INVALID_QUEUE_SIZE = 0x102,
	NVME_AER_LIMIT_EXCEEDED = 0x105,
	NVME_INVALID_VECTOR = 0x108,
	NVME_INVALID_LOG_PAGE = 0x109,
	NVME_INVALID_QUEUE_DELETION = 0x10c,
	NVME_NOT_SAVEABLE = 0x10d,
	NVME_WRITE_FAULT = 0x280,
	NVME_READ_ERROR = 0x281,
	NVME_COMPARE_FAILURE = 0x285,
};
#define NVME_STATUS_CODE 0x7ffu
#define NVME_MORE	 (1u << 13)
#define NVME_DNR	 (1u << 14)

/* ---- commands (5, 6) ---- */

enum {
	NVME_ADMIN_DELETE_SQ = 0x00,
	NVME_ADMIN_CREATE_SQ = 0x01,
	NVME_ADMIN_GET_LOG_PAGE = 0x02,
	NVME_ADMIN_DELETE_CQ = 0x04,
	NVME_ADMIN_CREATE_CQ = 0x05,
	NVME_ADMIN_IDENTIFY = 0x06,
	NVME_ADMIN_ABORT = 0x08,
	NVME_ADMIN_SET_FEATURES = 0x09,
	NVME_ADMIN_GET_FEATURES = 0x0a,
	NVME_ADMIN_ASYNC_EVENT = 0x0c,
};

enum {
	NVME_CMD_FLUSH = 0x00,
	NVME_CMD_WRITE = 0x01,
	NVME_CMD_READ = 0x02,
	NVME_CMD_COMPARE = 0x05,
	NVME_CMD_WRITE_ZEROES = 0x08,
	NVME_CMD_DSM = 0x09,
};

#define NVME_RW_FUA   (1u << 30) /* of cdw12 */
#define NVME_WZ_DEAC  (1u << 25)
#define NVME_DSM_AD   (1u << 2) /* of cdw11 */
#define NVME_QUEUE_PC (1u << 0) /* of cdw11, Create I/O queue */
#define NVME_CQ_IEN   (1u << 1)

struct nvme_dsm_range { /* 6.7.1 */
	uint32_t attributes, blocks;
	uint64_t lba;
};
_Static_assert(sizeof(struct nvme_dsm_range) == 16, "size");

/* ---- features (5.21.1) ---- */

enum {
	NVME_FEAT_ARBITRATION = 0x01,
	NVME_FEAT_POWER = 0x02,
	NVME_FEAT_TEMPERATURE = 0x04,
	NVME_FEAT_ERROR_RECOVERY = 0x05,
	NVME_FEAT_WRITE_CACHE = 0x06,
	NVME_FEAT_QUEUES = 0x07,
	NVME_FEAT_COALESCING = 0x08,
	NVME_FEAT_VECTOR = 0x09,
	NVME_FEAT_ATOMICITY = 0x0a,
	NVME_FEAT_ASYNC_EVENTS = 0x0b,
};

/* ---- log pages (5.14.1) and asynchronous events (5.2) ---- */

enum {
	NVME_LOG_ERROR = 0x01,
	NVME_LOG_SMART = 0x02,
	NVME_LOG_FIRMWARE = 0x03,
	NVME_LOG_CHANGES = 0x04,
	NVME_LOG_EFFECTS = 0x05,
};

enum nvme_event_type { NVME_EVENT_ERROR = 0, NVME_EVENT_SMART = 1, NVME_EVENT_TYPES };
enum {
	NVME_EVENT_DOORBELL_REGISTER = 0, /* of NVME_EVENT_ERROR */
	NVME_EVENT_DOORBELL_VALUE = 1,
	NVME_EVENT_TEMPERATURE = 1, /* of NVME_EVENT_SMART */
};

#define NVME_WARN_TEMPERATURE (1u << 1) /* critical warnings, and the bit of Async Event Config */

#define NVME_NO_QUEUE 0xffff /* of an error that no command has made */

struct nvme_error_entry {
	uint64_t count;
	uint16_t sq_id, cid;
	uint16_t status;
	uint16_t location;
	uint64_t lba;
	uint32_t nsid;
	uint8_t vendor, trtype, reserved[2];
	uint64_t specific;
	uint16_t trtype_specific;
	uint8_t reserved2[22];
};
_Static_assert(sizeof(struct nvme_error_entry) == 64, "size");

struct __attribute__((packed)) nvme_smart_log {
	uint8_t critical_warning;
	uint16_t temperature; /* kelvin */
	uint8_t spare, spare_threshold, used, endurance;
	uint8_t reserved[25];
	/* Of 128 bits each. */
	uint64_t units_read[2], units_written[2], reads[2], writes[2];
	uint64_t busy_minutes[2], power_cycles[2], power_on_hours[2], unsafe_shutdowns[2];
	uint64_t media_errors[2], error_entries[2];
	uint32_t warning_minutes, critical_minutes;
	uint16_t sensor[8];
	uint8_t reserved2[296];
};
_Static_assert(sizeof(struct nvme_smart_log) == 512, "size");

/* ---- Identify (5.15.2) ---- */

enum {
	NVME_CNS_NAMESPACE = 0x00,
	NVME_CNS_CONTROLLER = 0x01,
	NVME_CNS_ACTIVE_LIST = 0x02,
	NVME_CNS_DESCRIPTORS = 0x03,
};
#define NVME_IDENTIFY_SIZE 4096u

struct __attribute__((packed)) nvme_id_controller {
	uint16_t vid, ssvid;
	char sn[20], mn[40], fr[8];
	uint8_t rab, ieee[3], cmic, mdts;
	uint16_t cntlid;
	uint32_t ver, rtd3r, rtd3e, oaes, ctratt;
	uint8_t reserved100[11];
	uint8_t cntrltype;
	uint8_t reserved112[144];
	uint16_t oacs;
	uint8_t acl, aerl, frmw, lpa, elpe, npss, avscc, apsta;
	uint16_t wctemp, cctemp;
	uint8_t reserved270[242];
	uint8_t sqes, cqes;
	uint16_t maxcmd;
	uint32_t nn;
	uint16_t oncs, fuses;
	uint8_t fna, vwc;
	uint16_t awun, awupf;
	uint8_t nvscc, nwpc;
	uint16_t acwu, reserved534;
	uint32_t sgls, mnan;
	uint8_t reserved544[224];
	char subnqn[256];
	uint8_t reserved1024[1024];
	struct {
		uint16_t max_power; /* hundredths of a watt */
		uint8_t rest[30];
	} psd[32];
	uint8_t vendor[1024];
};
_Static_assert(sizeof(struct nvme_id_controller) == NVME_IDENTIFY_SIZE, "size");

struct __attribute__((packed)) nvme_id_namespace {
	uint64_t nsze, ncap, nuse;
	uint8_t nsfeat, nlbaf, flbas, mc, dpc, dps, nmic, rescap, fpi, dlfeat;
	uint16_t nawun, nawupf, nacwu, nabsn, nabo, nabspf, noiob;
	uint64_t nvmcap[2];
	uint16_t npwg, npwa, npdg, npda, nows;
	uint8_t reserved74[18];
	uint32_t anagrpid;
	uint8_t reserved96[3], nsattr;
	uint16_t nvmsetid, endgid;
	uint8_t nguid[16], eui64[8];
	struct {
		uint16_t ms;
		uint8_t lbads, rp;
	} lbaf[16];
	uint8_t reserved192[3904];
};
_Static_assert(sizeof(struct nvme_id_namespace) == NVME_IDENTIFY_SIZE, "size");

#define NVME_NIDT_UUID 3

#endif
