// SPDX-License-Identifier: GPL-2.0
/*
 * A daemon's part: reads packets, looks whether they can be, and answers them more or
 * less well.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/abi.h"
#include "fuzz.h"

#define MAX_VMOS	64
/* The number of a VMO is in its key, behind what the program has given. */
#define KEY_SHIFT	8

/**
 * struct vmo - what is known of a VMO with a key
 * @options: it was made with
 * @flags: it was made with
 * @size: no packet goes beyond
 * @pager: where, and
 * @slot: as what
 * @pager_fd: copies, for the end
 * @fd: of the program's descriptors
 * @made: the call has succeeded
 * @complete: its COMPLETE was read, and
 * @ended: so many generations had begun before that
 */
struct vmo {
	uint32_t options;
	uint32_t flags;
	uint64_t size;
	int pager;
	int slot;
	int pager_fd;
	int fd;
	bool made;
	bool complete;
	unsigned int ended;
};

static struct vmo vmos[MAX_VMOS];
static atomic_uint nr_vmos;
static atomic_bool others;

/* There are VMOs of which nothing is known here. */
void vmo_unknown(void)
{
	atomic_store(&others, true);
}

uint64_t vmo_register(int pager_slot, int vmo_slot, uint32_t options,
		      uint32_t flags, uint64_t size, uint64_t key)
{
	unsigned int i = atomic_fetch_add(&nr_vmos, 1);
	struct vmo *v = &vmos[i];

	if (i >= MAX_VMOS)
		return key & ((1 << KEY_SHIFT) - 1);
	*v = (struct vmo) {
		.options = options,
		.flags = flags,
		.size = options & (ZXP_VMO_RESIZABLE | ZXP_VMO_UNBOUNDED) ?
			MAX_VMO_SIZE : (size + PAGE - 1) / PAGE * PAGE,
		.pager = pager_slot,
		.slot = vmo_slot,
		.pager_fd = -1,
		.fd = -1,
	};
	return (uint64_t)(i + 1) << KEY_SHIFT | (key & ((1 << KEY_SHIFT) - 1));
}

void vmos_forget(void)
{
	memset(vmos, 0, sizeof(vmos));
	atomic_store(&nr_vmos, 0);
	atomic_store(&others, false);
}

static struct vmo *vmo_of(uint64_t key)
{
	uint64_t i = (key >> KEY_SHIFT) - 1;

	return i < MAX_VMOS && i < atomic_load(&nr_vmos) ? &vmos[i] : NULL;
}

/* Copies keep a VMO alive, so they are only made if the end needs them. */
void vmo_made(uint64_t key, int pager_fd, int vmo_fd)
{
	struct vmo *v = vmo_of(key);

	if (!v || !keep_copies)
		return;
	v->made = true;
	v->fd = fcntl(vmo_fd, F_DUPFD_CLOEXEC, FIRST_COPY);
	v->pager_fd = fcntl(pager_fd, F_DUPFD_CLOEXEC, FIRST_COPY);
}

/*
 * Nobody may wait for any of these any more. False if one is not known by its
 * descriptor, or is no VMO of that pager because somebody has put another descriptor
 * in its place.
 */
bool detach_all(void)
{
	unsigned int i, nr = atomic_load(&nr_vmos);
	bool all = nr <= MAX_VMOS && !atomic_load(&others);

	for (i = 0; i < nr && i < MAX_VMOS; i++) {
		struct zxp_detach_vmo arg = {
			.size = sizeof(arg),
			.vmo_fd = vmos[i].fd,
		};

		if (vmos[i].made &&
		    ioctl(vmos[i].pager_fd, ZXP_IOC_DETACH_VMO, &arg))
			all = false;
	}
	return all;
}

static const char *wrong_packet(const struct zxp_packet *p, bool from_port,
				unsigned int ended)
{
	struct vmo *v = vmo_of(p->key);
	bool empty_is_good = p->command == ZXP_PACKET_SYNC;

	/* Queued by hand. */
	if (p->type != ZXP_PKT_TYPE_PAGE_REQUEST && from_port)
		return NULL;
	if (p->type != ZXP_PKT_TYPE_PAGE_REQUEST || p->status || p->flags ||
	    p->reserved0 || p->reserved1)
		return "its constant fields are not";
	/* Made by a structure that lay somewhere else, or one too many. */
	if (p->key >> KEY_SHIFT == 0 || !v)
		return NULL;
	/* If it is still there the next generation is told again. */
	if (v->complete && (p->command != ZXP_PACKET_COMPLETE ||
			    v->ended == generations_begun()))
		return "its VMO is complete";

	if (p->command == ZXP_PACKET_COMPLETE) {
		v->complete = true;
		v->ended = ended;
		return p->offset || p->length ? "a COMPLETE with a range" : NULL;
	}
	if (p->command == ZXP_PACKET_DIRTY && !(v->options & ZXP_VMO_TRAP_DIRTY))
		return "a DIRTY without TRAP_DIRTY";
	if (p->command == ZXP_PACKET_SYNC && !(v->flags & ZXP_CREATE_SYNC))
		return "a SYNC that is not wanted";
	if (p->command != ZXP_PACKET_READ && p->command != ZXP_PACKET_DIRTY &&
	    p->command != ZXP_PACKET_SYNC)
		return "an unknown command";
	if (p->offset % PAGE || p->length % PAGE || (!p->length && !empty_is_good) ||
	    p->offset > v->size || p->length > v->size - p->offset)
		return "a bad range";
	return NULL;
}

static void check_packet(const struct zxp_packet *p, bool from_port, unsigned int ended)
{
	const char *wrong = wrong_packet(p, from_port, ended);
	const struct vmo *v = vmo_of(p->key);

	if (wrong)
		finding("packet: %s: key %#llx type %u command %#x offset %#llx length %#llx, VMO of %#llx bytes, options %#x flags %#x",
			wrong, p->key, p->type, p->command, p->offset, p->length,
			v ? (unsigned long long)v->size : 0, v ? v->options : 0,
			v ? v->flags : 0);
}

/* 0 well; 1 the first half; 2 it fails; 3 too much; 4 the first page; 5 not at all */
static void answer(const struct zxp_packet *p, unsigned int slot, unsigned int how)
{
	static const int codes[] = { EIO, EBADMSG, ESTALE, ENOSPC, ENOBUFS };
	int code = codes[p->offset / PAGE % ARRAY_SIZE(codes)];
	const struct vmo *v = vmo_of(p->key);
	uint64_t length = p->length;
	int pager, vmo;

	if (!v || how == 5 || p->type != ZXP_PKT_TYPE_PAGE_REQUEST ||
	    p->command == ZXP_PACKET_COMPLETE)
		return;
	/* A pager's own stream is that of the generation that may answer. */
	if (slot < SLOT_PORT)
		pager = slot_fd(slot);
	else
		pager = v->pager_fd >= 0 ? v->pager_fd : slot_fd(v->pager);
	vmo = v->fd >= 0 ? v->fd : slot_fd(v->slot);
	if (how == 1)
		length = p->length / 2 / PAGE * PAGE;
	else if (how == 3)
		length = p->length + PAGE;
	else if (how == 4)
		length = PAGE;

	if (p->command == ZXP_PACKET_SYNC)
		zxp_sync_end(pager, vmo, p->offset, length, how == 2 ? code : 0);
	else if (how == 2 || length > BUFFER_PAGES * PAGE)
		zxp_fail(pager, vmo, p->offset, p->length, code);
	else if (p->command == ZXP_PACKET_READ)
		zxp_supply_pages(pager, vmo, p->offset, length, (const void *)BUFFER);
	else if (p->command == ZXP_PACKET_DIRTY)
		zxp_dirty(pager, vmo, p->offset, length);
}

/*
 * Packets are looked at in the order in which they are read, so one thread at a time.
 * The lock also keeps another file from getting the stream's number meanwhile.
 */
static long read_stream(unsigned int slot, struct zxp_packet *packets, size_t room)
{
	struct pollfd p = { .events = POLLIN };
	unsigned int ended;
	ssize_t n = 0, i;

	pthread_mutex_lock(&stream_lock);
	ended = generations_ended();
	p.fd = atomic_load(&slots[slot]);
	if (fcntl(p.fd, F_GETFL) & O_NONBLOCK || poll(&p, 1, 0) > 0)
		n = read(p.fd, packets, room * sizeof(*packets));
	for (i = 0; i < n / (ssize_t)sizeof(*packets); i++)
		check_packet(&packets[i], slot >= SLOT_PORT, ended);
	pthread_mutex_unlock(&stream_lock);
	if (n > 0 && n % sizeof(*packets))
		finding("read of a stream: %zd bytes, not whole packets", n);
	return n < 0 ? 0 : n / sizeof(*packets);
}

/* What is in a stream now, at most @max packets of it. */
long serve(unsigned int slot, unsigned int how, unsigned int max)
{
	struct zxp_packet packets[8];
	unsigned int done = 0;
	long n, i;

	while (done < max) {
		n = max - done < ARRAY_SIZE(packets) ? max - done :
						       ARRAY_SIZE(packets);
		n = read_stream(slot, packets, n);
		for (i = 0; i < n; i++)
			answer(&packets[i], slot, how);
		if (!n)
			break;
		done += n;
	}
	return done;
}

void serve_all(unsigned int how)
{
	unsigned int slot;

	for (slot = SLOT_PAGER; slot < SLOT_VMO; slot++)
		if (atomic_load(&slots[slot]) >= 0)
			serve(slot, how, 64);
}
