/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Registers of the 82540EM: where they are, and the bits that mean something here.
 *
 * Source, also for the chapters that other files here name: Intel, PCI/PCI-X Family of Gigabit
 * Ethernet Controllers Software Developer's Manual, revision 4.0 (chapter 13 for this file).
 */
#ifndef DEVICES_E1000_REGS_H
#define DEVICES_E1000_REGS_H

enum {
	E1000_CTRL = 0x0000,
	E1000_CTRL_DUP = 0x0004,
	E1000_STATUS = 0x0008,
	E1000_EECD = 0x0010,
	E1000_EERD = 0x0014,
	E1000_CTRL_EXT = 0x0018,
	E1000_FLA = 0x001c,
	E1000_MDIC = 0x0020,
	E1000_FCAL = 0x0028,
	E1000_FCAH = 0x002c,
	E1000_FCT = 0x0030,
	E1000_VET = 0x0038,
	E1000_ICR = 0x00c0,
	E1000_ITR = 0x00c4,
	E1000_ICS = 0x00c8,
	E1000_IMS = 0x00d0,
	E1000_IMC = 0x00d8,
	E1000_RCTL = 0x0100,
	E1000_FCTTV = 0x0170,
	E1000_TXCW = 0x0178,
	E1000_RXCW = 0x0180,
	E1000_TCTL = 0x0400,
	E1000_TIPG = 0x0410,
	E1000_AIT = 0x0458,
	E1000_LEDCTL = 0x0e00,
	E1000_PBA = 0x1000,
	E1000_FCRTL = 0x2160,
	E1000_FCRTH = 0x2168,
	E1000_RDFH = 0x2410,
	E1000_RDFT = 0x2418,
	E1000_RDFHS = 0x2420,
	E1000_RDFTS = 0x2428,
	E1000_RDFPC = 0x2430,
	E1000_RDBAL = 0x2800,
	E1000_RDBAH = 0x2804,
	E1000_RDLEN = 0x2808,
	E1000_RDH = 0x2810,
	E1000_RDT = 0x2818,
	E1000_RDTR = 0x2820,
	E1000_RXDCTL = 0x2828,
	E1000_RADV = 0x282c,
	E1000_TDFH = 0x3410,
	E1000_TDFT = 0x3418,
	E1000_TDFHS = 0x3420,
	E1000_TDFTS = 0x3428,
	E1000_TDFPC = 0x3430,
	E1000_TDBAL = 0x3800,
	E1000_TDBAH = 0x3804,
	E1000_TDLEN = 0x3808,
	E1000_TDH = 0x3810,
	E1000_TDT = 0x3818,
	E1000_TIDV = 0x3820,
	E1000_TXDCTL = 0x3828,
	E1000_TADV = 0x382c,
	E1000_TSPMT = 0x3830,
	/* Statistics: cleared by reading; the rows have the others' places. */
	E1000_STATS = 0x4000,
	E1000_MPC = 0x4010,
	E1000_PRC64 = 0x405c,
	E1000_GPRC = 0x4074,
	E1000_BPRC = 0x4078,
	E1000_MPRC = 0x407c,
	E1000_GPTC = 0x4080,
	E1000_GORCL = 0x4088,
	E1000_GOTCL = 0x4090,
	E1000_RNBC = 0x40a0,
	E1000_ROC = 0x40ac,
	E1000_TORL = 0x40c0,
	E1000_TOTL = 0x40c8,
	E1000_TPR = 0x40d0,
	E1000_TPT = 0x40d4,
	E1000_PTC64 = 0x40d8,
	E1000_MPTC = 0x40f0,
	E1000_BPTC = 0x40f4,
	E1000_TSCTC = 0x40f8,
	E1000_RXCSUM = 0x5000,
	E1000_MTA = 0x5200,
	E1000_RA = 0x5400,
	E1000_VFTA = 0x5600,
	E1000_WUC = 0x5800,
	E1000_WUFC = 0x5808,
	E1000_WUS = 0x5810,
	E1000_MANC = 0x5820,
	E1000_IPAV = 0x5838,
	E1000_IP4AT = 0x5840,
	E1000_WUPL = 0x5900,
	E1000_REGS_END = 0x6000,

	/* The register space: what the two BARs show, then what is behind MDIC, EERD and EECD. */
	E1000_SPACE_IO = 0x20000,
	E1000_IO_SIZE = 0x40,
	E1000_IODATA = 0x20004,
	E1000_SPACE_PHY = 0x20100,
	E1000_SPACE_EEPROM = 0x20200,
	E1000_SPACE_SIZE = 0x20280,
};

#define CTRL_FD	       (1u << 0)
#define CTRL_SLU       (1u << 6)
#define CTRL_SPEED     8 /* two bits */
#define CTRL_FRCSPD    (1u << 11)
#define CTRL_FRCDPLX   (1u << 12)
#define CTRL_RST       (1u << 26)
#define CTRL_VME       (1u << 30)
#define CTRL_PHY_RST   (1u << 31)
#define CTRL_EE_RST    (1u << 13) /* of CTRL_EXT */
#define STATUS_FD      (1u << 0)
#define STATUS_LU      (1u << 1)
#define STATUS_SPEED   6
#define STATUS_ASDV    8
#define STATUS_MTXCKOK (1u << 10)

#define ICR_TXDW    (1u << 0)
#define ICR_TXQE    (1u << 1)
#define ICR_LSC	    (1u << 2)
#define ICR_RXDMT0  (1u << 4)
#define ICR_RXO	    (1u << 6)
#define ICR_RXT0    (1u << 7)
#define ICR_MDAC    (1u << 9)
#define ICR_TXD_LOW (1u << 15)
#define ICR_ALL	    0x1ffffu

#define RCTL_EN	   (1u << 1)
#define RCTL_UPE   (1u << 3)
#define RCTL_MPE   (1u << 4)
#define RCTL_LPE   (1u << 5)
#define RCTL_LBM   (3u << 6)
#define RCTL_RDMTS 8
#define RCTL_MO	   12
#define RCTL_BAM   (1u << 15)
#define RCTL_BSIZE 16
#define RCTL_VFE   (1u << 18)
#define RCTL_CFIEN (1u << 19)
#define RCTL_CFI   (1u << 20)
#define RCTL_BSEX  (1u << 25)
#define RCTL_SECRC (1u << 26)
#define TCTL_EN	   (1u << 1)
#define TCTL_PSP   (1u << 3)

#define RDTR_FPD     (1u << 31)
#define RXCSUM_IPOFL (1u << 8)
#define RXCSUM_TUOFL (1u << 9)
#define RAH_AV	     (1u << 31)
#define RAH_ASEL     16
#define RA_ENTRIES   16

#define EECD_SK	   (1u << 0)
#define EECD_CS	   (1u << 1)
#define EECD_DI	   (1u << 2)
#define EECD_DO	   (1u << 3)
#define EECD_REQ   (1u << 6)
#define EECD_GNT   (1u << 7)
#define EECD_PRES  (1u << 8)
#define EERD_START (1u << 0)
#define EERD_DONE  (1u << 4)

#define MDIC_WRITE (1u << 26)
#define MDIC_READ  (2u << 26)
#define MDIC_OP	   (3u << 26)
#define MDIC_R	   (1u << 28)
#define MDIC_I	   (1u << 29)
#define MDIC_E	   (1u << 30)

/* The transceiver (IEEE 802.3, 22.2.4; those from 16 on are Marvell's own). */
enum {
	PHY_CTRL = 0,
	PHY_STATUS = 1,
	PHY_ID1 = 2,
	PHY_ID2 = 3,
	PHY_ANEG_ADV = 4,
	PHY_LP_ABILITY = 5,
	PHY_ANEG_EXP = 6,
	PHY_NEXT_PAGE = 7,
	PHY_LP_NEXT_PAGE = 8,
	PHY_1000T_CTRL = 9,
	PHY_1000T_STATUS = 10,
	PHY_EXT_STATUS = 15,
	PHY_SPEC_CTRL = 16,
	PHY_SPEC_STATUS = 17,
	PHY_INT_ENABLE = 18,
	PHY_INT_STATUS = 19,
	PHY_EXT_SPEC_CTRL = 20,
	PHY_RX_ERR = 21,
	PHY_LED_CTRL = 24,
	PHY_PAGE_SELECT = 29,
	PHY_GEN_CTRL = 30,
	PHY_REGS = 32,
};

#define PHY_CTRL_LOOPBACK 0x4000

/* Receive descriptors (3.2.3). */
#define RXD_STAT_DD    0x01
#define RXD_STAT_EOP   0x02
#define RXD_STAT_IXSM  0x04
#define RXD_STAT_VP    0x08
#define RXD_STAT_TCPCS 0x20
#define RXD_STAT_IPCS  0x40
#define RXD_STAT_PIF   0x80
#define RXD_ERR_TCPE   0x20
#define RXD_ERR_IPE    0x40
#define RXD_ERR_RXE    0x80

/* Transmit descriptors (3.3.3 to 3.3.7): the command byte, and what follows it. */
#define TXD_EOP	       0x01
#define TXD_IFCS       0x02
#define TXD_IC	       0x04 /* legacy; of data descriptors: */
#define TXD_TSE	       0x04
#define TXD_RS	       0x08
#define TXD_RPS	       0x10
#define TXD_DEXT       0x20
#define TXD_VLE	       0x40
#define TXD_IDE	       0x80
#define TXD_DD	       0x01
#define TXD_POPTS_IXSM 0x01
#define TXD_POPTS_TXSM 0x02
#define TUCMD_TCP      0x01
#define TUCMD_IP       0x02 /* version 4 */
#define TUCMD_TSE      0x04

#endif
