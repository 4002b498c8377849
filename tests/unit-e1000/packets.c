// SPDX-License-Identifier: GPL-3.0-or-later
/* See packets.h. */
#include "tests/unit-e1000/packets.h"

#include <netinet/in.h>
#include <string.h>

#include "tests/unit-e1000/nic.h"

uint16_t packet_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t packet_get32(const uint8_t *p)
{
	return (uint32_t)packet_get16(p) << 16 | packet_get16(p + 2);
}

void packet_put16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static uint32_t add_up(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint16_t carry(uint32_t sum)
{
	while (sum > 0xffff)
		sum = sum % 0x10000 + sum / 0x10000;
	return (uint16_t)sum;
}

uint16_t packet_sum(const uint8_t *p, size_t len)
{
	return (uint16_t)~carry(add_up(p, len));
}

uint16_t packet_pseudo(const uint8_t *frame, uint16_t length)
{
	return carry(add_up(frame + PACKET_IP + 12, 8) + frame[PACKET_IP + 9] + length);
}

size_t packet_make(uint8_t *frame, bool tcp, size_t data)
{
	size_t header = tcp ? PACKET_TCP : PACKET_UDP, len = header + data;
	uint16_t tu_len = (uint16_t)(len - PACKET_TU);
	uint8_t *ip = frame + PACKET_IP, *tu = frame + PACKET_TU, *sum = tu + (tcp ? 16 : 6);
	static const uint8_t addresses[8] = { 10, 0, 2, 15, 192, 168, 7, 9 };

	memset(frame, 0, header);
	memcpy(frame, nic_mac, 6);
	frame[6] = 2;
	frame[11] = 9;
	frame[12] = 8;
	ip[0] = 0x45;
	packet_put16(ip + 2, (uint16_t)(len - PACKET_IP));
	packet_put16(ip + 4, 0xfffe);
	ip[8] = 64;
	ip[9] = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	memcpy(ip + 12, addresses, 8);
	packet_put16(ip + 10, packet_sum(ip, 20));
	packet_put16(tu, 4711);
	packet_put16(tu + 2, 80);
	if (tcp) {
		memcpy(tu + 4, "\xff\xff\xff\x00", 4);
		tu[12] = 0x50;
		tu[13] = 0x19; /* ACK PSH FIN */
	} else {
		packet_put16(tu + 4, tu_len);
	}
	for (size_t i = 0; i < data; i++)
		frame[header + i] = (uint8_t)(i * 7 + (i >> 8));
	packet_put16(sum, packet_pseudo(frame, tu_len));
	packet_put16(sum, packet_sum(tu, tu_len));
	return len;
}

bool packet_is_right(const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + PACKET_IP, *tu = frame + PACKET_TU;
	size_t tu_len = len - PACKET_TU;
	uint32_t sum = add_up(tu, tu_len) + packet_pseudo(frame, (uint16_t)tu_len);

	if (packet_get16(ip + 2) != len - PACKET_IP || carry(add_up(ip, 20)) != 0xffff)
		return false;
	if (ip[9] == IPPROTO_UDP && packet_get16(tu + 4) != tu_len)
		return false;
	return carry(sum) == 0xffff;
}
