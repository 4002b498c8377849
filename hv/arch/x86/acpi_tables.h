/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ACPI's tables as they lie in memory: those that acpi.c writes. ACPI 6.5; the section
 * is at each struct. Fields that stay zero here are named all the same.
 */
#ifndef HV_ARCH_X86_ACPI_TABLES_H
#define HV_ARCH_X86_ACPI_TABLES_H

#include <stdint.h>

#include "hv/strbuf.h"

#define ACPI_PACKED __attribute__((packed))

/* 5.2.5.3 */
struct acpi_rsdp {
	char signature[8];
	uint8_t checksum; /* of the first 20 bytes */
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt_address;
	uint32_t length;
	uint64_t xsdt_address;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} ACPI_PACKED;

/* 5.2.6 */
struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem_id[6];
	char oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} ACPI_PACKED;

/* 5.2.8 */
struct acpi_xsdt {
	struct acpi_header header;
	uint64_t entry[4];
} ACPI_PACKED;

/* 5.2.3.2: Generic Address Structure */
#define ACPI_SPACE_IO 1
struct acpi_address {
	uint8_t space;
	uint8_t bit_width, bit_offset;
	uint8_t access; /* 1: byte, 2: word, 3: dword */
	uint64_t address;
} ACPI_PACKED;

/* 5.2.9.3: IA-PC boot architecture flags */
#define FADT_LEGACY_DEVICES 0x0001
#define FADT_8042	    0x0002
#define FADT_NO_VGA	    0x0004

/* Table 5.10: fixed feature flags. A set bit SLP_BUTTON says that there is none. */
#define FADT_WBINVD	   0x0001
#define FADT_PROC_C1	   0x0004
#define FADT_SLP_BUTTON	   0x0020
#define FADT_FIX_RTC	   0x0040
#define FADT_TMR_VAL_EXT   0x0100
#define FADT_RESET_REG_SUP 0x0400

/* 5.2.9 */
struct acpi_fadt {
	struct acpi_header header;
	uint32_t firmware_ctrl, dsdt;
	uint8_t reserved, preferred_pm_profile;
	uint16_t sci_int;
	uint32_t smi_cmd;
	uint8_t acpi_enable, acpi_disable, s4bios_req, pstate_cnt;
	uint32_t pm1a_evt_blk, pm1b_evt_blk, pm1a_cnt_blk, pm1b_cnt_blk;
	uint32_t pm2_cnt_blk, pm_tmr_blk, gpe0_blk, gpe1_blk;
	uint8_t pm1_evt_len, pm1_cnt_len, pm2_cnt_len, pm_tmr_len;
	uint8_t gpe0_blk_len, gpe1_blk_len, gpe1_base, cst_cnt;
	uint16_t p_lvl2_lat, p_lvl3_lat, flush_size, flush_stride;
	uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
	uint16_t iapc_boot_arch;
	uint8_t reserved2;
	uint32_t flags;
	struct acpi_address reset_reg;
	uint8_t reset_value;
	uint16_t arm_boot_arch;
	uint8_t minor_version;
	uint64_t x_firmware_ctrl, x_dsdt;
	struct acpi_address x_pm1a_evt_blk, x_pm1b_evt_blk, x_pm1a_cnt_blk, x_pm1b_cnt_blk;
	struct acpi_address x_pm2_cnt_blk, x_pm_tmr_blk, x_gpe0_blk, x_gpe1_blk;
	struct acpi_address sleep_control, sleep_status;
	uint64_t hypervisor;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_fadt) == 276, "a FADT of revision 6");

/* 5.2.10 */
struct acpi_facs {
	char signature[4];
	uint32_t length, hardware_signature, waking_vector, global_lock, flags;
	uint64_t x_waking_vector;
	uint8_t version, reserved[3];
	uint32_t ospm_flags;
	uint8_t reserved2[24];
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_facs) == 64, "a FACS");

/* 5.2.12 */
#define MADT_PCAT_COMPAT 1 /* there are two 8259s as well */
struct acpi_madt {
	struct acpi_header header;
	uint32_t lapic_address;
	uint32_t flags;
} ACPI_PACKED;

/* 5.2.12.2 */
#define MADT_ENABLED	    1
#define MADT_ONLINE_CAPABLE 2 /* not there, and may come */
struct madt_lapic {
	uint8_t type, length, processor, apic_id;
	uint32_t flags;
} ACPI_PACKED;

/* 5.2.12.3 */
struct madt_ioapic {
	uint8_t type, length, id, reserved;
	uint32_t address, gsi_base;
} ACPI_PACKED;

/* 5.2.12.5 */
#define MADT_ACTIVE_HIGH 0x1
#define MADT_LEVEL	 0xc
struct madt_override {
	uint8_t type, length, bus, source;
	uint32_t gsi;
	uint16_t flags;
} ACPI_PACKED;

/* 5.2.12.7 */
struct madt_lapic_nmi {
	uint8_t type, length, processor;
	uint16_t flags;
	uint8_t lint;
} ACPI_PACKED;

/* PCI Firmware Specification 3.3, 4.1.2 */
struct acpi_mcfg {
	struct acpi_header header;
	uint64_t reserved;
	uint64_t base;
	uint16_t segment;
	uint8_t first_bus, last_bus;
	uint32_t reserved2;
} ACPI_PACKED;
_Static_assert(sizeof(struct acpi_mcfg) == 60, "an MCFG of one bus");

/* Adds code for the SSDT: of processors 0 to @cpus - 1 (acpi_cpus.c); of devices with an acpi_id,
 * nothing when there are none (acpi_devices.c). */
void acpi_cpus_aml(unsigned cpus, struct strbuf *out);
struct machine;
void acpi_devices_aml(const struct machine *m, struct strbuf *out);

#endif
