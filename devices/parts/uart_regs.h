/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bits of a 16550's registers, as National's PC16550D data sheet (June 1995) names
 * them; "8.x" are its sections.
 */
#ifndef DEVICES_PARTS_UART_REGS_H
#define DEVICES_PARTS_UART_REGS_H

#include "hv/device.h"

/* The 1.8432 MHz crystal divided by 16: the speed at divisor 1. */
#define UART_BASE_BAUD 115200

#define UART_IER_ERBFI 0x01 /* received data, and its time-out */
#define UART_IER_ETBEI 0x02 /* transmitter empty */
#define UART_IER_ELSI  0x04 /* receiver line status */
#define UART_IER_EDSSI 0x08 /* modem status */

/* 8.6: identification by priority. */
#define UART_IIR_NONE  0x01
#define UART_IIR_LINE  0x06
#define UART_IIR_DATA  0x04
#define UART_IIR_TIME  0x0c
#define UART_IIR_THRE  0x02
#define UART_IIR_MODEM 0x00
#define UART_IIR_FIFO  0xc0

#define UART_FCR_ENABLE	  0x01
#define UART_FCR_CLEAR_RX 0x02
#define UART_FCR_KEPT	  0xc9 /* trigger, DMA mode, enable: the others clear themselves */

#define UART_LCR_DLAB 0x80

#define UART_MCR_DTR  0x01
#define UART_MCR_RTS  0x02
#define UART_MCR_OUT1 0x04
#define UART_MCR_OUT2 0x08
#define UART_MCR_LOOP 0x10

#define UART_LSR_DR   0x01
#define UART_LSR_OE   0x02
#define UART_LSR_PE   0x04
#define UART_LSR_FE   0x08
#define UART_LSR_BI   0x10
#define UART_LSR_THRE 0x20
#define UART_LSR_TEMT 0x40

#define UART_MSR_TERI 0x04
#define UART_MSR_CTS  0x10
#define UART_MSR_DSR  0x20
#define UART_MSR_RI   0x40
#define UART_MSR_DCD  0x80

/* The bits' names for rows of a register table. */
extern const struct reg_field uart_ier_fields[];
extern const struct reg_field uart_iir_fields[];
extern const struct reg_field uart_fcr_fields[];
extern const struct reg_field uart_lcr_fields[];
extern const struct reg_field uart_mcr_fields[];
extern const struct reg_field uart_lsr_fields[];
extern const struct reg_field uart_msr_fields[];

#endif
