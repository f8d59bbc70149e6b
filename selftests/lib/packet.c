// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of a pager: wait for a certain one, keep the others.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>

#include "pager.h"

static void show_packet(const char *what, const struct zxp_packet *pkt)
{
	diag("%s: key %#llx type %u status %d command %u flags %#x offset %#llx length %#llx reserved %u %llu",
	     what, pkt->key, pkt->type, pkt->status, pkt->command, pkt->flags,
	     pkt->offset, pkt->length, pkt->reserved0, pkt->reserved1);
}

/* Read one packet, waiting up to @ms. 1, or 0 for none. */
static int read_packet(struct user_pager *p, struct zxp_packet *pkt, int ms)
{
	struct pollfd pfd = { .fd = p->port, .events = POLLIN };
	ssize_t n;

	if (p->port < 0)
		return 0;
	if (poll(&pfd, 1, ms) <= 0 || !(pfd.revents & POLLIN))
		return 0;
	/* Nothing else reads it, so this cannot block unless it was retracted. */
	fcntl(p->port, F_SETFL, O_NONBLOCK);
	n = read(p->port, pkt, sizeof(*pkt));
	if (n == sizeof(*pkt))
		return 1;
	if (n >= 0 || errno != EAGAIN)
		diag("read of a packet: %zd (%m)", n);
	return 0;
}

static void put_aside(struct user_pager *p, const struct zxp_packet *pkt)
{
	if (p->nr_aside < MAX_ASIDE)
		p->aside[p->nr_aside++] = *pkt;
	else
		show_packet("dropped, too many packets", pkt);
}

/*
 * A filter is a packet to equal, or a VMO any packet of which will do that has
 * this command.
 */
struct filter {
	const struct zxp_packet *exact;
	const struct test_vmo *any;
	uint16_t command;
};

static bool matches(const struct zxp_packet *pkt, const struct filter *f)
{
	struct zxp_packet like;

	if (f->exact)
		return !memcmp(pkt, f->exact, sizeof(*pkt));
	like = (struct zxp_packet){
		.key = f->any->key,
		.type = ZXP_PKT_TYPE_PAGE_REQUEST,
		.command = f->command,
		.offset = pkt->offset,
		.length = pkt->length,
	};
	return !memcmp(pkt, &like, sizeof(like));
}

static bool find(struct user_pager *p, const struct filter *f, int ms,
		 struct zxp_packet *found)
{
	int64_t end = now_ms() + ms;
	unsigned int i;

	for (i = 0; i < p->nr_aside; i++) {
		if (!matches(&p->aside[i], f))
			continue;
		*found = p->aside[i];
		p->nr_aside--;
		memmove(&p->aside[i], &p->aside[i + 1],
			(p->nr_aside - i) * sizeof(p->aside[0]));
		return true;
	}
	for (;;) {
		int64_t left = end - now_ms();

		if (!read_packet(p, found, left > 0 ? left : 0)) {
			if (left <= 0 || p->port < 0)
				return false;
			continue;
		}
		if (matches(found, f))
			return true;
		put_aside(p, found);
	}
}

static bool find_or_tell(struct user_pager *p, const struct filter *f,
			 struct zxp_packet *found)
{
	unsigned int i;

	if (find(p, f, FAILURE_MS, found))
		return true;
	if (f->exact)
		show_packet("did not come", f->exact);
	else
		diag("no packet with command %u of key %#" PRIx64, f->command,
		     f->any->key);
	for (i = 0; i < p->nr_aside; i++)
		show_packet("came instead", &p->aside[i]);
	return false;
}

static struct zxp_packet request(const struct test_vmo *vmo, uint16_t command,
				 uint64_t page, uint64_t nr)
{
	return (struct zxp_packet){
		.key = vmo->key,
		.type = ZXP_PKT_TYPE_PAGE_REQUEST,
		.command = command,
		.offset = page * page_size,
		.length = nr * page_size,
	};
}

static struct zxp_packet complete_request(uint64_t key)
{
	return (struct zxp_packet){
		.key = key,
		.type = ZXP_PKT_TYPE_PAGE_REQUEST,
		.command = ZXP_PACKET_COMPLETE,
	};
}

bool pager_wait_request(struct user_pager *p, struct test_vmo *vmo, uint16_t command,
			uint64_t page, uint64_t nr)
{
	struct zxp_packet want = request(vmo, command, page, nr), found;

	return find_or_tell(p, &(struct filter){ .exact = &want }, &found);
}

bool pager_has_request(struct user_pager *p, struct test_vmo *vmo, uint16_t command,
		       uint64_t page, uint64_t nr)
{
	struct zxp_packet want = request(vmo, command, page, nr), found;

	return find(p, &(struct filter){ .exact = &want }, 0, &found);
}

bool pager_wait_complete(struct user_pager *p, uint64_t key)
{
	struct zxp_packet want = complete_request(key), found;

	return find_or_tell(p, &(struct filter){ .exact = &want }, &found);
}

bool pager_has_complete(struct user_pager *p, uint64_t key)
{
	struct zxp_packet want = complete_request(key), found;

	return find(p, &(struct filter){ .exact = &want }, 0, &found);
}

bool pager_get_request(struct user_pager *p, struct test_vmo *vmo, uint16_t command,
		       uint64_t *page, uint64_t *nr)
{
	struct filter f = { .any = vmo, .command = command };
	struct zxp_packet found;

	if (!find(p, &f, 0, &found))
		return false;
	*page = found.offset / page_size;
	*nr = found.length / page_size;
	return true;
}

bool pager_wait_any_request(struct user_pager *p, struct test_vmo *vmo,
			    uint16_t command, uint64_t *page, uint64_t *nr)
{
	struct filter f = { .any = vmo, .command = command };
	struct zxp_packet found;

	if (!find_or_tell(p, &f, &found))
		return false;
	*page = found.offset / page_size;
	*nr = found.length / page_size;
	return true;
}

bool pager_idle(struct user_pager *p)
{
	struct zxp_packet pkt;
	unsigned int i;

	if (read_packet(p, &pkt, 0))
		put_aside(p, &pkt);
	for (i = 0; i < p->nr_aside; i++)
		show_packet("unexpected", &p->aside[i]);
	return !p->nr_aside;
}
