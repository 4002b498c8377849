// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of registers (chapter 13), and what writing the plain ones does. */
#include "devices/e1000/e1000.h"

#include <string.h>

#include "hv/device_reg.h"

/* ---- writing ---- */

/* Bits that are not writable read as zero. */
static void write_masked(struct device *dev, const struct reg *reg, uint64_t value)
{
	static const struct {
		uint32_t offset, bits;
	} rows[] = {
		{ E1000_FCAH, 0xffff },	     { E1000_FCT, 0xffff },	 { E1000_VET, 0xffff },
		{ E1000_FCTTV, 0xffff },     { E1000_TXCW, 0xc000ffff }, { E1000_TIPG, 0x3fffffff },
		{ E1000_FCRTL, 0x8000fff8 }, { E1000_FCRTH, 0xfff8 },	 { E1000_RADV, 0xffff },
		{ E1000_TIDV, 0xffff },	     { E1000_TADV, 0xffff },	 { E1000_RDBAL, ~15u },
		{ E1000_TDBAL, ~15u },	     { E1000_RDLEN, 0xfff80 },	 { E1000_TDLEN, 0xfff80 },
		{ E1000_RDH, 0xffff },	     { E1000_TDH, 0xffff },	 { E1000_RDT, 0xffff },
		{ E1000_TDT, 0xffff },	     { E1000_TCTL, 0x3fffffa },	 { E1000_RCTL, 0x7dffffe },
	};
	uint32_t bits = UINT32_MAX;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].offset == reg->offset)
			bits = rows[i].bits;
	to_e1000(dev)->reg[reg->offset / 4] = (uint32_t)value & bits;
}

static void write_tx_ring(struct device *dev, const struct reg *reg, uint64_t value)
{
	write_masked(dev, reg, value);
	e1000_tx_restart(to_e1000(dev));
}

static void write_tx(struct device *dev, const struct reg *reg, uint64_t value)
{
	write_masked(dev, reg, value);
	e1000_tx_kick(to_e1000(dev));
}

static void write_rx(struct device *dev, const struct reg *reg, uint64_t value)
{
	write_masked(dev, reg, value);
	e1000_rx_kick(to_e1000(dev));
}

void e1000_reset_mac(struct e1000 *e)
{
	const struct reg *reg;

	for (reg = e1000_regs; reg->name; reg++)
		for (unsigned n = 0; n < (reg->count ? reg->count : 1u); n++)
			if (reg->offset < E1000_REGS_END)
				e->reg[reg->offset / 4 + n] = (uint32_t)reg->reset;
	e->microwire = (struct e1000_microwire){ .level = true };
	e->ioaddr = 0;
	e->error[0] = '\0';
	e->rx.waiting = false;
	e1000_eeprom_load(e);
	e1000_irq_reset(e);
	e1000_tx_reset(e);
}

static void write_ctrl(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct e1000 *e = to_e1000(dev);
	uint32_t was = R(e, CTRL);

	(void)reg;
	if (value & CTRL_RST) {
		e1000_reset_mac(e);
		return;
	}
	R(e, CTRL) = (uint32_t)value;
	if ((value & CTRL_PHY_RST) && !(was & CTRL_PHY_RST))
		e1000_phy_reset(e);
	if ((value ^ was) & CTRL_SLU) {
		e1000_rx_kick(e);
		e1000_tx_kick(e);
	}
}

static uint64_t peek_ctrl(const struct device *dev, const struct reg *reg)
{
	(void)reg;
	return R((const struct e1000 *)dev, CTRL);
}

static void write_ctrl_ext(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct e1000 *e = to_e1000(dev);

	(void)reg;
	R(e, CTRL_EXT) = (uint32_t)value & ~CTRL_EE_RST;
	if (value & CTRL_EE_RST)
		e1000_eeprom_load(e);
}

static void write_rah(struct device *dev, const struct reg *reg, uint64_t value)
{
	to_e1000(dev)->reg[reg->offset / 4] = (uint32_t)value & 0x8003ffff;
}

/* ---- the window of the I/O BAR (13.3.1) ---- */

static void write_ioaddr(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	/* Nothing but the registers is behind it, the window itself least of all. */
	to_e1000(dev)->ioaddr = (uint32_t)value & (E1000_SPACE_IO - 4);
}

static uint64_t read_iodata(struct device *dev, const struct reg *reg)
{
	(void)reg;
	return device_space_read(dev, to_e1000(dev)->ioaddr, 4);
}

static uint64_t peek_iodata(const struct device *dev, const struct reg *reg)
{
	(void)reg;
	/* A peek changes nothing; it takes the device as accesses do. */
	return device_space_peek((struct device *)dev, ((const struct e1000 *)dev)->ioaddr, 4);
}

static void write_iodata(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	device_space_write(dev, to_e1000(dev)->ioaddr, 4, value);
}

/* ---- fields ---- */

#define FIELDS(...)                  \
	(const struct reg_field[])   \
	{                            \
		__VA_ARGS__,         \
		{                    \
			.name = NULL \
		}                    \
	}
#define NAMED(name_, hi_, lo_, values_)                                \
	{                                                              \
		.name = name_, .lo = lo_, .hi = hi_, .values = values_ \
	}

static const char *const speeds[4] = { "10", "100", "1000", "1000" };
static const char *const sizes[4] = { "2048", "1024", "512", "256" };
static const char *const parts[4] = { "1/2", "1/4", "1/8", NULL };
static const char *const mdi_ops[4] = { NULL, "write", "read", NULL };

/* clang-format off */
static const struct reg_field ctrl_fields[] = {
	REG_BIT("FD", 0), REG_BIT("LRST", 3), REG_BIT("ASDE", 5), REG_BIT("SLU", 6),
	REG_BIT("ILOS", 7), NAMED("SPEED", 9, 8, speeds), REG_BIT("FRCSPD", 11),
	REG_BIT("FRCDPLX", 12), REG_BIT("SDP0_DATA", 18), REG_BIT("SDP1_DATA", 19),
	REG_BIT("ADVD3WUC", 20), REG_BIT("EN_PHY_PWR_MGMT", 21), REG_BIT("SDP0_IODIR", 22),
	REG_BIT("SDP1_IODIR", 23), REG_BIT("RST", 26), REG_BIT("RFCE", 27), REG_BIT("TFCE", 28),
	REG_BIT("VME", 30), REG_BIT("PHY_RST", 31), { 0 },
};
static const struct reg_field cause_fields[] = {
	REG_BIT("TXDW", 0), REG_BIT("TXQE", 1), REG_BIT("LSC", 2), REG_BIT("RXSEQ", 3),
	REG_BIT("RXDMT0", 4), REG_BIT("RXO", 6), REG_BIT("RXT0", 7), REG_BIT("MDAC", 9),
	REG_BIT("RXCFG", 10), REG_BIT("PHYINT", 12), REG_BITS("GPI", 14, 13),
	REG_BIT("TXD_LOW", 15), REG_BIT("SRPD", 16), { 0 },
};

/* ---- the table ---- */

#define AT(offset_) .offset = (offset_), .width = 4, \
	.state_offset = offsetof(struct e1000, reg) + (offset_)
#define PLAIN(name_, offset_, reset_, help_) \
	{ .name = name_, AT(offset_), .reset = (reset_), .help = help_ }
#define MASKED(name_, offset_, reset_, help_) \
	{ .name = name_, AT(offset_), .reset = (reset_), .write = write_masked, .help = help_ }
#define STAT(name_, offset_, help_) \
	{ .name = name_, AT(offset_), .access = REG_RO, .read = e1000_read_stat, .help = help_ }
#define STAT_HIGH(name_, offset_, help_) \
	{ .name = name_, AT(offset_), .access = REG_RO, .read = e1000_read_stat_high, \
	  .help = help_ }
#define PHY(name_, n_, access_, reset_, help_) \
	{ .name = "phy_" name_, .offset = E1000_SPACE_PHY + 2ul * (n_), .width = 2, \
	  .access = (access_), .keep = true, .reset = (reset_), \
	  .state_offset = offsetof(struct e1000, phy) + 2ul * (n_), .peek = e1000_peek_phy, \
	  .help = help_
#define PHY_RO(name_, n_, reset_, help_) PHY(name_, n_, REG_RO, reset_, help_) }
#define PHY_RW(name_, n_, reset_, help_) \
	PHY(name_, n_, REG_RW, reset_, help_), .write = e1000_write_phy }

const struct reg e1000_regs[] = {
	/* SLU as an EEPROM that enables waking up leaves it: small drivers count on it. */
	{ .name = "ctrl", AT(E1000_CTRL), .reset = CTRL_FD | CTRL_SLU | 2 << CTRL_SPEED, .fields = ctrl_fields,
	  .write = write_ctrl, .help = "device control; RST clears itself" },
	{ .name = "ctrl_dup", .offset = E1000_CTRL_DUP, .width = 4, .fields = ctrl_fields,
	  .write = write_ctrl, .peek = peek_ctrl, .help = "the same" },
	{ .name = "status", .offset = E1000_STATUS, .width = 4, .access = REG_RO,
	  .peek = e1000_peek_status,
	  .fields = FIELDS(REG_BIT("FD", 0), REG_BIT("LU", 1), REG_BIT("TXOFF", 4),
			   NAMED("SPEED", 7, 6, speeds), NAMED("ASDV", 9, 8, speeds),
			   REG_BIT("MTXCKOK", 10)),
	  .help = "link, speed, duplex" },
	{ .name = "eecd", AT(E1000_EECD), .write = e1000_write_eecd, .peek = e1000_peek_eecd,
	  .fields = FIELDS(REG_BIT("SK", 0), REG_BIT("CS", 1), REG_BIT("DI", 2), REG_BIT("DO", 3),
			   REG_BITS("FWE", 5, 4), REG_BIT("REQ", 6), REG_BIT("GNT", 7),
			   REG_BIT("PRES", 8), REG_BIT("SIZE", 9)),
	  .help = "the lines of the EEPROM" },
	{ .name = "eerd", AT(E1000_EERD), .write = e1000_write_eerd,
	  .fields = FIELDS(REG_BIT("START", 0), REG_BIT("DONE", 4), REG_BITS("ADDR", 15, 8),
			   REG_BITS("DATA", 31, 16)),
	  .help = "reads a word of the EEPROM" },
	{ .name = "ctrl_ext", AT(E1000_CTRL_EXT), .write = write_ctrl_ext,
	  .fields = FIELDS(REG_BITS("GPI_EN", 3, 0), REG_BIT("ASDCHK", 12), REG_BIT("EE_RST", 13),
			   REG_BIT("SPD_BYPS", 15), REG_BIT("RO_DIS", 17)),
	  .help = "more device control; EE_RST loads the address from the EEPROM" },
	PLAIN("fla", E1000_FLA, 0, "flash access; there is no flash"),
	{ .name = "mdic", AT(E1000_MDIC), .reset = MDIC_R, .write = e1000_write_mdic,
	  .fields = FIELDS(REG_BITS("DATA", 15, 0), REG_BITS("REGADD", 20, 16),
			   REG_BITS("PHYADD", 25, 21), NAMED("OP", 27, 26, mdi_ops),
			   REG_BIT("R", 28), REG_BIT("I", 29), REG_BIT("E", 30)),
	  .help = "reads and writes a register of the transceiver, phy_..." },
	PLAIN("fcal", E1000_FCAL, 0x00c28001, "address of PAUSE frames"),
	MASKED("fcah", E1000_FCAH, 0x0100, "the rest of it"),
	MASKED("fct", E1000_FCT, 0x8808, "their type"),
	MASKED("vet", E1000_VET, ETH_P_8021Q, "type of a frame with a tag"),
	{ .name = "icr", AT(E1000_ICR), .fields = cause_fields, .read = e1000_read_icr,
	  .write = e1000_write_icr, .help = "causes of interrupts; reading clears them" },
	{ .name = "itr", AT(E1000_ITR), .write = e1000_write_itr,
	  .help = "least time between interrupts, 256 ns" },
	{ .name = "ics", .offset = E1000_ICS, .width = 4, .access = REG_WO, .fields = cause_fields,
	  .write = e1000_write_ics, .help = "sets causes" },
	{ .name = "ims", AT(E1000_IMS), .fields = cause_fields, .write = e1000_write_ims,
	  .help = "which causes interrupt; a one adds its cause" },
	{ .name = "imc", .offset = E1000_IMC, .width = 4, .access = REG_WO, .fields = cause_fields,
	  .write = e1000_write_imc, .help = "a one takes its cause away" },
	{ .name = "rctl", AT(E1000_RCTL), .write = write_rx,
	  .fields = FIELDS(REG_BIT("EN", 1), REG_BIT("SBP", 2), REG_BIT("UPE", 3),
			   REG_BIT("MPE", 4), REG_BIT("LPE", 5), REG_BITS("LBM", 7, 6),
			   NAMED("RDMTS", 9, 8, parts), REG_BITS("MO", 13, 12), REG_BIT("BAM", 15),
			   NAMED("BSIZE", 17, 16, sizes), REG_BIT("VFE", 18), REG_BIT("CFIEN", 19),
			   REG_BIT("CFI", 20), REG_BIT("DPF", 22), REG_BIT("PMCF", 23),
			   REG_BIT("BSEX", 25), REG_BIT("SECRC", 26)),
	  .help = "receive control; BSEX: BSIZE 16 times" },
	MASKED("fcttv", E1000_FCTTV, 0, "how long a PAUSE lasts"),
	MASKED("txcw", E1000_TXCW, 0, "configuration word of fibre"),
	{ .name = "rxcw", AT(E1000_RXCW), .access = REG_RO, .help = "the other end's" },
	{ .name = "tctl", AT(E1000_TCTL), .write = write_tx,
	  .fields = FIELDS(REG_BIT("EN", 1), REG_BIT("PSP", 3), REG_BITS("CT", 11, 4),
			   REG_BITS("COLD", 21, 12), REG_BIT("SWXOFF", 22), REG_BIT("RTLC", 24)),
	  .help = "transmit control" },
	MASKED("tipg", E1000_TIPG, 0, "gaps between frames"),
	PLAIN("ait", E1000_AIT, 0, "gap for bursts"),
	PLAIN("ledctl", E1000_LEDCTL, 0x07068302, "lamps"),
	PLAIN("pba", E1000_PBA, 0x00100030, "KiB for receiving, and for transmitting above"),
	MASKED("fcrtl", E1000_FCRTL, 0, "when to end a PAUSE"),
	MASKED("fcrth", E1000_FCRTH, 0, "when to ask for one"),
	PLAIN("rdfh", E1000_RDFH, 0, "head of the receive FIFO"),
	PLAIN("rdft", E1000_RDFT, 0, "its tail"),
	PLAIN("rdfhs", E1000_RDFHS, 0, "head, saved"),
	PLAIN("rdfts", E1000_RDFTS, 0, "tail, saved"),
	PLAIN("rdfpc", E1000_RDFPC, 0, "packets in it"),
	MASKED("rdbal", E1000_RDBAL, 0, "where the receive ring is"),
	PLAIN("rdbah", E1000_RDBAH, 0, "the upper half of that"),
	MASKED("rdlen", E1000_RDLEN, 0, "its bytes"),
	MASKED("rdh", E1000_RDH, 0, "the next descriptor that is filled"),
	{ .name = "rdt", AT(E1000_RDT), .write = write_rx,
	  .help = "the first one that is not the card's: a doorbell" },
	{ .name = "rdtr", AT(E1000_RDTR), .write = e1000_write_rdtr,
	  .fields = FIELDS(REG_BITS("DELAY", 15, 0), REG_BIT("FPD", 31)),
	  .help = "delay of RXT0, 1.024 us; FPD: now" },
	PLAIN("rxdctl", E1000_RXDCTL, 0x00010000, "thresholds of the receive ring"),
	MASKED("radv", E1000_RADV, 0, "longest delay of RXT0, 1.024 us"),
	PLAIN("tdfh", E1000_TDFH, 0, "head of the transmit FIFO"),
	PLAIN("tdft", E1000_TDFT, 0, "its tail"),
	PLAIN("tdfhs", E1000_TDFHS, 0, "head, saved"),
	PLAIN("tdfts", E1000_TDFTS, 0, "tail, saved"),
	PLAIN("tdfpc", E1000_TDFPC, 0, "packets in it"),
	{ .name = "tdbal", AT(E1000_TDBAL), .write = write_tx_ring,
	  .help = "where the transmit ring is" },
	{ .name = "tdbah", AT(E1000_TDBAH), .write = write_tx_ring,
	  .help = "the upper half of that" },
	{ .name = "tdlen", AT(E1000_TDLEN), .write = write_tx_ring, .help = "its bytes" },
	{ .name = "tdh", AT(E1000_TDH), .write = write_tx_ring,
	  .help = "the next descriptor that is sent" },
	{ .name = "tdt", AT(E1000_TDT), .write = write_tx,
	  .help = "the first one that is not the card's: a doorbell" },
	MASKED("tidv", E1000_TIDV, 0, "delay of TXDW, 1.024 us"),
	{ .name = "txdctl", AT(E1000_TXDCTL),
	  .fields = FIELDS(REG_BITS("PTHRESH", 5, 0), REG_BITS("HTHRESH", 13, 8),
			   REG_BITS("WTHRESH", 21, 16), REG_BIT("GRAN", 24),
			   REG_BITS("LWTHRESH", 31, 25)),
	  .help = "thresholds of the transmit ring" },
	MASKED("tadv", E1000_TADV, 0, "longest delay of TXDW, 1.024 us"),
	PLAIN("tspmt", E1000_TSPMT, 0x01000400, "how segments are prefetched"),

	STAT("crcerrs", 0x4000, "frames with a wrong check sequence"),
	STAT("algnerrc", 0x4004, "alignment errors"),
	STAT("symerrs", 0x4008, "symbol errors"),
	STAT("rxerrc", 0x400c, "receive errors"),
	STAT("mpc", E1000_MPC, "frames that were lost for want of buffers"),
	STAT("scc", 0x4014, "frames with one collision"),
	STAT("ecol", 0x4018, "excessive collisions"),
	STAT("mcc", 0x401c, "frames with several collisions"),
	STAT("latecol", 0x4020, "late collisions"),
	STAT("colc", 0x4028, "collisions"),
	STAT("dc", 0x4030, "deferrals"),
	STAT("tncrs", 0x4034, "frames sent without a carrier"),
	STAT("sec", 0x4038, "sequence errors"),
	STAT("cexterr", 0x403c, "carrier extension errors"),
	STAT("rlec", 0x4040, "length errors"),
	STAT("xonrxc", 0x4048, "XON received"),
	STAT("xontxc", 0x404c, "XON sent"),
	STAT("xoffrxc", 0x4050, "XOFF received"),
	STAT("xofftxc", 0x4054, "XOFF sent"),
	STAT("fcruc", 0x4058, "flow control that is none"),
	STAT("prc64", E1000_PRC64, "received: frames of 64 bytes"),
	STAT("prc127", 0x4060, "... 65 to 127"),
	STAT("prc255", 0x4064, "... 128 to 255"),
	STAT("prc511", 0x4068, "... 256 to 511"),
	STAT("prc1023", 0x406c, "... 512 to 1023"),
	STAT("prc1522", 0x4070, "... 1024 and more"),
	STAT("gprc", E1000_GPRC, "received: good frames"),
	STAT("bprc", E1000_BPRC, "... broadcasts"),
	STAT("mprc", E1000_MPRC, "... multicasts"),
	STAT("gptc", E1000_GPTC, "sent: good frames"),
	{ .name = "gorcl", AT(E1000_GORCL), .access = REG_RO, .help = "received: bytes" },
	STAT_HIGH("gorch", E1000_GORCL + 4, "... upper half; reading clears both"),
	{ .name = "gotcl", AT(E1000_GOTCL), .access = REG_RO, .help = "sent: bytes" },
	STAT_HIGH("gotch", E1000_GOTCL + 4, "... upper half; reading clears both"),
	STAT("rnbc", E1000_RNBC, "frames that had to wait for buffers"),
	STAT("ruc", 0x40a4, "received: too short"),
	STAT("rfc", 0x40a8, "... fragments"),
	STAT("roc", E1000_ROC, "... too long"),
	STAT("rjc", 0x40b0, "... jabber"),
	STAT("mgtprc", 0x40b4, "management packets received"),
	STAT("mgtpdc", 0x40b8, "... dropped"),
	STAT("mgtptc", 0x40bc, "... sent"),
	{ .name = "torl", AT(E1000_TORL), .access = REG_RO, .help = "received: bytes, bad ones too" },
	STAT_HIGH("torh", E1000_TORL + 4, "... upper half; reading clears both"),
	{ .name = "totl", AT(E1000_TOTL), .access = REG_RO, .help = "sent: bytes, bad ones too" },
	STAT_HIGH("toth", E1000_TOTL + 4, "... upper half; reading clears both"),
	STAT("tpr", E1000_TPR, "received: frames, those for others too"),
	STAT("tpt", E1000_TPT, "sent: frames"),
	STAT("ptc64", E1000_PTC64, "sent: frames of 64 bytes"),
	STAT("ptc127", 0x40dc, "... 65 to 127"),
	STAT("ptc255", 0x40e0, "... 128 to 255"),
	STAT("ptc511", 0x40e4, "... 256 to 511"),
	STAT("ptc1023", 0x40e8, "... 512 to 1023"),
	STAT("ptc1522", 0x40ec, "... 1024 and more"),
	STAT("mptc", E1000_MPTC, "... multicasts"),
	STAT("bptc", E1000_BPTC, "... broadcasts"),
	STAT("tsctc", E1000_TSCTC, "packets that were sent in segments"),
	STAT("tsctfc", 0x40fc, "... that could not be"),

	{ .name = "rxcsum", AT(E1000_RXCSUM),
	  .fields = FIELDS(REG_BITS("PCSS", 7, 0), REG_BIT("IPOFL", 8), REG_BIT("TUOFL", 9),
			   REG_BIT("IPV6OFL", 10)),
	  .help = "which sums of received frames are checked" },
	{ .name = "mta", AT(E1000_MTA), .count = 128, .help = "hashes of multicast addresses" },
	/* Reset gives it the EEPROM's. */
	{ .name = "ral0", AT(E1000_RA), .keep = true, .help = "the card's address" },
	{ .name = "rah0", AT(E1000_RA + 4), .keep = true, .write = write_rah,
	  .fields = FIELDS(REG_BITS("RAH", 15, 0), REG_BITS("ASEL", 17, 16), REG_BIT("AV", 31)),
	  .help = "the rest of it; AV: valid" },
#define RA_ROWS(n_) \
	{ .name = "ral" #n_, AT(E1000_RA + 8ul * (n_)), .help = "one more address" }, \
	{ .name = "rah" #n_, AT(E1000_RA + 8ul * (n_) + 4), .write = write_rah, \
	  .help = "the rest of it" }
	RA_ROWS(1), RA_ROWS(2), RA_ROWS(3), RA_ROWS(4), RA_ROWS(5), RA_ROWS(6), RA_ROWS(7),
	RA_ROWS(8), RA_ROWS(9), RA_ROWS(10), RA_ROWS(11), RA_ROWS(12), RA_ROWS(13), RA_ROWS(14),
	RA_ROWS(15),
	{ .name = "vfta", AT(E1000_VFTA), .count = 128, .help = "a bit for each VLAN" },
	PLAIN("wuc", E1000_WUC, 0, "waking up; nothing wakes this machine"),
	PLAIN("wufc", E1000_WUFC, 0, "by what"),
	{ .name = "wus", AT(E1000_WUS), .access = REG_W1C, .help = "what did" },
	PLAIN("manc", E1000_MANC, 0, "management; there is none"),
	PLAIN("ipav", E1000_IPAV, 0, "which of the next are valid"),
	{ .name = "ip4at", AT(E1000_IP4AT), .count = 8, .help = "addresses to wake up for" },
	{ .name = "wupl", AT(E1000_WUPL), .access = REG_RO, .help = "length of what did" },

	{ .name = "ioaddr", .offset = E1000_SPACE_IO, .width = 4, REG_STATE(struct e1000, ioaddr),
	  .write = write_ioaddr, .help = "the I/O BAR: which register iodata is" },
	{ .name = "iodata", .offset = E1000_IODATA, .width = 4, .read = read_iodata,
	  .write = write_iodata, .peek = peek_iodata, .help = "that register" },

	PHY("ctrl", PHY_CTRL, REG_RW, 0x1140, "control"), .write = e1000_write_phy,
	  .fields = FIELDS(REG_BIT("SPEED_HIGH", 6), REG_BIT("FULL", 8), REG_BIT("RESTART", 9),
			   REG_BIT("ISOLATE", 10), REG_BIT("POWER_DOWN", 11), REG_BIT("ANEG", 12),
			   REG_BIT("SPEED_LOW", 13), REG_BIT("LOOPBACK", 14),
			   REG_BIT("RESET", 15)) },
	PHY("status", PHY_STATUS, REG_RO, 0x7949, "status; LINK stays down until it is read"),
	  .read = e1000_read_phy,
	  .fields = FIELDS(REG_BIT("LINK", 2), REG_BIT("ANEG_ABLE", 3), REG_BIT("ANEG_DONE", 5)) },
	PHY_RO("id1", PHY_ID1, 0x0141, "identifier: Marvell"),
	PHY_RO("id2", PHY_ID2, 0x0c20, "... 88E1011"),
	PHY_RW("aneg_adv", PHY_ANEG_ADV, 0x0de1, "what is offered"),
	PHY_RO("lp_ability", PHY_LP_ABILITY, 0, "what the other end can"),
	PHY_RO("aneg_exp", PHY_ANEG_EXP, 0, "how the negotiation went"),
	PHY_RW("next_page", PHY_NEXT_PAGE, 0x2001, "next page"),
	PHY_RO("lp_next_page", PHY_LP_NEXT_PAGE, 0, "the other end's"),
	PHY_RW("gb_ctrl", PHY_1000T_CTRL, 0x0300, "what is offered of gigabit"),
	PHY_RO("gb_status", PHY_1000T_STATUS, 0, "what the other end can of it"),
	PHY_RO("ext_status", PHY_EXT_STATUS, 0x3000, "gigabit over copper, both duplexes"),
	PHY_RW("spec_ctrl", PHY_SPEC_CTRL, 0x0068, "Marvell's control"),
	PHY("spec_status", PHY_SPEC_STATUS, REG_RO, 0, "Marvell's status"),
	  .fields = FIELDS(REG_BIT("LINK", 10), REG_BIT("RESOLVED", 11), REG_BIT("FULL", 13),
			   NAMED("SPEED", 15, 14, speeds)) },
	PHY_RW("int_enable", PHY_INT_ENABLE, 0, "its interrupts"),
	PHY_RO("int_status", PHY_INT_STATUS, 0, "their causes"),
	PHY_RW("ext_spec_ctrl", PHY_EXT_SPEC_CTRL, 0x0d60, "more of Marvell's control"),
	PHY_RO("rx_err", PHY_RX_ERR, 0, "receive errors"),
	PHY_RW("led_ctrl", PHY_LED_CTRL, 0x4100, "lamps"),
	PHY_RW("page_select", PHY_PAGE_SELECT, 0, "page of gen_ctrl"),
	PHY_RW("gen_ctrl", PHY_GEN_CTRL, 0, "general control"),

	{ .name = "eeprom", .offset = E1000_SPACE_EEPROM, .width = 2, .keep = true,
	  .count = E1000_EEPROM_WORDS, REG_STATE(struct e1000, eeprom),
	  .help = "its words; the sum of all is 0xbaba" },
	{ 0 },
};
/* clang-format on */
