// SPDX-License-Identifier: GPL-3.0-or-later
/* virtio-net with a driver of the test, and the network that libslirp makes behind it. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hv/control_device.h"
#include "hv/netdev.h"
#include "tests/unit-virtio/card.h"

enum { RX, TX, CONTROL };
#define SIZE	     64
#define BUFFERS	     16
#define BUFFER	     2048u
#define SEND_AT	     (CARD_DATA + 0x80000u)
#define HEADER	     sizeof(struct virtio_net_hdr_v1)
#define MERGE	     VIRTIO_BIT(VIRTIO_NET_F_MRG_RXBUF)
#define WITH_CONTROL (VIRTIO_BIT(VIRTIO_NET_F_CTRL_VQ) | VIRTIO_BIT(VIRTIO_NET_F_CTRL_MAC_ADDR))
#define LINK_AT	     6 /* of the configuration */

static const uint8_t mac[ETH_ALEN] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
static struct card c;
static uint64_t buffer_of[DRIVER_SIZE_MAX]; /* by id */
static uint32_t buffer_len;

static void teardown(void)
{
	card_close(&c);
}

static void open_card(const char *netdev, const char *device)
{
	const char *netdevs[] = { netdev, NULL }, *devices[] = { device, NULL };

	card_open_net(&c, netdevs, devices, "net0");
}

static void setup(void)
{
	open_card("user,id=n", "virtio-net,netdev=n,packed=on");
}

TestSuite(net, .init = setup, .fini = teardown, .timeout = 60);

/* ---- a driver ---- */

static void offer_at(uint64_t gpa, uint32_t len)
{
	const struct driver_buffer b = { gpa, len, true };
	int id = driver_add(&c.queue[RX], &b, 1, 0);

	cr_assert_geq(id, 0);
	buffer_of[id] = gpa;
}

static void start(uint64_t features, uint32_t len)
{
	buffer_len = len;
	card_start(&c, features, SIZE);
	for (unsigned i = 0; i < BUFFERS; i++)
		offer_at(CARD_DATA + i * BUFFER, len);
	card_ring(&c, RX);
}

/* Its buffers are offered again at once. */
static const uint8_t *next_frame(uint32_t *len)
{
	static uint8_t frame[SIZE * BUFFER];
	unsigned count = 1;
	uint32_t part;

	*len = 0;
	for (unsigned i = 0; i < count; i++) {
		uint64_t gpa = buffer_of[card_wait_used(&c, RX, &part)];

		memcpy(frame + *len, card_ram(&c, gpa, part), part);
		if (!i)
			count = ((struct virtio_net_hdr_v1 *)frame)->num_buffers;
		*len += part;
		offer_at(gpa, buffer_len);
	}
	card_ring(&c, RX);
	cr_assert_gt(*len, HEADER);
	*len -= HEADER;
	return frame + HEADER;
}

static void send_buffers(const struct driver_buffer *b, unsigned count)
{
	uint32_t len;

	cr_assert_geq(driver_add(&c.queue[TX], b, count, 0), 0);
	card_ring(&c, TX);
	card_wait_used(&c, TX, &len);
	cr_assert_eq(len, 0u);
}

/* Header and frame in descriptors of their own, as a driver without ANY_LAYOUT does. */
static void send_frame(const void *frame, uint32_t len)
{
	const struct driver_buffer b[] = { { SEND_AT, HEADER, false },
					   { SEND_AT + HEADER, len, false } };

	memset(card_ram(&c, SEND_AT, HEADER), 0, HEADER);
	memcpy(card_ram(&c, SEND_AT + HEADER, len), frame, len);
	send_buffers(b, 2);
}

/* ---- frames ---- */

struct arp {
	uint8_t to[ETH_ALEN], from[ETH_ALEN];
	uint16_t type, hw, proto;
	uint8_t hw_len, proto_len;
	uint16_t op;
	uint8_t sender[ETH_ALEN], sender_ip[4], target[ETH_ALEN], target_ip[4];
} __attribute__((packed));

static void send_arp(uint16_t op, const uint8_t to[ETH_ALEN], const char *sender,
		     const char *target)
{
	struct arp a = { .type = htons(ETH_P_ARP),
			 .hw = htons(1),
			 .proto = htons(ETH_P_IP),
			 .hw_len = ETH_ALEN,
			 .proto_len = 4,
			 .op = htons(op) };

	memcpy(a.to, to, ETH_ALEN);
	memcpy(a.target, to, ETH_ALEN);
	memcpy(a.from, mac, ETH_ALEN);
	memcpy(a.sender, mac, ETH_ALEN);
	inet_pton(AF_INET, sender, a.sender_ip);
	inet_pton(AF_INET, target, a.target_ip);
	send_frame(&a, sizeof(a));
}

static void ask_for_the_host(void)
{
	static const uint8_t all[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	send_arp(1, all, "10.0.2.15", "10.0.2.2");
}

static void expect_the_host(void)
{
	uint32_t len;
	const struct arp *a = (const void *)next_frame(&len);

	cr_assert_geq(len, sizeof(*a));
	cr_expect_eq(ntohs(a->type), ETH_P_ARP);
	cr_expect_eq(ntohs(a->op), 2);
	cr_expect(!memcmp(a->to, mac, ETH_ALEN));
	cr_expect(!memcmp(a->sender_ip, "\x0a\x00\x02\x02", 4));
}

static uint16_t ip_checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* A DHCPDISCOVER (RFC 2131) in UDP without a checksum. */
static uint32_t make_discover(uint8_t *frame)
{
	static const uint8_t tail[] = { 99, 130, 83, 99, 53, 1, 1, 255 };
	const unsigned ip = ETH_HLEN, udp = ip + 20, bootp = udp + 8, total = 20 + 8 + 300;
	uint16_t sum;

	memset(frame, 0, ETH_HLEN + total);
	memset(frame, 0xff, ETH_ALEN);
	memcpy(frame + ETH_ALEN, mac, ETH_ALEN);
	frame[12] = ETH_P_IP >> 8;
	frame[ip] = 0x45;
	frame[ip + 2] = total >> 8;
	frame[ip + 3] = total & 0xff;
	frame[ip + 8] = 64;
	frame[ip + 9] = IPPROTO_UDP;
	memset(frame + ip + 16, 0xff, 4);
	sum = ip_checksum(frame + ip, 20);
	frame[ip + 10] = (uint8_t)(sum >> 8);
	frame[ip + 11] = (uint8_t)sum;
	frame[udp + 1] = 68;
	frame[udp + 3] = 67;
	frame[udp + 4] = (total - 20) >> 8;
	frame[udp + 5] = (total - 20) & 0xff;
	frame[bootp] = 1;     /* a request */
	frame[bootp + 1] = 1; /* Ethernet */
	frame[bootp + 2] = ETH_ALEN;
	memcpy(frame + bootp + 28, mac, ETH_ALEN);
	memcpy(frame + bootp + 236, tail, sizeof(tail));
	return ETH_HLEN + total;
}

/* ---- who it is ---- */

Test(net, identity)
{
	uint64_t features = card_features(&c);

	cr_expect_eq(c.fn->config[0x02] | c.fn->config[0x03] << 8, 0x1041);
	cr_expect_eq(CARD_GET(&c, NUMQ, 2), 3u);
	for (unsigned i = 0; i < ETH_ALEN; i++)
		cr_expect_eq(card_get(&c, c.config + i, 1), mac[i]);
	cr_expect_eq(card_get(&c, c.config + LINK_AT, 2), VIRTIO_NET_S_LINK_UP);
	cr_expect(features & MERGE);
	cr_expect_not(features &
			      (VIRTIO_BIT(VIRTIO_NET_F_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM) |
			       VIRTIO_BIT(VIRTIO_NET_F_GUEST_TSO4)),
		      "libslirp cannot");
}

Test(net_alone, without_a_network_the_link_is_down)
{
	static const char *const devices[] = { "virtio-net-pci,mac=02:00:00:00:00:07", NULL };
	uint8_t frame[64] = { 0 };

	card_open(&c, devices, "net0");
	cr_expect_eq(card_get(&c, c.config + LINK_AT, 2), 0u);
	cr_expect_eq(card_get(&c, c.config + 5, 1), 7u);
	start(MERGE, BUFFER);
	send_frame(frame, sizeof(frame)); /* nowhere */
	card_close(&c);
}

/* ---- at work ---- */

static const uint64_t layouts[] = {
	0,
	VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX) | VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC),
	VIRTIO_BIT(VIRTIO_F_RING_PACKED),
};

Test(net, frames_go_there_and_back_in_every_layout)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		bool packed = layouts[i] & VIRTIO_BIT(VIRTIO_F_RING_PACKED);

		start(layouts[i] | (packed ? MERGE : 0), BUFFER);
		for (unsigned round = 0; round < 40; round++) {
			ask_for_the_host();
			expect_the_host();
		}
	}
}

Test(net, dhcp_offers_an_address)
{
	uint8_t request[600];
	const uint8_t *reply;
	uint32_t len;

	start(0, BUFFER);
	send_frame(request, make_discover(request));
	reply = next_frame(&len);
	cr_assert_gt(len, 290u);
	reply += ETH_HLEN + 20 + 8;
	cr_expect_eq(reply[0], 2, "a reply");
	cr_expect(!memcmp(reply + 16, "\x0a\x00\x02\x0f", 4), "10.0.2.15");
	cr_expect(!memcmp(reply + 240, "\x35\x01\x02", 3), "an offer");
}

Test(net, a_frame_takes_as_many_buffers_as_it_needs)
{
	uint8_t request[600];
	uint32_t len;

	start(MERGE, 64);
	send_frame(request, make_discover(request));
	cr_expect(!memcmp(next_frame(&len) + ETH_HLEN + 20 + 8 + 16, "\x0a\x00\x02\x0f", 4));
	cr_expect_gt(len, 290u);
}

Test(net, a_frame_that_finds_no_buffers_waits_for_them)
{
	uint32_t len;

	buffer_len = BUFFER;
	card_start(&c, 0, SIZE);
	for (unsigned i = 0; i < 5; i++)
		ask_for_the_host();
	cr_expect_eq(driver_get(&c.queue[RX], &len), -1);
	for (unsigned i = 0; i < 5; i++)
		offer_at(CARD_DATA + i * BUFFER, BUFFER);
	card_ring(&c, RX);
	for (unsigned i = 0; i < 5; i++)
		expect_the_host();
}

Test(net, resets_while_frames_are_on_their_way)
{
	for (unsigned round = 0; round < 60; round++) {
		start(layouts[round % 3], round % 4 ? BUFFER : 64);
		for (unsigned i = 0; i < round % 5; i++)
			ask_for_the_host();
		if (round % 2)
			card_reset(&c);
	}
	start(0, BUFFER);
	ask_for_the_host();
}

Test(net, the_driver_gives_it_another_address)
{
	static const uint8_t command[] = {
		VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, 2, 0, 0, 0, 0, 9
	};
	const struct driver_buffer b[] = { { SEND_AT, 2, false },
					   { SEND_AT + 2, 6, false },
					   { SEND_AT + 64, 1, true } };
	uint8_t *answer;
	uint32_t len;

	start(WITH_CONTROL, BUFFER);
	memcpy(card_ram(&c, SEND_AT, sizeof(command)), command, sizeof(command));
	answer = card_ram(&c, SEND_AT + 64, 1);
	*answer = 0xff;
	driver_add(&c.queue[CONTROL], b, 3, 0);
	card_ring(&c, CONTROL);
	card_wait_used(&c, CONTROL, &len);
	cr_expect_eq(len, 1u);
	cr_expect_eq(*answer, VIRTIO_NET_OK);
	cr_expect_eq(card_get(&c, c.config + 5, 1), 9u);
	*(uint8_t *)card_ram(&c, SEND_AT, 1) = 77;
	driver_add(&c.queue[CONTROL], b, 3, 0);
	card_ring(&c, CONTROL);
	card_wait_used(&c, CONTROL, &len);
	cr_expect_eq(*answer, VIRTIO_NET_ERR, "there is no class 77");
	card_reset(&c);
	cr_expect_eq(card_get(&c, c.config + 5, 1), mac[5], "a reset takes it back");
}

Test(net, the_cable_is_pulled)
{
	struct error err;

	start(0, BUFFER);
	card_use_msix(&c);
	fake_watch_irqs();
	cr_assert_eq(control_set_link(&c.f->m, "n", false, &err), 0, "%s", err.text);
	cr_expect_eq(card_get(&c, c.config + LINK_AT, 2), 0u);
	cr_expect_eq(fake_traced("msi 0xfee00000"), 1u, "the driver hears of it");
	cr_assert_eq(control_set_link(&c.f->m, "net0", false, &err), 0, "%s", err.text);
	cr_expect_eq(fake_traced("msi 0xfee00000"), 1u, "of what is new");
	ask_for_the_host();
	devices_reset(&c.f->m);
	cr_expect_eq(device_reg_peek(c.dev, device_reg_find(c.dev, "status")), 0u,
		     "a reset leaves it out");
	cr_assert_eq(control_set_link(&c.f->m, "net0", true, &err), 0, "%s", err.text);
}

Test(net, frames_are_lost_without_a_cable)
{
	uint32_t len;
	struct error err;

	start(0, BUFFER);
	cr_assert_eq(control_set_link(&c.f->m, "net0", false, &err), 0, "%s", err.text);
	ask_for_the_host();
	cr_assert_eq(control_set_link(&c.f->m, "net0", true, &err), 0, "%s", err.text);
	cr_expect_eq(driver_get(&c.queue[RX], &len), -1);
	ask_for_the_host();
	expect_the_host();
	cr_expect_eq(control_set_link(&c.f->m, "edu0", true, &err), -ENOENT);
	cr_expect_str_eq(err.text, "there is no network card and no network 'edu0'");
	cr_expect_eq(control_set_link(&c.f->m, "rtc0", true, &err), -ENOTSUP);
	cr_expect_str_eq(err.text, "rtc0 is no network card");
}

/* ---- what goes wrong ---- */

static void expect_it_works(void)
{
	start(0, BUFFER);
	ask_for_the_host();
	expect_the_host();
}

Test(net, a_frame_shorter_than_its_header)
{
	const struct driver_buffer b = { SEND_AT, HEADER - 1, false };

	start(0, BUFFER);
	driver_add(&c.queue[TX], &b, 1, 0);
	card_ring(&c, TX);
	card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
	cr_expect_not_null(
		strstr(vq_fault(&((struct virtio *)c.dev)->queues[TX].vq), "a frame of 11 bytes"));
	expect_it_works();
}

Test(net, a_receive_buffer_smaller_than_a_header)
{
	start(MERGE, 5);
	ask_for_the_host();
	card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
	expect_it_works();
}

Test(net, a_command_without_room_for_an_answer)
{
	const struct driver_buffer b = { SEND_AT, 8, false };

	start(WITH_CONTROL, BUFFER);
	driver_add(&c.queue[CONTROL], &b, 1, 0);
	card_ring(&c, CONTROL);
	card_expect_status(&c, VIRTIO_CONFIG_S_NEEDS_RESET);
	expect_it_works();
}

/* Nothing, one byte, what is no protocol, and more than a frame has. */
Test(net, frames_that_are_none)
{
	static const uint32_t lengths[] = { 1, 13, 14, 20, 1518, 1519, 60000 };
	struct driver_buffer b[] = { { SEND_AT, HEADER, false } };
	uint8_t *junk;

	start(0, BUFFER);
	send_buffers(b, 1);
	junk = calloc(1, 60000);
	for (unsigned fill = 0; fill < 256; fill += 51) {
		memset(junk, (int)fill, 60000);
		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
			junk[12] = 8; /* IP */
			junk[13] = 0;
			send_frame(junk, lengths[i]);
		}
	}
	free(junk);
	expect_it_works();
}

Test(net, buffers_too_small_for_any_frame)
{
	start(0, 20);
	ask_for_the_host();
	ask_for_the_host();
	expect_it_works();
}

/* All buffers together are less than the frame: the device's own loss. */
Test(net, buffers_that_are_too_small_all_together)
{
	uint8_t request[600];

	card_start(&c, MERGE, 16);
	for (unsigned i = 0; i < 16; i++)
		offer_at(CARD_DATA + i * BUFFER, HEADER);
	card_ring(&c, RX);
	send_frame(request, make_discover(request));
	expect_it_works();
}

/* ---- the way in ---- */

static int free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&a, len), 0);
	getsockname(fd, (struct sockaddr *)&a, &len);
	close(fd);
	return ntohs(a.sin_port);
}

static int connect_to(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	cr_assert(!connect(fd, (struct sockaddr *)&a, sizeof(a)) || errno == EINPROGRESS);
	return fd;
}

/* Answers ARP on the way to the first frame that is IP. */
static const uint8_t *next_ip(uint32_t *len)
{
	for (;;) {
		const uint8_t *frame = next_frame(len);
		const struct arp *a = (const void *)frame;

		if (ntohs(a->type) == ETH_P_IP)
			return frame + ETH_HLEN;
		if (ntohs(a->type) == ETH_P_ARP && ntohs(a->op) == 1)
			send_arp(2, a->from, "10.0.2.15", "10.0.2.2");
	}
}

Test(net_alone, a_port_of_the_host_leads_to_the_guest)
{
	struct strbuf sb = STRBUF_INIT;
	char netdev[64], line[80];
	int port = free_port(), fd;
	const uint8_t *ip;
	struct tcphdr tcp;
	uint32_t len;

	snprintf(netdev, sizeof(netdev), "user,id=n,hostfwd=tcp::%d-:22", port);
	open_card(netdev, "virtio-net,netdev=n");
	start(0, BUFFER);
	fd = connect_to(port);
	ip = next_ip(&len);
	memcpy(&tcp, ip + 20, sizeof(tcp));
	cr_expect_eq(ip[9], IPPROTO_TCP);
	cr_expect(!memcmp(ip + 16, "\x0a\x00\x02\x0f", 4));
	cr_expect_eq(ntohs(tcp.dest), 22);
	cr_expect(tcp.syn && !tcp.ack);
	netdevs_describe(&c.f->m, &sb);
	snprintf(line, sizeof(line), "  tcp 127.0.0.1:%d to the guest's 10.0.2.15:22\n", port);
	cr_expect_not_null(strstr(strbuf_str(&sb), "n of net0: user, 10.0.2.0/24"));
	cr_expect_not_null(strstr(strbuf_str(&sb), line), "%s", strbuf_str(&sb));
	strbuf_free(&sb);
	close(fd);
	card_close(&c);
}

/* ---- tap ---- */

/* The other end of the interface, as a program on the host sees it. */
static int open_interface(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &ifr), 0, "%s", strerror(errno));
	a.sll_ifindex = (int)if_nametoindex(name);
	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Whether this user may make one here. */
static bool has_tap(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	bool has = fd >= 0 && !ioctl(fd, TUNSETIFF, &ifr);

	if (fd >= 0)
		close(fd);
	return has;
}

Test(net_alone, tap_is_an_interface_of_the_host)
{
	static const struct {
		unsigned guest, host;
	} pairs[] = { { VIRTIO_NET_F_GUEST_CSUM, VIRTIO_NET_F_CSUM },
		      { VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_HOST_TSO4 } };
	char netdev[64], name[16];
	uint8_t frame[600], got[1600];
	uint64_t features;
	uint32_t len;
	ssize_t n = -1;
	int fd;

	if (!has_tap())
		cr_skip_test("no right to make a tap interface");
	snprintf(name, sizeof(name), "vt%d", getpid());
	snprintf(netdev, sizeof(netdev), "tap,id=n,ifname=%s", name);
	open_card(netdev, "virtio-net,netdev=n");
	features = card_features(&c);
	for (unsigned i = 0; i < 2; i++)
		cr_expect(features & VIRTIO_BIT(pairs[i].guest) &&
			  features & VIRTIO_BIT(pairs[i].host));
	start(MERGE | VIRTIO_BIT(VIRTIO_NET_F_CSUM) | VIRTIO_BIT(VIRTIO_NET_F_GUEST_CSUM), 128);
	fd = open_interface(name);
	len = make_discover(frame);
	frame[13] = 0x42; /* of no protocol that the host takes part in */
	send_frame(frame, len);
	/* The host has things to say, too. */
	CARD_WAIT((n = n > 0 && got[13] == 0x42 ? n : recv(fd, got, sizeof(got), 0)) ==
			  (ssize_t)len &&
		  !memcmp(got, frame, len));
	frame[20] = 77;
	cr_assert_eq(send(fd, frame, len, 0), (ssize_t)len);
	for (;;) {
		const uint8_t *p = next_frame(&len);

		if (p[13] == 0x42 && p[20] == 77)
			break;
	}
	cr_expect_eq(len, (uint32_t)n);
	close(fd);
	card_close(&c);
}

/* ---- options ---- */

static void refused(const char *netdev, const char *device, const char *sentence)
{
	const char *netdevs[] = { netdev, NULL }, *devices[] = { device, NULL };
	struct fake *f = fake_create();
	struct error err = { "" };
	int ret;

	f->cfg.netdevs = netdevs;
	f->cfg.devices = devices;
	ret = netdevs_create(&f->m, &f->cfg, &err);
	if (!ret)
		ret = devices_create(&f->m, &f->cfg, &err);
	if (!ret)
		ret = netdevs_check(&f->m, &err);
	cr_expect_lt(ret, 0, "%s", sentence);
	cr_expect_not_null(strstr(err.text, sentence), "%s\n%s", err.text, sentence);
	fake_destroy(f);
}

Test(net_options, what_is_wrong_is_said)
{
	refused("vde,id=n", NULL, "-netdev: 'vde' is unknown: there is user and tap");
	refused("user", NULL, "it needs a name for -device to refer to, as in id=net0");
	refused("user,id=n", NULL, "no device has id=n: add -device virtio-net,netdev=n");
	refused("user,id=n,colour=red", NULL, "-netdev: there is no option 'colour'");
	refused("user,id=n,net=10.0.0.0/30", NULL, "net=10.0.0.0/30: use ADDRESS/BITS");
	refused("user,id=n,net=ten/24", NULL, "net=ten/24: use ADDRESS/BITS");
	refused("user,id=n,hostfwd=tcp::1-22", NULL, "hostfwd=tcp::1-22: use tcp:");
	refused("user,id=n,hostfwd=sctp::1-:22", NULL, "hostfwd=sctp::1-:22: use tcp:");
	refused("user,id=n,hostfwd=tcp::0-:22", NULL, "use tcp:");
	refused("user,id=n,hostfwd=tcp::65536-:22", NULL, "use tcp:");
	refused("user,id=n,hostfwd=tcp:1.2.3:1-:22", NULL, "use tcp:");
	refused("user,id=n,hostfwd=tcp:192.0.2.1:1-:22", NULL, "TCP port 1 of 192.0.2.1: ");
	refused("tap,id=n", NULL, "it needs an interface's name, of at most 15 characters");
	refused(NULL, "virtio-net,netdev=x", "net0: netdev=x: there is no -netdev with that id");
	refused(NULL, "virtio-net,mac=1:2:3", "mac=1:2:3 is no card's address");
	refused(NULL, "virtio-net,mac=01:00:00:00:00:00", "is no card's address");
	refused(NULL, "e1000,mac=1:2:3", "-device e1000: mac=1:2:3 is no card's address");
	refused(NULL, "e1000,netdev=x", "e1000-0: netdev=x: there is no -netdev with that id");
	refused(NULL, "e1000,packed=on", "-device: there is no option 'packed'");
}

Test(net_options, a_network_is_one_card_s)
{
	const char *const netdevs[] = { "user,id=n", "user,id=n", NULL };
	const char *const one[] = { "user,id=n", NULL };
	const char *const cards[] = { "virtio-net,netdev=n", "virtio-net,netdev=n", NULL };
	struct fake *f = fake_create();
	struct error err = { "" };

	f->cfg.netdevs = netdevs;
	cr_expect_lt(netdevs_create(&f->m, &f->cfg, &err), 0);
	cr_expect_str_eq(err.text, "-netdev: there are two with id=n");
	f->cfg.netdevs = one;
	f->cfg.devices = cards;
	cr_expect_eq(netdevs_create(&f->m, &f->cfg, &err), 0);
	cr_expect_lt(devices_create(&f->m, &f->cfg, &err), 0);
	cr_expect_str_eq(err.text, "net1: netdev=n: it is net0's");
	fake_destroy(f);
}
