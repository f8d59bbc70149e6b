// SPDX-License-Identifier: GPL-2.0
/*
 * SUPPLY_PAGES and SUPPLY_RANGES: missing pages get content, see supply_source.c.
 *
 * Pages are prepared in batches with no lock held. Who waits for a page is woken when its
 * range is done, or, in a long one, with each batch. The end of a range may wait for that
 * until the next ranges are in, see runs.c.
 */
#include <linux/file.h>
#include <linux/sched/signal.h>

#include "supply_source.h"

/* Pages of several ranges that may be there before their waiters are woken. */
#define ZXP_RUNS_MAX	16

/* One batch. How far it came is in the arguments, also after an error. */
static int zxp_supply_batch(struct zxp_supply *s)
{
	struct zxp_supply_pages *args = s->args;
	struct zxp_batch batch;
	unsigned int i;
	int ret, err;

	batch.epoch = s->epoch;
	/* It ends where a large folio may begin. */
	batch.index = (args->offset + args->out_done) >> PAGE_SHIFT;
	batch.nr = min_t(u64, (args->length - args->out_done) >> PAGE_SHIFT,
			 ZXP_SUPPLY_BATCH - batch.index % ZXP_SUPPLY_BATCH);
	if (s->child)
		ret = zxp_supply_prepare_child(s, &batch, args->source + args->out_done);
	else
		ret = zxp_supply_prepare(s, &batch, args->source + args->out_done);

	/* What was prepared is put in even if the next page could not be. */
	err = zxp_vmo_insert(s->vmo, &batch, &s->runs);
	args->out_done += (u64)batch.done << PAGE_SHIFT;
	args->out_filled += (u64)batch.filled << PAGE_SHIFT;
	for (i = 0; i < batch.nr; i++)
		if (!IS_ERR_OR_NULL(batch.folio[i]))
			folio_put(batch.folio[i]);
	return err ?: ret;
}

/*
 * Put in a large folio. What has left a plain VMO must get in, so there it is filled
 * with the lock held; what comes from user memory is copied without. Return: 0, or an
 * error, and -EAGAIN if it has to be single pages.
 */
static int zxp_supply_large_folio(struct zxp_supply *s, struct folio *folio,
				  pgoff_t index, u64 source)
{
	int ret, tries = ZXP_MEMORY_TRIES;
	struct zxp_vmo *vmo = s->vmo;
	bool taken = false;

	if (!s->aux && !zxp_supply_copy_user(s, folio, source))
		return -EAGAIN;
	do {
		if (mutex_lock_killable(&vmo->content_lock))
			return -EINTR;
		if (!zxp_vmo_may_be_large(vmo, index, folio_nr_pages(folio))) {
			/* What was taken is nowhere else. */
			ret = taken ? -ENOMEM : -EAGAIN;
		} else {
			ret = zxp_vmo_check_locked(vmo, s->epoch);
			if (!ret && s->aux && !taken)
				ret = zxp_supply_fill_from_aux(folio, s->aux,
							       source >> PAGE_SHIFT);
			taken = s->aux && !ret;
			if (!ret)
				ret = zxp_vmo_insert_large_locked(vmo, folio, index,
								  s->epoch, &s->runs);
		}
		mutex_unlock(&vmo->content_lock);
	} while (ret == -ENOMEM && tries-- &&
		 zxp_vmo_reserve_supply(vmo, folio_order(folio)));
	/* What is still where it came from can get in page by page. */
	return ret == -ENOMEM && !s->aux ? -EAGAIN : ret;
}

/* One large folio, if there can be one. Return: as zxp_supply_large_folio(). */
static int zxp_supply_large(struct zxp_supply *s)
{
	struct zxp_supply_pages *args = s->args;
	pgoff_t index = (args->offset + args->out_done) >> PAGE_SHIFT;
	u64 left = (args->length - args->out_done) >> PAGE_SHIFT;
	u64 source = args->source + args->out_done;
	unsigned int order;
	struct folio *folio;
	int ret;

	order = min_t(unsigned int, __ffs(index | BIT(zxp_vmo_large_order(s->vmo))),
		      ilog2(left));
	if (s->child || order < ZXP_SUPPLY_ORDER ||
	    !zxp_vmo_may_be_large(s->vmo, index, BIT(order)))
		return -EAGAIN;
	/* Pages of zeroes that take no memory are better still. */
	if (s->aux &&
	    !zxp_vmo_all_present(s->aux, source >> PAGE_SHIFT, BIT(order)))
		return -EAGAIN;
	folio = zxp_vmo_alloc_large(s->vmo, order);
	if (!folio)
		return -EAGAIN;
	ret = zxp_supply_large_folio(s, folio, index, source);
	folio_put(folio);
	if (ret)
		return ret;
	args->out_done += PAGE_SIZE << order;
	args->out_filled += PAGE_SIZE << order;
	return 0;
}

static int zxp_supply(struct zxp_supply *s)
{
	struct zxp_supply_pages *args = s->args;
	int ret = 0;

	if (!zxp_vmo_in_bounds(s->vmo, args->offset, args->length))
		return -ERANGE;
	if (zxp_vmo_detached(s->vmo))
		return -ESTALE;
	WRITE_ONCE(s->vmo->source->stalled, false);

	while (args->out_done < args->length) {
		/* Nothing is taken out of another VMO for what will be refused. */
		if (READ_ONCE(s->vmo->source->epoch) != s->epoch)
			return -ESHUTDOWN;
		ret = zxp_supply_large(s);
		if (ret == -EAGAIN)
			ret = zxp_supply_batch(s);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		if (ret || args->out_done == args->length)
			break;
		zxp_runs_resolve(&s->runs);
		cond_resched();
	}
	return ret;
}

/*
 * Out of a plain VMO. What nobody wants leaves it as well. So does the rest after an error that
 * may have come when something was taken already: what is then nowhere must not be supplied as
 * zeroes, by who goes on after what was done. A page whose memory has failed is not taken.
 */
static int zxp_supply_plain(struct zxp_supply *s, struct zxp_vmo *aux)
{
	struct zxp_supply_pages *args = s->args;
	int ret;

	if (aux->source)
		return -EOPNOTSUPP;
	if (!zxp_vmo_in_bounds(aux, args->source, args->length))
		return -ERANGE;
	ret = zxp_vmo_check_pins(aux, args->source >> PAGE_SHIFT,
				 (args->source + args->length) >> PAGE_SHIFT);
	if (ret)
		return ret;
	s->aux = aux;
	ret = zxp_supply(s);
	s->aux = NULL;
	if (ret != -EIO && ret != -ESHUTDOWN)
		zxp_supply_drop_aux(aux, args->source + args->out_done,
				    args->length - args->out_done);
	return ret;
}

/* Out of a copy. What nobody wants leaves it as well, unless that cannot be had. */
static int zxp_supply_copy_of(struct zxp_supply *s, struct zxp_child *child)
{
	pgoff_t start = child->offset + (s->args->source >> PAGE_SHIFT);
	pgoff_t end = start + (s->args->length >> PAGE_SHIFT);
	int ret;

	if (!zxp_child_in_bounds(child, s->args->source, s->args->length))
		return -ERANGE;
	ret = zxp_child_check_pins(child, start, end);
	if (ret)
		return ret;
	s->child = child;
	s->kept = false;
	ret = zxp_supply(s);
	s->child = NULL;
	start += s->args->out_done >> PAGE_SHIFT;
	if (!s->kept && ret != -ESHUTDOWN && start < end && !fatal_signal_pending(current))
		zxp_child_zero_pages(child, start, end);
	return ret;
}

/* Out of a child. What is in a slice is in what it is a part of. */
static int zxp_supply_child(struct zxp_supply *s)
{
	struct zxp_supply_pages *args = s->args;
	u64 source = args->source;
	struct zxp_parent from;
	int ret;

	ret = zxp_child_get(args->aux_fd, FMODE_READ | FMODE_WRITE, &from);
	if (ret)
		return ret;
	if (from.slice && !from.child && from.root->source)
		ret = -EOPNOTSUPP;
	else if (from.slice && !zxp_slice_in_bounds(from.slice, source, args->length))
		ret = -ERANGE;
	else if (from.slice)
		args->source += zxp_slice_start(from.slice);
	if (!ret)
		ret = from.child ? zxp_supply_copy_of(s, from.child) :
				   zxp_supply_plain(s, from.root);
	args->source = source;
	fput(from.file);
	return ret;
}

static int zxp_supply_aux(struct zxp_supply *s)
{
	struct zxp_vmo *aux;
	struct file *file;
	int ret;

	file = zxp_vmo_get_file(s->args->aux_fd, FMODE_READ | FMODE_WRITE, &aux);
	/* That is what it says of any child. */
	if (file == ERR_PTR(-EINVAL))
		return zxp_supply_child(s);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = zxp_supply_plain(s, aux);
	fput(file);
	return ret;
}

static bool zxp_supply_args_valid(const struct zxp_supply_pages *args)
{
	return !(args->flags & ~ZXP_SUPPLY_AUX) &&
	       PAGE_ALIGNED(args->offset) && PAGE_ALIGNED(args->length) &&
	       (args->flags & ZXP_SUPPLY_AUX ? PAGE_ALIGNED(args->source) :
					       args->aux_fd == -1);
}

static int zxp_supply_range(struct zxp_supply *s)
{
	return s->args->flags & ZXP_SUPPLY_AUX ? zxp_supply_aux(s) : zxp_supply(s);
}

int zxp_pager_supply_pages(struct zxp_pager_file *by,
			   struct zxp_supply_pages *args)
{
	struct zxp_supply s;
	struct file *file;
	int ret;

	args->out_done = 0;
	args->out_filled = 0;
	if (!zxp_supply_args_valid(args))
		return -EINVAL;

	file = zxp_pager_vmo_file(by->pager, args->vmo_fd, FMODE_WRITE, &s.vmo);
	if (IS_ERR(file))
		return PTR_ERR(file);
	s.epoch = by->epoch;
	s.aux = NULL;
	s.child = NULL;
	s.args = args;
	zxp_runs_init(&s.runs, NULL, 0);
	ret = zxp_supply_range(&s);
	fput(file);
	return ret;
}

/* The next of many ranges; -EFAULT if it cannot be read. */
static int zxp_supply_get_range(struct zxp_supply *s, u64 from)
{
	struct zxp_supply_range range;

	if (!zxp_supply_copy(s, &range, from, sizeof(range)))
		return -EFAULT;
	*s->args = (struct zxp_supply_pages) {
		.flags = range.flags,
		.vmo_fd = range.vmo_fd,
		.aux_fd = range.aux_fd,
		.offset = range.offset,
		.length = range.length,
		.source = range.source,
	};
	return range.reserved || !zxp_supply_args_valid(s->args) ? -EINVAL : 0;
}

int zxp_pager_supply_ranges(struct zxp_pager_file *by,
			    struct zxp_supply_ranges *args)
{
	struct zxp_supply_pages range = {};
	struct zxp_run room[ZXP_RUNS_MAX];
	struct file *file = NULL;
	struct zxp_supply s;
	int ret = 0, fd = -1;

	args->out_ranges = 0;
	args->out_done = 0;
	args->out_filled = 0;
	if (args->flags || args->nr_ranges > ZXP_SUPPLY_RANGES_MAX)
		return -EINVAL;

	s.epoch = by->epoch;
	s.aux = NULL;
	s.child = NULL;
	s.args = &range;
	zxp_runs_init(&s.runs, room, ARRAY_SIZE(room));
	while (args->out_ranges < args->nr_ranges) {
		ret = zxp_supply_get_range(&s, args->ranges + (u64)args->out_ranges *
					   sizeof(struct zxp_supply_range));
		if (ret)
			break;
		/* Ranges of one VMO that follow each other need it once. */
		if (!file || range.vmo_fd != fd) {
			if (file)
				fput(file);
			fd = range.vmo_fd;
			file = zxp_pager_vmo_file(by->pager, fd, FMODE_WRITE, &s.vmo);
			if (IS_ERR(file)) {
				ret = PTR_ERR(file);
				file = NULL;
				break;
			}
		}
		ret = zxp_supply_range(&s);
		if (ret)
			break;
		range.out_done = 0;
		range.out_filled = 0;
		args->out_ranges++;
		/* Whoever is next may be one of those who wait. */
		if (need_resched())
			zxp_runs_resolve(&s.runs);
		cond_resched();
	}
	zxp_runs_resolve(&s.runs);
	args->out_done = range.out_done;
	args->out_filled = range.out_filled;
	if (file)
		fput(file);
	return ret;
}
