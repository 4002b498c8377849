/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packets for tests, with sums that are made here and in another way than the card's: byte by byte,
 * and checked by adding everything up.
 */
#ifndef TESTS_UNIT_E1000_PACKETS_H
#define TESTS_UNIT_E1000_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_IP  14u
#define PACKET_TU  34u /* without options */
#define PACKET_TCP 54u /* data of TCP, */
#define PACKET_UDP 42u /* of UDP */

/* One's complement of the sum of @len bytes. */
uint16_t packet_sum(const uint8_t *p, size_t len);
/* The sum over pseudo header and segment, as it is to be at the checksum field's place: @full with
 * the length (a checksum to be finished), or without (segmentation). Not inverted. */
uint16_t packet_pseudo(const uint8_t *frame, uint16_t length);

/* Ethernet, IPv4 and TCP or UDP in front of @data bytes of a pattern; sums are right. The length.
 */
size_t packet_make(uint8_t *frame, bool tcp, size_t data);
/* Whether both sums of a frame are right, and lengths are what the frame has. */
bool packet_is_right(const uint8_t *frame, size_t len);
uint32_t packet_get32(const uint8_t *p);
uint16_t packet_get16(const uint8_t *p);
void packet_put16(uint8_t *p, uint16_t value);

#endif
