// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Interrupts (13.4.17 to 13.4.21): causes come up in ICR, IMS says which of them interrupt, reading
 * ICR clears all. Two things delay one: ITR keeps interrupts apart, and RDTR, RADV, TIDV and TADV
 * let a cause wait for more of its kind (13.4.30, 13.4.44).
 *
 *   event --> delay --> ICR & IMS --> throttle --> INTA# or MSI
 */
#include "devices/e1000/e1000.h"

#include "hv/machine.h"

#define ITR_NS	 256u
#define DELAY_NS 1024u

static uint64_t now(const struct e1000 *e)
{
	return hv_clock_now(e->dev.m->timers, HV_CLOCK_GUEST);
}

static uint64_t due(const struct e1000_delay *d)
{
	return d->limit && d->limit < d->at ? d->limit : d->at;
}

static void arm(struct e1000 *e)
{
	const struct e1000_irq *i = &e->irq;
	uint64_t at = i->held ? i->next : 0;

	if (i->rx.at && (!at || due(&i->rx) < at))
		at = due(&i->rx);
	if (i->tx.at && (!at || due(&i->tx) < at))
		at = due(&i->tx);
	if (at)
		hv_timer_arm(i->timer, at);
	else
		hv_timer_disarm(i->timer);
}

static void update(struct e1000 *e)
{
	struct e1000_irq *i = &e->irq;
	bool level = R(e, ICR) & R(e, IMS), was_held = i->held;

	i->held = level && !i->up && R(e, ITR) && now(e) < i->next;
	if (i->held != was_held)
		arm(e);
	if (i->held || level == i->up)
		return;
	i->up = level;
	pci_intx_set(&e->func, level);
	if (!level)
		return;
	if (R(e, ITR))
		i->next = now(e) + R(e, ITR) * (uint64_t)ITR_NS;
	pci_msi_send(&e->func);
}

void e1000_raise(struct e1000 *e, uint32_t causes)
{
	R(e, ICR) |= causes & ICR_ALL;
	update(e);
}

/* ---- delays ---- */

/* Each event starts the first time anew, and the second one runs from the first event on. */
static void delay(struct e1000 *e, struct e1000_delay *d, uint32_t relative, uint32_t absolute)
{
	uint64_t t = now(e);

	d->at = t + (relative & 0xffff) * (uint64_t)DELAY_NS;
	if (!d->limit && (absolute & 0xffff))
		d->limit = t + (absolute & 0xffff) * (uint64_t)DELAY_NS;
	arm(e);
}

static void end_delay(struct e1000 *e, struct e1000_delay *d, uint32_t cause)
{
	bool armed = d->at;

	*d = (struct e1000_delay){ 0 };
	if (armed)
		arm(e);
	e1000_raise(e, cause);
}

void e1000_received(struct e1000 *e)
{
	if (R(e, RDTR) & 0xffff)
		delay(e, &e->irq.rx, R(e, RDTR), R(e, RADV));
	else
		end_delay(e, &e->irq.rx, ICR_RXT0);
}

void e1000_transmitted(struct e1000 *e, bool delayed)
{
	if (delayed && (R(e, TIDV) & 0xffff))
		delay(e, &e->irq.tx, R(e, TIDV), R(e, TADV));
	else
		end_delay(e, &e->irq.tx, ICR_TXDW);
}

static void on_timer(void *opaque)
{
	struct e1000 *e = opaque;
	struct e1000_irq *i = &e->irq;
	uint32_t causes = 0;

	pthread_mutex_lock(&e->dev.lock);
	if (i->rx.at && due(&i->rx) <= now(e)) {
		i->rx = (struct e1000_delay){ 0 };
		causes |= ICR_RXT0;
	}
	if (i->tx.at && due(&i->tx) <= now(e)) {
		i->tx = (struct e1000_delay){ 0 };
		causes |= ICR_TXDW;
	}
	e1000_raise(e, causes);
	arm(e);
	pthread_mutex_unlock(&e->dev.lock);
}

/* ---- registers ---- */

uint64_t e1000_read_icr(struct device *dev, const struct reg *reg)
{
	struct e1000 *e = to_e1000(dev);
	uint32_t causes = R(e, ICR);

	(void)reg;
	R(e, ICR) = 0;
	update(e);
	return causes;
}

void e1000_write_icr(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct e1000 *e = to_e1000(dev);

	(void)reg;
	R(e, ICR) &= ~(uint32_t)value;
	update(e);
}

void e1000_write_ics(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	e1000_raise(to_e1000(dev), (uint32_t)value);
}

void e1000_write_ims(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct e1000 *e = to_e1000(dev);

	(void)reg;
	R(e, IMS) |= (uint32_t)value & ICR_ALL;
	update(e);
}

void e1000_write_imc(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct e1000 *e = to_e1000(dev);

	(void)reg;
	R(e, IMS) &= ~(uint32_t)value;
	update(e);
}

void e1000_write_itr(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct e1000 *e = to_e1000(dev);

	(void)reg;
	R(e, ITR) = (uint32_t)value & 0xffff;
	update(e);
}

void e1000_write_rdtr(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct e1000 *e = to_e1000(dev);

	(void)reg;
	R(e, RDTR) = (uint32_t)value & 0xffff;
	if ((value & RDTR_FPD) && e->irq.rx.at)
		end_delay(e, &e->irq.rx, ICR_RXT0);
}

/* ---- life ---- */

int e1000_irq_create(struct e1000 *e)
{
	return hv_timer_create(e->dev.m->timers, HV_CLOCK_GUEST, on_timer, e, &e->irq.timer);
}

void e1000_irq_destroy(struct e1000 *e)
{
	hv_timer_destroy(e->irq.timer);
}

/* ICR and IMS are zero again. */
void e1000_irq_reset(struct e1000 *e)
{
	struct hv_timer *timer = e->irq.timer;

	hv_timer_disarm(timer);
	if (e->irq.up)
		pci_intx_set(&e->func, false);
	e->irq = (struct e1000_irq){ .timer = timer };
}
