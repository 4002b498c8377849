// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The transceiver behind MDIC: a Marvell 88E1011 (IEEE 802.3, clause 22; the manual's chapter 8),
 * and what the MAC's STATUS says of the link.
 *
 *   cable in, or RESTART --> negotiating, 20 ms of the guest's time --> link up --> LSC
 *   cable out -----------------------------------------------------> link down --> LSC
 *
 * The other end is a full-duplex gigabit port that can all the slower modes as well, so that what
 * is settled on is the best that the driver advertises.
 */
#include "devices/e1000/e1000.h"

#include "hv/machine.h"

#define PHY_ADDRESS 1
#define ANEG_NS	    20000000u

#define CTRL_SPEED_LOW	   0x2000 /* bits of the speed when nothing is negotiated */
#define CTRL_SPEED_HIGH	   0x0040
#define CTRL_FULL	   0x0100
#define CTRL_RESTART	   0x0200
#define CTRL_ISOLATE	   0x0400
#define CTRL_POWER_DOWN	   0x0800
#define CTRL_ANEG	   0x1000
#define CTRL_RESET	   0x8000
#define CTRL_SELF_CLEARING (CTRL_RESET | CTRL_RESTART)

#define STATUS_FIXED	0x7949 /* all modes, extended registers, negotiation */
#define STATUS_LINK	0x0004
#define STATUS_DONE	0x0020
#define STATUS_EXTENDED 0x0001

#define SPEC_STATUS_LINK     0x0400
#define SPEC_STATUS_RESOLVED 0x0800
#define SPEC_STATUS_FULL     0x2000
#define SPEC_STATUS_SPEED    14

enum speed { SPEED_10, SPEED_100, SPEED_1000 };
struct mode {
	bool any;
	enum speed speed;
	bool full;
};

/* ---- what is settled on ---- */

static struct mode negotiated(const struct e1000 *e)
{
	static const struct {
		uint16_t reg, bit;
		struct mode mode;
	} best_first[] = {
		{ PHY_1000T_CTRL, 0x0200, { true, SPEED_1000, true } },
		{ PHY_1000T_CTRL, 0x0100, { true, SPEED_1000, false } },
		{ PHY_ANEG_ADV, 0x0100, { true, SPEED_100, true } },
		{ PHY_ANEG_ADV, 0x0080, { true, SPEED_100, false } },
		{ PHY_ANEG_ADV, 0x0040, { true, SPEED_10, true } },
		{ PHY_ANEG_ADV, 0x0020, { true, SPEED_10, false } },
	};

	for (size_t i = 0; i < sizeof(best_first) / sizeof(best_first[0]); i++)
		if (e->phy[best_first[i].reg] & best_first[i].bit)
			return best_first[i].mode;
	return (struct mode){ 0 };
}

static struct mode forced(const struct e1000 *e)
{
	uint16_t ctrl = e->phy[PHY_CTRL];

	return (struct mode){ true,
			      ctrl & CTRL_SPEED_HIGH  ? SPEED_1000
			      : ctrl & CTRL_SPEED_LOW ? SPEED_100
						      : SPEED_10,
			      ctrl & CTRL_FULL };
}

/* `any` is false while there is no link. */
static struct mode mode_of(const struct e1000 *e)
{
	uint16_t ctrl = e->phy[PHY_CTRL];

	if (!e->cable || (ctrl & (CTRL_POWER_DOWN | CTRL_ISOLATE)))
		return (struct mode){ 0 };
	if (!(ctrl & CTRL_ANEG))
		return forced(e);
	return e->aneg_done ? negotiated(e) : (struct mode){ 0 };
}

bool e1000_link_up(const struct e1000 *e)
{
	return mode_of(e).any && (R(e, CTRL) & CTRL_SLU);
}

/* 13.4.2: the link as the MAC sees it, with what CTRL forces. */
uint64_t e1000_peek_status(const struct device *dev, const struct reg *reg)
{
	const struct e1000 *e = (const struct e1000 *)dev;
	uint32_t ctrl = R(e, CTRL), status = STATUS_MTXCKOK;
	struct mode m = mode_of(e);
	uint32_t speed = ctrl & CTRL_FRCSPD ? ctrl >> CTRL_SPEED & 3 : (uint32_t)m.speed;

	(void)reg;
	if (e1000_link_up(e))
		status |= STATUS_LU;
	if (ctrl & CTRL_FRCDPLX ? (ctrl & CTRL_FD) != 0 : m.full)
		status |= STATUS_FD;
	return status | speed << STATUS_SPEED | (uint32_t)m.speed << STATUS_ASDV;
}

/* ---- what happens to the link ---- */

static void lose_link(struct e1000 *e)
{
	e->aneg_done = false;
	e->link_was_lost = true;
	hv_timer_disarm(e->aneg);
}

static void negotiate(struct e1000 *e)
{
	lose_link(e);
	if (e->cable && (e->phy[PHY_CTRL] & CTRL_ANEG))
		hv_timer_arm(e->aneg, hv_clock_now(e->dev.m->timers, HV_CLOCK_GUEST) + ANEG_NS);
}

static void on_aneg(void *opaque)
{
	struct e1000 *e = opaque;

	pthread_mutex_lock(&e->dev.lock);
	if (e->cable && !e->aneg_done) {
		e->aneg_done = true;
		e1000_raise(e, ICR_LSC);
		e1000_tx_kick(e);
		e1000_rx_kick(e);
	}
	pthread_mutex_unlock(&e->dev.lock);
}

void e1000_phy_cable(struct e1000 *e, bool in)
{
	bool was_up = mode_of(e).any;

	if (e->cable == in)
		return;
	e->cable = in;
	negotiate(e);
	if (was_up != mode_of(e).any)
		e1000_raise(e, ICR_LSC);
}

void e1000_phy_reset(struct e1000 *e)
{
	for (const struct reg *reg = e1000_regs; reg->name; reg++) {
		uint64_t n = (reg->offset - E1000_SPACE_PHY) / 2;

		if (reg->offset >= E1000_SPACE_PHY && n < PHY_REGS)
			e->phy[n] = (uint16_t)reg->reset;
	}
	negotiate(e);
}

/* ---- its registers ---- */

static uint16_t status_of(const struct e1000 *e, bool link)
{
	uint16_t value = STATUS_FIXED | STATUS_EXTENDED;

	if (link)
		value |= STATUS_LINK;
	return e->aneg_done ? value | STATUS_DONE : value;
}

static uint16_t spec_status_of(const struct e1000 *e)
{
	struct mode m = mode_of(e);

	if (!m.any)
		return 0;
	return (uint16_t)(SPEC_STATUS_LINK | SPEC_STATUS_RESOLVED |
			  (m.full ? SPEC_STATUS_FULL : 0) | m.speed << SPEC_STATUS_SPEED);
}

uint64_t e1000_peek_phy(const struct device *dev, const struct reg *reg)
{
	const struct e1000 *e = (const struct e1000 *)dev;
	unsigned n = (unsigned)(reg->offset - E1000_SPACE_PHY) / 2;

	switch (n) {
	case PHY_STATUS:
		return status_of(e, mode_of(e).any && !e->link_was_lost);
	case PHY_SPEC_STATUS:
		return spec_status_of(e);
	case PHY_LP_ABILITY: /* all modes, pause, acknowledged */
		return e->aneg_done ? 0x45e1 : 0;
	case PHY_ANEG_EXP: /* the partner can negotiate, a page came in */
		return e->aneg_done ? 0x0003 : 0;
	case PHY_1000T_STATUS: /* both receivers are fine, the partner can gigabit */
		return e->aneg_done ? 0x3c00 : 0;
	default:
		return e->phy[n];
	}
}

/* A link that was lost is seen once, even if it is there again (22.2.4.2.13). */
uint64_t e1000_read_phy(struct device *dev, const struct reg *reg)
{
	uint64_t value = e1000_peek_phy(dev, reg);

	to_e1000(dev)->link_was_lost = false;
	return value;
}

static void write_ctrl(struct e1000 *e, uint16_t value)
{
	const uint16_t matters = CTRL_ANEG | CTRL_POWER_DOWN | CTRL_ISOLATE | CTRL_SPEED_LOW |
				 CTRL_SPEED_HIGH | CTRL_FULL;
	uint16_t was = e->phy[PHY_CTRL];
	bool was_up = mode_of(e).any;

	/* 22.2.4.1.1: the settings of the other registers are taken up by that, and stay. */
	e->phy[PHY_CTRL] = value & (uint16_t)~CTRL_SELF_CLEARING;
	if ((value & CTRL_SELF_CLEARING) || ((was ^ value) & matters))
		negotiate(e);
	if (was_up != mode_of(e).any)
		e1000_raise(e, ICR_LSC);
}

void e1000_write_phy(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct e1000 *e = to_e1000(dev);
	unsigned n = (unsigned)(reg->offset - E1000_SPACE_PHY) / 2;

	if (n == PHY_CTRL)
		write_ctrl(e, (uint16_t)value);
	else
		e->phy[n] = (uint16_t)value;
}

/* 13.4.8: through the register space, so that traces and stops see which register it was. */
void e1000_write_mdic(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct e1000 *e = to_e1000(dev);
	uint32_t mdic = (uint32_t)value & ~(MDIC_R | MDIC_E);
	uint64_t at = E1000_SPACE_PHY + 2 * (value >> 16 & 31);

	(void)reg;
	if ((value >> 21 & 31) != PHY_ADDRESS)
		mdic |= MDIC_E;
	else if ((value & MDIC_OP) == MDIC_WRITE)
		device_space_write(dev, at, 2, value & 0xffff);
	else if ((value & MDIC_OP) == MDIC_READ)
		mdic = (mdic & ~0xffffu) | (uint32_t)device_space_read(dev, at, 2);
	else
		mdic |= MDIC_E;
	R(e, MDIC) = mdic | MDIC_R;
	if (value & MDIC_I)
		e1000_raise(e, ICR_MDAC);
}

/* ---- life ---- */

int e1000_phy_create(struct e1000 *e)
{
	return hv_timer_create(e->dev.m->timers, HV_CLOCK_GUEST, on_aneg, e, &e->aneg);
}

void e1000_phy_destroy(struct e1000 *e)
{
	hv_timer_destroy(e->aneg);
}
