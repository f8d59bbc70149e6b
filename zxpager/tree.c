// SPDX-License-Identifier: GPL-2.0
/*
 * Which layer is on which: what happens when a child is made, and when it goes.
 */
#include <linux/memcontrol.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "child.h"

/* Steps that there may be as long as there is no memory to have less. */
#define ZXP_LAYERS_MOST		(8 * ZXP_LAYERS_MAX)

/*
 * As many pages between two that are mapped are unmapped with them; more of them the more runs
 * there are, since for each run all mappings of the family are looked at.
 */
#define ZXP_UNMAP_GAP		16
#define ZXP_UNMAP_RUNS		64

/* One to be the top of @child. */
struct zxp_layer *zxp_tree_alloc(struct zxp_child *child)
{
	struct zxp_layer *layer = kmalloc(sizeof(*layer), GFP_KERNEL_ACCOUNT);

	if (!layer)
		return NULL;
	zxp_layer_init(layer);
	layer->id = child->id;
	layer->start = child->offset;
	return layer;
}

/* One for before-images, for which the caller is going to pay. */
struct zxp_layer *zxp_tree_alloc_before(struct zxp_child *child)
{
	struct zxp_layer *layer = zxp_tree_alloc(child);

	if (layer)
		layer->payer = get_mem_cgroup_from_mm(current->mm);
	return layer;
}

/* One with nothing in it, which is on no other; or NULL. */
void zxp_tree_free_spare(struct zxp_layer *layer)
{
	if (layer)
		mem_cgroup_put(layer->payer);
	kfree(layer);
}

static void zxp_tree_push(struct zxp_family *family, struct zxp_layer *layer,
			  struct zxp_layer *below, pgoff_t limit)
{
	write_lock(&family->lock);
	zxp_layer_push(layer, below, limit);
	write_unlock(&family->lock);
}

/* A child of the root, of which it sees nothing from a page on. */
void zxp_tree_add_locked(struct zxp_child *child, pgoff_t limit)
{
	struct zxp_family *family = zxp_child_family(child);

	lockdep_assert_held(&child->root->content_lock);

	zxp_tree_push(family, child->top, &family->bottom, limit);
}

/*
 * What was found in the layer is mapped, or is not going to be, and nothing of it is mapped any
 * more. Each run of pages is looked for in the mappings of the whole family, which may have
 * much else between them, and have to map that anew. Return: 0; -EINTR the caller is killed,
 * and not all is done.
 */
static int zxp_tree_unmap_layer(struct zxp_vmo *root, struct zxp_layer *layer, bool killable)
{
	struct address_space *mapping = root->inode.i_mapping;
	pgoff_t start = 0, end = 0, gap = ZXP_UNMAP_GAP;
	unsigned int runs = 0;
	struct folio *folio;
	unsigned long index;
	int ret = 0;

	xa_for_each(&layer->pages, index, folio) {
		ret = zxp_own_settle(folio, killable);
		if (ret)
			break;
		/* Nobody who has looked after the change maps it so that it can be stored to. */
		if (zxp_folio_may_be_seen(folio, 0)) {
			if (start < end && index - end > gap) {
				unmap_mapping_pages(mapping, start, end - start, false);
				start = end;
				if (!(++runs % ZXP_UNMAP_RUNS))
					gap *= 2;
			}
			if (start == end)
				start = index;
			end = index + 1;
		}
		cond_resched();
	}
	if (start < end)
		unmap_mapping_pages(mapping, start, end - start, false);
	return ret;
}

static int zxp_tree_settle_one(struct zxp_vmo *vmo, struct folio *folio, void *arg)
{
	return 0;
}

/**
 * zxp_tree_settle_locked() - no page of a layer that was seen is to be mapped any more
 * @child: the child
 * @start: first page of the root
 * @end: the page after the last one
 *
 * That is, by faults that have begun, which have looked before the caller has changed what
 * there is to be seen. The tree is locked since before that change, as who waits for it may be
 * killed. zxp_tree_unmap() is to follow.
 */
void zxp_tree_settle_locked(struct zxp_child *child, pgoff_t start, pgoff_t end)
{
	struct zxp_layer *layer;
	struct folio *folio;
	unsigned long index;

	lockdep_assert_held(&zxp_child_family(child)->tree_lock);

	for (layer = child->top; layer->below && start < end; layer = zxp_layer_next(layer))
		xa_for_each_range(&layer->pages, index, folio, start, end - 1) {
			zxp_own_settle(folio, false);
			cond_resched();
		}
}

/* Where the entry after as many others is, or @end. */
static pgoff_t zxp_part_of(struct xarray *entries, pgoff_t start, pgoff_t end,
			   unsigned long nr)
{
	unsigned long index;
	void *entry;

	xa_for_each_range(entries, index, entry, start, end - 1)
		if (!nr--)
			return index;
	return end;
}

/**
 * zxp_tree_part_locked() - a part of a range in which there is not too much
 * @child: the child
 * @start: first page of the root
 * @end: the page after the last one
 * @nr: how many pages of the root, or of a layer, at most
 *
 * Return: the page after that part, which has a page at least.
 */
pgoff_t zxp_tree_part_locked(struct zxp_child *child, pgoff_t start, pgoff_t end,
			     unsigned long nr)
{
	struct zxp_layer *layer;

	lockdep_assert_held(&zxp_child_family(child)->tree_lock);

	end = zxp_part_of(&child->root->inode.i_mapping->i_pages, start, end, nr);
	for (layer = child->top; layer->below; layer = zxp_layer_next(layer))
		end = zxp_part_of(&layer->pages, start, end, nr);
	return end;
}

/**
 * zxp_tree_unmap() - nothing that was seen is to be mapped any more
 * @child: the child
 * @start: first page of the root
 * @end: the page after the last one
 *
 * Who needs it has it mapped anew, also another child.
 */
void zxp_tree_unmap(struct zxp_child *child, pgoff_t start, pgoff_t end)
{
	struct zxp_vmo *root = child->root;

	lockdep_assert_held(&child->content_lock);

	if (start >= end)
		return;
	zxp_vmo_for_folios(root, start, end, XA_PRESENT, zxp_tree_settle_one, NULL);
	zxp_vmo_settle_zeroes(root);
	unmap_mapping_pages(root->inode.i_mapping, start, end - start, false);
}

/* Return: 0; -ESTALE a page is pinned; -EINTR. */
static int zxp_tree_check_pins(struct zxp_layer *layer)
{
	struct folio *folio;
	unsigned long index;

	xa_for_each(&layer->pages, index, folio) {
		if (folio_maybe_dma_pinned(folio))
			return -ESTALE;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static void zxp_tree_free_zeroes(struct zxp_layer *layer)
{
	while (zxp_zero_remove_kind(&layer->zeroes, 0, ZXP_ZERO_MARKER) != ULONG_MAX)
		cond_resched();
}

/* What was gathered, if anything, whose pages are those of other layers. */
static void zxp_tree_free_gathered(struct zxp_layer *gathered)
{
	struct folio *folio;
	unsigned long index;

	if (!gathered)
		return;
	zxp_tree_free_zeroes(gathered);
	/* xa_destroy() would do that with interrupts off. */
	xa_for_each(&gathered->pages, index, folio) {
		xa_erase(&gathered->pages, index);
		cond_resched();
	}
	xa_destroy(&gathered->pages);
	kfree(gathered);
}

/* Nobody sees a layer any more. */
static void zxp_tree_free(struct zxp_layer *layer)
{
	struct folio *folio;
	pgoff_t index = 0;

	while ((folio = zxp_layer_take(layer, &index, ULONG_MAX))) {
		zxp_own_drop(folio);
		cond_resched();
	}
	zxp_tree_free_zeroes(layer);
	xa_destroy(&layer->pages);
	zxp_tree_free_spare(layer);
}

/* Have less to look at below a layer. Return: 0; -ENOMEM, -EINTR, and it is as it was. */
static int zxp_tree_gather(struct zxp_family *family, struct zxp_layer *over)
{
	gfp_t gfp = ZXP_GFP_LOCKED(GFP_KERNEL_ACCOUNT);
	struct zxp_layer *into = kmalloc(sizeof(*into), gfp);
	struct zxp_layer_gather gather;
	struct zxp_layer *old;
	int ret;

	if (!into)
		return -ENOMEM;
	zxp_layer_init(into);
	zxp_layer_gather_begin(&gather, over, into, gfp);
	do {
		if (!gather.spare)
			gather.spare = kmalloc(sizeof(*gather.spare), gfp);
		ret = zxp_layer_gather(&gather);
		if (ret > 0 && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	} while (ret > 0);
	kfree(gather.spare);
	if (ret) {
		zxp_tree_free_gathered(into);
		return ret;
	}
	write_lock(&family->lock);
	old = zxp_layer_gather_end(&gather);
	write_unlock(&family->lock);
	zxp_tree_free_gathered(old);
	return 0;
}

/*
 * The same between the layers for before-images. Without memory it is done with the next power of
 * them, for a while. Return: 0, -ENOMEM, -EINTR.
 */
static int zxp_tree_gather_before(struct zxp_family *family)
{
	struct zxp_layer *over;
	int ret = 0;

	lockdep_assert_held(&family->tree_lock);

	do {
		/* It may be a long way. Unlike that of others, their order is the tree's alone. */
		over = family->open ? zxp_layer_to_gather(family->open) : NULL;
		if (over)
			ret = zxp_tree_gather(family, over);
	} while (over && !ret);
	return ret == -ENOMEM && zxp_layer_steps(over) <= ZXP_LAYERS_MOST ? 0 : ret;
}

/*
 * Has somebody a page of the layer whom the only child that sees it does not know of? Who had
 * it by another child, which has gone, may have kept it, in a pipe for example, and is not to
 * see what is stored there later. While the folio is locked nobody maps it.
 *
 * That child also finds a futex of its own in each from now on, see own.c.
 */
static bool zxp_tree_lent(struct zxp_vmo *root, struct zxp_layer *layer, unsigned long id,
			  bool killable)
{
	struct folio *folio;
	unsigned long index;
	bool lent = false;

	/* Who is killed does not find out. */
	if (zxp_tree_unmap_layer(root, layer, killable))
		return true;
	xa_for_each(&layer->pages, index, folio) {
		folio_lock(folio);
		lent = folio_mapped(folio) || folio_ref_count(folio) != 1 ||
		       (killable && fatal_signal_pending(current));
		if (!lent)
			folio->private = (void *)id;
		folio_unlock(folio);
		if (lent)
			break;
		cond_resched();
	}
	return lent;
}

/* The layer above, if it is the only one and this may become a part of it. */
static struct zxp_layer *zxp_tree_only_above(struct zxp_family *family, struct zxp_layer *layer)
{
	struct zxp_layer *above;

	/* Who stores changes their order. */
	read_lock(&family->lock);
	above = layer->open ? NULL : zxp_layer_only_above(layer);
	read_unlock(&family->lock);
	return above;
}

/*
 * What a single layer sees moves to it. Without memory, or if the caller may be @killable and
 * is, the rest stays, and is seen as before. Return: the layer that has it now, where others
 * may see less of it; or the one below, if that is the top of a child.
 */
static struct zxp_layer *zxp_tree_merge(struct zxp_vmo *root, struct zxp_layer *from,
					bool killable)
{
	struct zxp_family *family = root->family;
	struct zxp_layer_merge merge = {
		.from = from,
		.into = zxp_tree_only_above(family, from),
	};
	int ret = 1;

	/* In the top of a child it would be stored to. */
	if (merge.into && list_empty(&merge.into->above) &&
	    zxp_tree_lent(root, from, merge.into->id, killable))
		return from;
	while (merge.into && ret > 0 && !(killable && fatal_signal_pending(current))) {
		if (!merge.spare)
			merge.spare = kmalloc(sizeof(*merge.spare),
					      ZXP_GFP_LOCKED(GFP_KERNEL_ACCOUNT));
		write_lock(&family->lock);
		ret = zxp_layer_merge(&merge);
		write_unlock(&family->lock);
		zxp_tree_free_gathered(merge.gathered);
		if (merge.page)
			zxp_own_drop(merge.page);
		cond_resched();
	}
	kfree(merge.spare);
	if (!merge.into || ret)
		return from;
	/* Whose snapshot it is may still be asked to pay: see before.c. */
	write_lock(&family->lock);
	if (!merge.into->payer)
		swap(merge.into->payer, from->payer);
	write_unlock(&family->lock);
	zxp_tree_free(from);
	return list_empty(&merge.into->above) ? merge.into->below : merge.into;
}

/* Has nothing changed of @want since the newest snapshot, which is paid for by the same? */
static bool zxp_tree_snapshot_serves(struct zxp_family *family, const struct zxp_layer *want,
				     pgoff_t limit)
{
	struct zxp_layer *last = family->open;
	bool serves;

	/* Who pays changes when somebody cannot. */
	read_lock(&family->lock);
	serves = last && zxp_layer_is_empty(last) && limit <= last->limit &&
		 want->start >= last->start && last->payer == want->payer;
	read_unlock(&family->lock);
	return serves;
}

/**
 * zxp_tree_snapshot_locked() - a child of a VMO that sees nothing of what becomes of that
 * @child: it, whose top has nothing yet
 * @limit: of the VMO, what comes from this page on is not seen
 * @spare: a layer for before-images; NULL afterwards if it was used
 *
 * As of one moment: see before.c. If nothing has changed since the last one, that is as good.
 *
 * Return: 0; -ESTALE a page is pinned, and may be stored to without a mapping; -ENOMEM,
 * -EINTR.
 */
int zxp_tree_snapshot_locked(struct zxp_child *child, pgoff_t limit,
			     struct zxp_layer **spare)
{
	struct zxp_family *family = zxp_child_family(child);
	struct zxp_layer *last, *new = *spare;
	struct zxp_vmo *root = child->root;
	int ret = 0;

	lockdep_assert_held(&root->content_lock);
	lockdep_assert_held(&family->tree_lock);

	last = family->open;
	if (zxp_tree_snapshot_serves(family, new, limit)) {
		zxp_tree_push(family, child->top, last, limit);
		return 0;
	}
	ret = zxp_tree_gather_before(family);
	if (ret)
		return ret;
	write_lock(&family->lock);
	zxp_layer_open(new, &family->bottom, last, limit);
	WRITE_ONCE(family->open, new);
	write_unlock(&family->lock);
	ret = zxp_vmo_settle_locked(root, true) ?: zxp_vmo_check_pins(root, 0, ULONG_MAX);
	if (ret) {
		write_lock(&family->lock);
		zxp_layer_reopen(new, last);
		WRITE_ONCE(family->open, last);
		write_unlock(&family->lock);
		return ret;
	}
	*spare = NULL;
	zxp_tree_push(family, child->top, new, limit);
	/* What was kept in it has stayed there until now, whoever sees that. */
	if (last)
		zxp_sweep_layer(root, zxp_tree_merge(root, last, true), 0, ULONG_MAX, true);
	return 0;
}

/**
 * zxp_tree_freeze_locked() - a child of a child
 * @parent: what it is made of
 * @child: it, whose top has nothing yet
 * @limit: of the parent, what comes from this page of the root on is not seen
 * @spare: a layer; NULL afterwards if it was used
 *
 * What the parent has is for both from now on, as of one moment: nobody gets a page of the
 * parent to store to, or stores by a mapping that is there, until the last such mapping is
 * gone.
 *
 * Return: 0; -ESTALE a page of the parent is pinned, and may be stored to without a
 * mapping; -ENOMEM, -EINTR.
 */
int zxp_tree_freeze_locked(struct zxp_child *parent, struct zxp_child *child,
			   pgoff_t limit, struct zxp_layer **spare)
{
	struct zxp_family *family = zxp_child_family(parent);
	struct zxp_layer *old = parent->top, *new = *spare;
	int ret = 0;

	lockdep_assert_held(&parent->content_lock);

	if (mutex_lock_killable(&family->tree_lock))
		return -EINTR;
	/* Where nothing is to be kept both see what is below. */
	if (zxp_layer_is_empty(old))
		zxp_tree_merge(parent->root, old->below, true);
	if (zxp_layer_is_empty(old)) {
		write_lock(&family->lock);
		zxp_layer_push(child->top, old->below, limit);
		/* Which a root that shrinks may change until here. */
		zxp_layer_cut(child->top, old->limit);
		write_unlock(&family->lock);
		goto unlock;
	}
	write_lock(&family->lock);
	zxp_layer_push(new, old, ULONG_MAX);
	parent->top = new;
	write_unlock(&family->lock);
	ret = zxp_tree_unmap_layer(parent->root, old, true) ?: zxp_tree_check_pins(old);
	if (ret) {
		write_lock(&family->lock);
		zxp_layer_pop(new);
		parent->top = old;
		write_unlock(&family->lock);
	} else {
		*spare = NULL;
		zxp_tree_push(family, child->top, old, limit);
		/*
		 * For which there was no memory, or which was lent, when others went. Here
		 * it is stored to by nobody.
		 */
		zxp_tree_merge(parent->root, old->below, true);
		/* What the child is not to see goes on being the parent's own. */
		zxp_sweep_layer(parent->root, old, 0, child->offset, true);
		zxp_sweep_layer(parent->root, old, limit, ULONG_MAX, true);
		/* Without memory it is tried again with the next one, for a while. */
		if (!old->gathered && zxp_layer_steps(old) >= ZXP_LAYERS_MAX)
			ret = zxp_tree_gather(family, old);
		if (ret == -ENOMEM && zxp_layer_steps(old) <= ZXP_LAYERS_MOST)
			ret = 0;
	}
unlock:
	mutex_unlock(&family->tree_lock);
	return ret;
}

/**
 * zxp_tree_remove() - a child goes
 * @child: it; nothing is mapped by it any more
 */
void zxp_tree_remove(struct zxp_child *child)
{
	struct zxp_family *family = zxp_child_family(child);
	struct zxp_layer *layer = child->top, *below, *gathered, *next;
	LIST_HEAD(seen_by_nobody);
	LIST_HEAD(not_needed);

	/* It was not made in the end. */
	if (!layer->below) {
		zxp_tree_free(layer);
		return;
	}
	mutex_lock(&family->tree_lock);
	while (layer->below && list_empty(&layer->above)) {
		write_lock(&family->lock);
		gathered = zxp_layer_ungather(layer);
		below = zxp_layer_pop(layer);
		if (layer == family->open)
			WRITE_ONCE(family->open, NULL);
		write_unlock(&family->lock);
		if (gathered)
			list_add(&gathered->link, &not_needed);
		list_add(&layer->link, &seen_by_nobody);
		layer = below;
	}
	layer = zxp_tree_merge(child->root, layer, false);
	zxp_sweep_layers(child->root, layer, child->offset, ULONG_MAX, false);
	mutex_unlock(&family->tree_lock);
	/* That takes its time, and others need not wait for it. */
	list_for_each_entry_safe(gathered, next, &not_needed, link)
		zxp_tree_free_gathered(gathered);
	list_for_each_entry_safe(layer, next, &seen_by_nobody, link)
		zxp_tree_free(layer);
}
