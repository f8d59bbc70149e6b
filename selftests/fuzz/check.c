// SPDX-License-Identifier: GPL-2.0
/*
 * What an ioctl may not do: succeed with arguments that are wrong whatever else is
 * going on, give an errno that <linux/zxpager.h> does not have for it, report what
 * cannot be, or write where it has no business.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "fuzz.h"

/* None of these may reach a user. */
static bool internal(int error)
{
	return error >= 512;
}

static bool listed(const struct call_desc *d, int error)
{
	static const int all[] = { EBADF, EMEDIUMTYPE, ENOTTY, EFAULT, EINVAL, E2BIG };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		if (error == all[i])
			return true;
	/* See check_generation(). */
	if (error == ESHUTDOWN && d->args[0].kind == A_PAGER)
		return true;
	for (i = 0; i < ARRAY_SIZE(d->errnos) && d->errnos[i]; i++)
		if (error == d->errnos[i])
			return true;
	return false;
}

void check_errno(const struct call_desc *d, int error, bool failing)
{
	if (internal(error))
		finding("%s: the kernel's own error %d", d->name, error);
	/* A failed allocation may be told as that everywhere. */
	else if (d->cmd && !(failing && error == ENOMEM) && !listed(d, error))
		finding("%s: errno %d (%s) is not among those of it", d->name, error,
			strerror(error));
}

static bool out_of_range(uint64_t offset, uint64_t length)
{
	return offset > MAX_VMO_SIZE || length > MAX_VMO_SIZE - offset;
}

static bool unaligned(uint64_t value)
{
	return value % PAGE;
}

/* Why it must not have succeeded, or NULL. */
static const char *wrong_struct(const struct call_desc *d, const uint64_t *a)
{
	uint64_t known = d->args[2].values[0], mask;
	uint32_t size = a[2];
	unsigned int i, k;

	if (size < d->args[2].values[1])
		return "a structure that is too small";
	if (size > PAGE)
		return "a structure that is larger than a page";
	if (size > known && a[2] & TAIL_NOT_ZERO)
		return "an unknown tail";

	for (i = 3; i < nr_args(d); i++) {
		const struct arg_desc *f = &d->args[i];

		if (!f->width)
			continue;
		if (f->kind == A_ZERO && (uint32_t)a[i])
			return "something reserved that is not zero";
		if (f->kind != A_FLAGS)
			continue;
		for (k = 0, mask = 0; k < f->nr; k++)
			mask |= f->values[k];
		if ((uint32_t)a[i] & ~mask)
			return "an unknown flag";
	}
	return NULL;
}

static const char *wrong_supply(const struct zxp_supply_pages *s)
{
	bool aux = s->flags & ZXP_SUPPLY_AUX;

	if (unaligned(s->offset) || unaligned(s->length) ||
	    (aux && unaligned(s->source)))
		return "bad alignment";
	if (!aux && s->aux_fd != -1)
		return "a plain VMO that is not wanted";
	if (out_of_range(s->offset, s->length) ||
	    (aux && out_of_range(s->source, s->length)))
		return "a range that is not inside of a VMO";
	return NULL;
}

static const char *wrong_supply_ranges(const struct zxp_supply_ranges *s)
{
	return s->nr_ranges > ZXP_SUPPLY_RANGES_MAX ? "too many ranges" : NULL;
}

static const char *wrong_op_range(const struct zxp_op_range *o)
{
	if (unaligned(o->offset) || unaligned(o->length))
		return "bad alignment";
	if (out_of_range(o->offset, o->length) && o->op != ZXP_PAGER_OP_SYNC_END)
		return "a range that is not inside of a VMO";
	switch (o->op) {
	case ZXP_PAGER_OP_FAIL:
	case ZXP_PAGER_OP_SYNC_END:
		if (o->data != EIO && o->data != EBADMSG && o->data != ESTALE &&
		    o->data != ENOSPC && o->data != ENOBUFS &&
		    !(o->op == ZXP_PAGER_OP_SYNC_END && !o->data))
			return "a bad code";
		break;
	case ZXP_PAGER_OP_WRITEBACK_BEGIN:
		if (o->data > ZXP_DIRTY_RANGE_IS_ZERO)
			return "bad data";
		break;
	case ZXP_PAGER_OP_DIRTY:
	case ZXP_PAGER_OP_WRITEBACK_END:
		if (o->data)
			return "bad data";
		break;
	default:
		return "an unknown operation";
	}
	return NULL;
}

/* What is behind the size that was given is 0. */
static uint64_t max_size(const struct zxp_create_vmo *c)
{
	size_t at = offsetof(struct zxp_create_vmo, max_size);
	uint64_t max = 0;

	if (c->size > at)
		memcpy(&max, &c->max_size,
		       c->size < sizeof(*c) ? c->size - at : sizeof(max));
	return max;
}

static const char *wrong_create(const struct zxp_create_vmo *c)
{
	bool plain = c->flags & ZXP_CREATE_PLAIN;
	uint64_t max = max_size(c);

	if (plain && (c->key || c->port_fd != -1 || c->flags != ZXP_CREATE_PLAIN ||
		      c->options & ZXP_VMO_TRAP_DIRTY || max))
		return "what a plain VMO cannot have";
	if (c->flags & (ZXP_CREATE_FIXED | ZXP_CREATE_READ_ONLY) &&
	    c->options & (ZXP_VMO_RESIZABLE | ZXP_VMO_UNBOUNDED))
		return "fixed, and can change";
	if (c->flags & ZXP_CREATE_READ_ONLY && c->options & ZXP_VMO_TRAP_DIRTY)
		return "read-only, and writes that trap";
	if (c->flags & ZXP_CREATE_COPIES && !(c->flags & ZXP_CREATE_READ_ONLY))
		return "copies, and not read-only";
	if (c->flags & ZXP_CREATE_SNAPSHOTS && c->flags & ZXP_CREATE_READ_ONLY)
		return "snapshots of what never changes";
	if (c->options & ZXP_VMO_RESIZABLE && c->options & ZXP_VMO_UNBOUNDED)
		return "resizable and unbounded";
	if (c->vmo_size > MAX_VMO_SIZE || (max && c->vmo_size > max))
		return "too large a VMO";
	return NULL;
}

static const char *wrong_vmo_op(const struct zxp_vmo_op_range *o)
{
	switch (o->op) {
	case ZXP_VMO_OP_DECOMMIT:
		/* Of nothing it does nothing. */
		return o->length ? "what a VMO with a pager cannot do" : NULL;
	case ZXP_VMO_OP_COMMIT:
	case ZXP_VMO_OP_ZERO:
		return out_of_range(o->offset, o->length) ?
		       "a range that is not inside of a VMO" : NULL;
	case ZXP_VMO_OP_DONT_NEED:
	case ZXP_VMO_OP_ALWAYS_NEED:
	case ZXP_VMO_OP_PREFETCH:
		/* On a plain VMO these do nothing, for any range. */
		return NULL;
	default:
		return "an unknown operation";
	}
}

static const char *wrong_queue(const struct zxp_port_queue *q)
{
	return q->packet.type == ZXP_PKT_TYPE_PAGE_REQUEST ? "a type that is not a user's" :
							      NULL;
}

static const char *wrong_cancel(const struct zxp_port_cancel *c)
{
	return !(c->flags & ZXP_CANCEL_SOURCE) && c->source ? "a source that is not wanted" :
							       NULL;
}

static const char *wrong_child(const struct zxp_vmo_create_child *c)
{
	uint32_t kinds = ZXP_CHILD_SNAPSHOT | ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE |
			 ZXP_CHILD_SNAPSHOT_MODIFIED | ZXP_CHILD_SLICE |
			 ZXP_CHILD_REFERENCE | ZXP_CHILD_POINT_IN_TIME;
	uint32_t kind = c->options & kinds;

	if (!kind || kind & (kind - 1))
		return "not one kind of child";
	if (c->options & ~(kinds | ZXP_CHILD_RESIZABLE | ZXP_CHILD_NO_WRITE))
		return "an option that is unknown";
	if (kind == ZXP_CHILD_SLICE && c->options & ZXP_CHILD_RESIZABLE)
		return "a slice that is resizable";
	if (kind == ZXP_CHILD_REFERENCE && (c->offset || c->length))
		return "a reference to a part";
	if (unaligned(c->offset))
		return "bad alignment";
	return c->offset > MAX_VMO_SIZE || c->length > MAX_VMO_SIZE - c->offset ?
	       "a child that ends behind the largest VMO" : NULL;
}

static const char *wrong_fields(const struct call_desc *d, const void *s)
{
	const struct zxp_vmo_io *io = s;
	const struct zxp_query_dirty_ranges *q = s;
	const struct zxp_vmo_query_own *own = s;
	const struct zxp_vmo_set_stream_size *stream = s;

	switch (d->cmd) {
	case ZXP_IOC_CREATE_VMO:
		return wrong_create(s);
	case ZXP_IOC_SUPPLY_PAGES:
		return wrong_supply(s);
	case ZXP_IOC_SUPPLY_RANGES:
		return wrong_supply_ranges(s);
	case ZXP_IOC_OP_RANGE:
		return wrong_op_range(s);
	case ZXP_IOC_VMO_OP_RANGE:
		return wrong_vmo_op(s);
	case ZXP_IOC_QUERY_DIRTY_RANGES:
		return out_of_range(q->offset, q->length) ? "a range out of bounds" :
							     NULL;
	case ZXP_IOC_VMO_QUERY_OWN:
		return out_of_range(own->offset, own->length) ? "a range out of bounds" :
								 NULL;
	case ZXP_IOC_VMO_READ:
	case ZXP_IOC_VMO_WRITE:
		return out_of_range(io->offset, io->length) ? "a range out of bounds" :
							       NULL;
	case ZXP_IOC_VMO_SET_STREAM_SIZE:
		return stream->stream_size > MAX_VMO_SIZE ? "too large a size" : NULL;
	case ZXP_IOC_PORT_QUEUE:
		return wrong_queue(s);
	case ZXP_IOC_PORT_CANCEL:
		return wrong_cancel(s);
	case ZXP_IOC_VMO_CREATE_CHILD:
		return wrong_child(s);
	default:
		return NULL;
	}
}

/* Missing for sure: nobody else could have taken it away. */
static bool missing(struct thread *t, int fd, uint64_t offset)
{
	bool sure = atomic_load(&alone) && !shared->program.call[atomic_load(&t->at)].fail;
	char byte;
	ssize_t n = preadv2(fd, &(struct iovec){ &byte, 1 }, 1, offset, RWF_NOWAIT);

	return n < 0 && errno == EAGAIN && sure && atomic_load(&alone);
}

static void check_supply(struct thread *t, const struct zxp_supply_pages *s, uint64_t slot,
			 long ret)
{
	if (s->out_done > s->length || s->out_filled > s->out_done ||
	    unaligned(s->out_done) || unaligned(s->out_filled) ||
	    (!ret && s->out_done != s->length))
		finding("supply_pages: %ld, length %#llx, done %#llx, filled %#llx", ret,
			s->length, s->out_done, s->out_filled);
	else if (s->out_done &&
		 missing(t, slot_fd(slot), s->offset + s->out_done - PAGE))
		finding("supply_pages: %ld, done %#llx from %#llx on, the last page is missing",
			ret, s->out_done, s->offset);
}

static void check_supply_ranges(const struct zxp_supply_ranges *s, long ret)
{
	if (s->out_ranges > s->nr_ranges || s->out_filled > s->out_done ||
	    unaligned(s->out_done) || unaligned(s->out_filled) ||
	    ((!ret || s->out_ranges == s->nr_ranges) && s->out_done) ||
	    (!ret && s->out_ranges != s->nr_ranges))
		finding("supply_ranges: %ld, %u of %u ranges, done %#llx, filled %#llx",
			ret, s->out_ranges, s->nr_ranges, s->out_done, s->out_filled);
}

/* Only where nobody else can write, else it proves nothing. */
static void check_ranges(struct thread *t, const struct zxp_query_dirty_ranges *q)
{
	const struct zxp_dirty_range *r = (void *)t->private;
	uint64_t first = q->offset - q->offset % PAGE, i;
	uint64_t last = (q->offset + q->length + PAGE - 1) / PAGE * PAGE;

	for (i = 0; i < q->out_actual; i++, r++) {
		if (unaligned(r->offset) || unaligned(r->length) || !r->length ||
		    r->offset < first || r->offset + r->length > last ||
		    r->options > ZXP_DIRTY_RANGE_IS_POISONED) {
			finding("query_dirty_ranges: range %llu is %#llx+%#llx, options %#llx",
				(unsigned long long)i, r->offset, r->length, r->options);
			return;
		}
		first = r->offset + r->length;
	}
}

static void check_query(struct thread *t, const struct zxp_query_dirty_ranges *q)
{
	uint64_t room = q->buffer_size / sizeof(struct zxp_dirty_range);

	if (q->out_actual > room || q->out_actual > q->out_avail ||
	    (q->flags & ZXP_QUERY_NO_AVAIL && q->out_actual != q->out_avail))
		finding("query_dirty_ranges: room for %#llx, actual %#llx, avail %#llx",
			(unsigned long long)room, q->out_actual, q->out_avail);
	else if (q->buffer == (uintptr_t)t->private &&
		 q->out_actual * sizeof(struct zxp_dirty_range) <= PRIVATE_PAGES * PAGE)
		check_ranges(t, q);
}

static void check_own(const struct zxp_vmo_query_own *q)
{
	uint64_t room = q->buffer_size / sizeof(struct zxp_own_range);
	uint64_t first = q->offset - q->offset % PAGE;
	uint64_t last = (q->offset + q->length + PAGE - 1) / PAGE * PAGE;

	if (q->out_actual > room || unaligned(q->out_next) || q->out_next < first ||
	    q->out_next > (last ?: first) || (q->out_actual < room && q->out_next < last &&
					      q->length))
		finding("vmo_query_own: %#llx+%#llx, room for %#llx, actual %#llx, next %#llx",
			q->offset, q->length, (unsigned long long)room, q->out_actual,
			q->out_next);
}

static void check_info(const struct zxp_vmo_info *i)
{
	uint64_t stream = (i->out_stream_size + PAGE - 1) / PAGE * PAGE;

	if (unaligned(i->out_vmo_size) || i->out_vmo_size > MAX_VMO_SIZE ||
	    unaligned(i->out_resident) || unaligned(i->out_fail_offset) ||
	    i->out_flags >= ZXP_VMO_INFO_REFERENCE << 1 || i->out_options & 1)
		finding("vmo_get_info: size %#llx, stream %#llx, resident %#llx, flags %#x",
			i->out_vmo_size, i->out_stream_size, i->out_resident,
			i->out_flags);
	/* One that changes its size changes both, not at once. */
	else if (!(i->out_options & ZXP_VMO_RESIZABLE) && stream > i->out_vmo_size)
		finding("vmo_get_info: size %#llx, stream %#llx", i->out_vmo_size,
			i->out_stream_size);
	/* What something is made of was there before it. */
	if (i->size >= sizeof(*i) &&
	    (!i->out_id || i->out_parent_id >= i->out_id ||
	     i->out_root_id > i->out_parent_id || !i->out_parent_id != !i->out_root_id))
		finding("vmo_get_info: %llu is made of %llu and %llu", i->out_id,
			i->out_parent_id, i->out_root_id);
}

static void check_outside(struct thread *t, const struct call_desc *d,
			  const uint64_t *a)
{
	uint32_t size = a[2], known = d->args[2].values[0], from, i;

	memcpy(&i, t->own, sizeof(i));
	if (i != size)
		finding("%s: the size was %u and is %u", d->name, size, i);
	from = size < known ? size : known;
	if (from < d->args[2].values[1])
		from = d->args[2].values[1];
	for (i = from; i < sizeof(t->own); i++) {
		if (t->own[i] != (i == known && a[2] & TAIL_NOT_ZERO)) {
			finding("%s: %u bytes were given, and byte %u has changed",
				d->name, size, i);
			return;
		}
	}
}

void check_ioctl(struct thread *t, const struct call_desc *d, const uint64_t *a,
		 long ret)
{
	const char *wrong = NULL;

	check_outside(t, d, a);
	if (!ret)
		wrong = wrong_struct(d, a) ?: wrong_fields(d, t->own);
	if (wrong)
		finding("%s: success with %s", d->name, wrong);

	if (d->cmd == ZXP_IOC_SUPPLY_PAGES)
		check_supply(t, (void *)t->own, a[4], ret);
	if (d->cmd == ZXP_IOC_SUPPLY_RANGES)
		check_supply_ranges((void *)t->own, ret);
	if (!ret && d->cmd == ZXP_IOC_QUERY_DIRTY_RANGES)
		check_query(t, (void *)t->own);
	if (!ret && d->cmd == ZXP_IOC_LIST_VMOS)
		check_list(t, (void *)t->own);
	if (!ret && d->cmd == ZXP_IOC_VMO_QUERY_OWN)
		check_own((void *)t->own);
	if (!ret && d->cmd == ZXP_IOC_VMO_GET_INFO)
		check_info((void *)t->own);
}
