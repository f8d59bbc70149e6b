// SPDX-License-Identifier: GPL-2.0
/*
 * What a child shows to who reads it, stores to it and maps it: see read.c and fault.c. The
 * daemon of the root is asked, for what the child sees of that.
 */
#include "child.h"

static struct folio *zxp_child_find(struct zxp_read *read, pgoff_t index)
{
	struct zxp_child *child = read->view.child;
	struct folio *folio;

	read->end = (loff_t)(zxp_child_end(child) - read->view.first) << PAGE_SHIFT;
	if (read->pos >= read->end)
		return ERR_PTR(-ERANGE);
	read->mark = zxp_child_look(child, index, &folio);
	if (read->mark == ZXP_SEEN_LOST)
		return ERR_PTR(-EHWPOISON);
	if (read->mark == ZXP_SEEN_ROOT)
		folio = zxp_vmo_get_folio(child->root, index);
	return folio || zxp_child_absent(child, index) == ZXP_ABSENT_ZERO ?
	       folio : ERR_PTR(-EAGAIN);
}

/* Or has the child got its own? What the root has got since is not for it. */
static bool zxp_child_confirm(struct zxp_read *read, pgoff_t index)
{
	return read->mark != ZXP_SEEN_ROOT ||
	       zxp_child_sees(read->view.child, index) == ZXP_SEEN_ROOT;
}

static struct folio *zxp_child_lock_at(struct zxp_child *child, pgoff_t index, bool nowait)
{
	enum zxp_seen seen;
	struct folio *folio;
	int ret;

	if (nowait)
		return ERR_PTR(-EAGAIN);
	if (!zxp_child_has(child, index))
		return ERR_PTR(-ERANGE);
	seen = zxp_child_lock_folio(child, index, &folio);
	if (seen == ZXP_SEEN_LOST)
		return ERR_PTR(-EIO);
	if (!folio || !zxp_folio_poisoned(folio, index))
		return folio;
	ret = seen == ZXP_SEEN_ROOT && zxp_vmo_drop_poisoned(child->root, folio, index) ?
	      -ESTALE : -EHWPOISON;
	folio_unlock(folio);
	folio_put(folio);
	return ERR_PTR(ret);
}

/* Behind @index, as far as @end, what the child sees of the root. */
pgoff_t zxp_child_run_end(struct zxp_child *child, pgoff_t index, pgoff_t end)
{
	struct zxp_family *family = zxp_child_family(child);
	pgoff_t start = index;

	read_lock(&family->lock);
	if (!zxp_layer_clip(child->top, index, &start, &end))
		end = index + 1;
	read_unlock(&family->lock);
	return end;
}

/* Ask for a page of the root, and for those behind it. 0: look again. */
int zxp_child_ask(struct zxp_child *child, struct zxp_request *request, pgoff_t index,
		  pgoff_t end, unsigned long generation)
{
	if (zxp_child_absent(child, index) != ZXP_ABSENT_MISSING)
		return 0;
	/* It may have shrunk meanwhile, which its layers do not know yet. */
	end = max(index + 1, end);
	return zxp_read_wait(child->root, request, index,
			     zxp_child_run_end(child, index, end), generation);
}

/* It is one of its own, and locked. Return: 0; else it is given up, and why. */
static int zxp_child_check_folio(struct zxp_child *child, pgoff_t index,
				 struct folio *folio)
{
	int ret = zxp_child_has(child, index) ? 0 : -ERANGE;

	if (!ret && folio_test_hwpoison(folio))
		ret = -EHWPOISON;
	if (ret) {
		folio_unlock(folio);
		folio_put(folio);
	}
	return ret;
}

/* A page of its own, if nothing is to be waited for; to copy one may take its time. */
static struct folio *zxp_child_try_folio(struct zxp_child *child, pgoff_t index)
{
	struct folio *folio, *again;
	enum zxp_seen seen = zxp_child_look(child, index, &folio);
	int ret = -EAGAIN;

	if (seen == ZXP_SEEN_TOP && folio_trylock(folio)) {
		seen = zxp_child_look(child, index, &again);
		if (again)
			folio_put(again);
		if (seen == ZXP_SEEN_TOP && again == folio) {
			ret = zxp_child_check_folio(child, index, folio);
			return ret ? ERR_PTR(ret) : folio;
		}
		folio_unlock(folio);
	}
	if (folio)
		folio_put(folio);
	return ERR_PTR(ret);
}

/* Return: 0 @own is its page, locked and with a reference; else as below. */
static int zxp_child_fork(struct zxp_child *child, pgoff_t index, struct folio **own)
{
	struct folio *new = zxp_own_alloc(false);
	int ret;

	if (!new)
		return -ENOMEM;
	ret = mutex_lock_killable(&child->content_lock);
	if (!ret) {
		ret = zxp_child_fork_locked(child, index, new, NULL, own);
		mutex_unlock(&child->content_lock);
	}
	folio_put(new);
	return ret;
}

/**
 * zxp_child_folio_for_write() - a page of its own, to be stored to
 * @child: the child
 * @index: page of the root
 * @end: what is wanted with it if the daemon has to be asked
 * @nowait: -EAGAIN instead of waiting for the daemon, for memory or for another fork
 *
 * Return: the folio, locked and with a reference; or -ERANGE, -ENOMEM, -EAGAIN, -EHWPOISON,
 * -EINTR, -ERESTARTNOINTR, -ESTALE, or a FAIL code.
 */
struct folio *zxp_child_folio_for_write(struct zxp_child *child, pgoff_t index,
					pgoff_t end, bool nowait)
{
	struct zxp_request request = {};
	int tries = ZXP_MEMORY_TRIES;
	unsigned long generation;
	struct folio *folio;
	int ret = 0;

	if (nowait)
		return zxp_child_try_folio(child, index);
	while (!ret) {
		generation = zxp_vmo_generation(child->root);
		if (zxp_child_lock_folio(child, index, &folio) == ZXP_SEEN_TOP) {
			ret = zxp_child_check_folio(child, index, folio);
			break;
		}
		if (folio) {
			folio_unlock(folio);
			folio_put(folio);
		}
		ret = zxp_child_fork(child, index, &folio);
		if (!ret)
			break;
		if (ret == -EAGAIN)
			ret = zxp_child_ask(child, &request, index,
					    min(end, zxp_child_end(child)), generation);
		else if (ret == -ENOMEM && tries-- && zxp_vmo_reserve(child->root))
			ret = 0;
	}
	if (child->root->source)
		zxp_request_end(child->root->source, &request);
	return ret ? ERR_PTR(ret) : folio;
}

const struct zxp_child_ops zxp_child_ops = {
	.find = zxp_child_find,
	.confirm = zxp_child_confirm,
	.lock = zxp_child_lock_at,
	.absent = zxp_child_absent,
	.ask = zxp_child_ask,
	.folio_for_write = zxp_child_folio_for_write,
	.replace = zxp_child_replace,
};
