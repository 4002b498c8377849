// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ACPI's fixed power management hardware (ACPI 6.5, 4.8.3): events, power-off, timer.
 *
 *   0x600  PM1a event block: what happened, what interrupts (the SCI, GSI 9)
 *   0x604  PM1a control block: SLP_EN puts the machine into the state SLP_TYP
 *   0x608  the PM timer: 3.579545 MHz, 32 bits, on the guest's clock
 *   0x60c  general-purpose events 0 to 15 (4.8.4.1), which other devices raise (hv/hotplug.h)
 *
 * Type 0 is soft-off, S5, as on the Intel PIIX4 (82371AB data sheet, "PMCNTRL"): a 16-bit write
 * of 0x2000 to port 0x604 powers the machine off, which test and hobby kernels that know QEMU do
 * without any ACPI. No other sleep state exists, so other types are ignored. The machine is
 * always in ACPI mode: there is no SMI, and SCI_EN cannot be cleared.
 *
 * The timer is not kept, it is computed when somebody looks. A host timer runs only
 * while its carry can interrupt.
 */
#include <errno.h>

#include "hv/device.h"
#include "hv/hotplug.h"
#include "hv/machine.h"

#define PM_PORT 0x600
#define PM_SCI	9

/* Register space, as the ports lie. */
enum {
	SPACE_STS = 0,
	SPACE_EN = 2,
	SPACE_CNT = 4,
	SPACE_TMR = 8,
	SPACE_GPE_STS = 12,
	SPACE_GPE_EN = 14,
	SPACE_SIZE = 16,
};

#define TMR_HZ	   3579545ull /* 4.8.3.3 */
#define NS_PER_SEC 1000000000ull
#define CARRY_BIT  31 /* TMR_STS: the highest bit of the counter changed (TMR_VAL_EXT) */

#define STS_TMR	   0x0001
#define STS_PWRBTN 0x0100
#define STS_WRITE  0x8731 /* TMR, BM, GBL, PWRBTN, SLPBTN, RTC, WAK */
#define EN_WRITE   0x0721 /* those of them that can interrupt */

#define CNT_SCI_EN	  0x0001
#define CNT_SLP_TYP_SHIFT 10
#define CNT_SLP_TYP_MASK  7
#define CNT_SLP_EN	  0x2000
#define CNT_KEPT	  0x1c03 /* SLP_TYP, BM_RLD, SCI_EN; the rest reads as zero */
#define SLP_TYP_S5	  0

struct pm {
	struct device dev;
	uint16_t sts, en, cnt;
	uint16_t gpe_sts, gpe_en;
	uint64_t seen_carries; /* sts.TMR is right up to this one */
	struct hv_timer *carry_timer;
	struct power_button button;
	struct gpe_block gpe;
};

static struct pm *to_pm(struct device *dev)
{
	return (struct pm *)dev;
}

static uint64_t ticks_now(const struct pm *p)
{
	uint64_t ns = hv_clock_now(p->dev.m->timers, HV_CLOCK_GUEST);

	return ns / NS_PER_SEC * TMR_HZ + ns % NS_PER_SEC * TMR_HZ / NS_PER_SEC;
}

static uint16_t sts_now(const struct pm *p)
{
	bool carried = ticks_now(p) >> CARRY_BIT != p->seen_carries;

	return p->sts | (carried ? STS_TMR : 0);
}

/* Brings status, interrupt line and timer up to now. */
static void sync(struct pm *p)
{
	uint64_t carries = ticks_now(p) >> CARRY_BIT;

	p->sts = sts_now(p);
	p->seen_carries = carries;
	device_irq_set(&p->dev, (p->sts & p->en) || (p->gpe_sts & p->gpe_en));
	if ((p->en & STS_TMR) && !(p->sts & STS_TMR)) {
		uint64_t next = (carries + 1) << CARRY_BIT;

		/* One nanosecond more than what the division leaves out. */
		hv_timer_arm(p->carry_timer,
			     next / TMR_HZ * NS_PER_SEC + next % TMR_HZ * NS_PER_SEC / TMR_HZ + 1);
	} else {
		hv_timer_disarm(p->carry_timer);
	}
}

static void carry(void *opaque)
{
	struct pm *p = opaque;

	pthread_mutex_lock(&p->dev.lock);
	sync(p);
	pthread_mutex_unlock(&p->dev.lock);
}

/* The person presses the power button. */
static void press(void *opaque)
{
	struct pm *p = opaque;

	pthread_mutex_lock(&p->dev.lock);
	p->sts |= STS_PWRBTN;
	sync(p);
	pthread_mutex_unlock(&p->dev.lock);
}

/* A device of the machine wants to be looked at. */
static void raise_gpe(void *opaque, unsigned event)
{
	struct pm *p = opaque;

	pthread_mutex_lock(&p->dev.lock);
	p->gpe_sts |= (uint16_t)(1u << event);
	sync(p);
	pthread_mutex_unlock(&p->dev.lock);
}

/* ---- registers ---- */

static uint64_t peek_sts(const struct device *dev, const struct reg *reg)
{
	(void)reg;
	return sts_now((const struct pm *)dev);
}

static void write_sts(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct pm *p = to_pm(dev);

	(void)reg;
	sync(p);
	p->sts &= (uint16_t) ~(value & STS_WRITE);
	sync(p);
}

static void write_en(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct pm *p = to_pm(dev);

	(void)reg;
	p->en = (uint16_t)value & EN_WRITE;
	sync(p);
}

static void write_gpe_sts(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct pm *p = to_pm(dev);

	(void)reg;
	p->gpe_sts &= (uint16_t)~value;
	sync(p);
}

static void write_gpe_en(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct pm *p = to_pm(dev);

	(void)reg;
	p->gpe_en = (uint16_t)value;
	sync(p);
}

static void write_cnt(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct pm *p = to_pm(dev);

	(void)reg;
	p->cnt = (uint16_t)((value & CNT_KEPT) | CNT_SCI_EN);
	if ((value & CNT_SLP_EN) && (value >> CNT_SLP_TYP_SHIFT & CNT_SLP_TYP_MASK) == SLP_TYP_S5)
		machine_request_shutdown(dev->m, "the guest powered off (port 0x604)");
}

static uint64_t peek_tmr(const struct device *dev, const struct reg *reg)
{
	(void)reg;
	return (uint32_t)ticks_now((const struct pm *)dev);
}

/* 4.8.3.1.1 */
static const struct reg_field sts_fields[] = {
	REG_BIT("TMR", 0),    REG_BIT("BM", 4),	  REG_BIT("GBL", 5),  REG_BIT("PWRBTN", 8),
	REG_BIT("SLPBTN", 9), REG_BIT("RTC", 10), REG_BIT("WAK", 15), { 0 },
};
/* 4.8.3.1.2 */
static const struct reg_field en_fields[] = {
	REG_BIT("TMR", 0),    REG_BIT("GBL", 5),  REG_BIT("PWRBTN", 8),
	REG_BIT("SLPBTN", 9), REG_BIT("RTC", 10), { 0 },
};
/* 4.8.3.2.1 */
static const struct reg_field cnt_fields[] = {
	REG_BIT("SCI_EN", 0),
	REG_BIT("BM_RLD", 1),
	REG_BITS("SLP_TYP", 12, 10),
	REG_BIT("SLP_EN", 13),
	{ 0 },
};
static const struct reg_field gpe_fields[] = {
	REG_BIT("CPU_HOTPLUG", 2),
	{ 0 },
};

/* clang-format off */
static const struct reg pm_regs[] = {
	{ .name = "pm1_sts", .offset = SPACE_STS, .width = 2, REG_STATE(struct pm, sts),
	  .fields = sts_fields, .peek = peek_sts, .write = write_sts,
	  .help = "what happened; writing a one clears" },
	{ .name = "pm1_en", .offset = SPACE_EN, .width = 2, REG_STATE(struct pm, en),
	  .fields = en_fields, .write = write_en,
	  .help = "what of it raises the SCI" },
	{ .name = "pm1_cnt", .offset = SPACE_CNT, .width = 2, .reset = CNT_SCI_EN,
	  REG_STATE(struct pm, cnt), .fields = cnt_fields, .write = write_cnt,
	  .help = "SLP_EN with SLP_TYP 0 powers the machine off" },
	{ .name = "pm_tmr", .offset = SPACE_TMR, .width = 4, .access = REG_RO, .peek = peek_tmr,
	  .help = "3.579545 MHz, stands still while the guest is stopped" },
	{ .name = "gpe_sts", .offset = SPACE_GPE_STS, .width = 2, REG_STATE(struct pm, gpe_sts),
	  .fields = gpe_fields, .write = write_gpe_sts,
	  .help = "general-purpose events; writing a one clears" },
	{ .name = "gpe_en", .offset = SPACE_GPE_EN, .width = 2, REG_STATE(struct pm, gpe_en),
	  .fields = gpe_fields, .write = write_gpe_en,
	  .help = "what of it raises the SCI" },
	{ 0 },
};
/* clang-format on */

/* ---- life ---- */

static void pm_reset(struct device *dev)
{
	struct pm *p = to_pm(dev);

	p->seen_carries = ticks_now(p) >> CARRY_BIT;
	sync(p);
}

static int pm_create(struct device *dev, struct error *err)
{
	struct pm *p = to_pm(dev);

	if (hv_timer_create(dev->m->timers, HV_CLOCK_GUEST, carry, p, &p->carry_timer) < 0)
		return error_set(err, -ENOMEM, "%s: no timer", dev->name);
	p->button = (struct power_button){ .press = press, .opaque = p };
	dev->m->power_button = &p->button;
	p->gpe = (struct gpe_block){ .raise = raise_gpe, .opaque = p };
	dev->m->gpe = &p->gpe;
	return 0;
}

static void pm_destroy(struct device *dev)
{
	struct pm *p = to_pm(dev);

	dev->m->power_button = NULL;
	dev->m->gpe = NULL;
	hv_timer_destroy(p->carry_timer);
}

static int pm_probe(struct machine *m, const struct machine_config *cfg, struct error *err);

static const struct device_class acpi_pm = {
	.name = "acpi_pm",
	.stem = "pm",
	.help = "ACPI power management: power-off, power button, PM timer",
	.compatible = "vitrine,acpi-pm",
	.size = sizeof(struct pm),
	.space = SPACE_SIZE,
	.regs = pm_regs,
	.probe = pm_probe,
	.create = pm_create,
	.destroy = pm_destroy,
	.reset = pm_reset,
};
DEVICE_CLASS(acpi_pm);

static int pm_probe(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	(void)cfg;
	return device_add(m, &acpi_pm, true, PM_PORT, SPACE_SIZE, PM_SCI, err) ? 0 : -EIO;
}
