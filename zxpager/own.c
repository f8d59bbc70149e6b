// SPDX-License-Identifier: GPL-2.0
/*
 * What a child sees, and how it gets pages for itself.
 *
 * Between the look for a page and its being mapped its folio is locked, and whoever puts
 * another one in its place locks it as well: so either the fault sees the new one, or the
 * other one what the fault has mapped.
 */
#include <linux/highmem.h>

#include "child.h"

/*
 * A page that was the child's own until a child was made of it gets a copy, which takes its
 * place: who waits for a futex there goes on waiting for that one. The old page is locked.
 */
static void zxp_own_take_over(struct folio *new, struct folio *old)
{
	if (new->private != old->private)
		return;
	new->index = old->index;
	old->index = zxp_own_number();
	old->private = NULL;
}

/**
 * zxp_child_look() - what a child has at an index
 * @child: the child
 * @index: page of the root
 * @own: a folio of its own or of a layer below, with a reference; else NULL
 *
 * Return: where it was a moment ago.
 */
enum zxp_seen zxp_child_look(struct zxp_child *child, pgoff_t index, struct folio **own)
{
	struct zxp_family *family = zxp_child_family(child);
	enum zxp_seen seen;
	void *page;
	bool got;

	/* Who tries to take a page away, as FUSE does with one in a pipe, freezes it. */
	do {
		read_lock(&family->lock);
		seen = zxp_layer_find(child->top, index, &page);
		got = !page || folio_try_get(page);
		read_unlock(&family->lock);
		cpu_relax();
	} while (!got);
	*own = page;
	return seen;
}

/**
 * zxp_child_lock_folio() - the folio of a page, wherever it is
 * @child: the child
 * @index: page of the root
 * @folio: the folio, locked and with a reference; NULL for zeroes, for what is lost, and
 *	where the root has none
 *
 * As long as it is locked nothing takes its place.
 *
 * Return: whose it is.
 */
enum zxp_seen zxp_child_lock_folio(struct zxp_child *child, pgoff_t index,
				   struct folio **folio)
{
	enum zxp_seen seen, now;
	struct folio *own, *again;

	for (;;) {
		seen = zxp_child_look(child, index, &own);
		*folio = NULL;
		if (own)
			folio_lock(own);
		if (seen != ZXP_SEEN_ZERO && seen != ZXP_SEEN_LOST)
			*folio = own ?: zxp_vmo_lock_folio(child->root, index);
		if (!*folio)
			return seen;
		now = zxp_child_look(child, index, &again);
		if (again)
			folio_put(again);
		if (now == seen && again == own)
			return seen;
		folio_unlock(*folio);
		folio_put(*folio);
	}
}

enum zxp_seen zxp_child_sees(struct zxp_child *child, pgoff_t index)
{
	struct folio *own;
	enum zxp_seen seen = zxp_child_look(child, index, &own);

	if (own)
		folio_put(own);
	return seen;
}

/* What is there if there is no page? */
enum zxp_absent zxp_child_absent(struct zxp_child *child, pgoff_t index)
{
	enum zxp_seen seen = zxp_child_sees(child, index);
	enum zxp_absent absent;

	if (seen != ZXP_SEEN_ROOT)
		return seen == ZXP_SEEN_ZERO ? ZXP_ABSENT_ZERO : ZXP_ABSENT_NOT;
	absent = zxp_vmo_absent(child->root, index);
	/* If there was no before-image afterwards, these were the zeroes that it sees. */
	return absent == ZXP_ABSENT_ZERO && zxp_child_sees(child, index) != ZXP_SEEN_ROOT ?
	       ZXP_ABSENT_NOT : absent;
}

/*
 * Who else sees a page of a layer below, which is locked? With tree_lock that stays so if
 * these are fewer than two. Return: 0; -EBUSY they are, and the tree is not locked; -ESTALE
 * look again.
 */
static int zxp_child_find_seers(struct zxp_child *child, pgoff_t index, struct folio *own,
				bool tree, struct zxp_layer_seers *seers)
{
	struct zxp_family *family = zxp_child_family(child);
	int ret = -ESTALE;
	void *now;

	write_lock(&family->lock);
	if (zxp_layer_find(child->top, index, &now) == ZXP_SEEN_SHARED && now == own) {
		zxp_layer_find_seers(child->top, index, seers);
		ret = seers->nr < 2 && !tree ? -EBUSY : 0;
	}
	write_unlock(&family->lock);
	return ret;
}

/*
 * Put a copy into the top layer, or what takes the place of its page, unless that has
 * changed. It is locked then, so that nobody maps it yet. With @many two others have to see
 * what it is a copy of. Return: 0; -ESTALE look again; -EBUSY two do not; -ENOMEM.
 */
static int zxp_child_insert(struct zxp_child *child, pgoff_t index, struct folio *new,
			    enum zxp_seen seen, struct folio *own, bool many)
{
	struct zxp_family *family = zxp_child_family(child);
	struct zxp_layer_seers seers;
	int ret = -ESTALE;
	void *now;

	write_lock(&family->lock);
	if (zxp_layer_find(child->top, index, &now) != seen || now != own)
		goto unlock;
	ret = 0;
	/* One may have zeroed it since they were found. */
	if (many) {
		zxp_layer_find_seers(child->top, index, &seers);
		ret = seers.nr < 2 ? -EBUSY : 0;
	}
	if (ret)
		goto unlock;
	if (seen == ZXP_SEEN_TOP)
		zxp_layer_replace(child->top, index, new);
	else
		ret = zxp_layer_set(child->top, index, new);
	if (ret)
		goto unlock;
	__folio_set_locked(new);
	zxp_own_begin(family, child->id, new);
	if (seen == ZXP_SEEN_SHARED)
		zxp_own_take_over(new, own);
unlock:
	write_unlock(&family->lock);
	return ret;
}

/* Copy what the child sees. Return: 0; -EAGAIN the root has to be asked; -EHWPOISON. */
static int zxp_child_copy(struct zxp_child *child, pgoff_t index, struct folio *new,
			  enum zxp_seen seen, struct folio *from)
{
	if (seen == ZXP_SEEN_LOST)
		return -EHWPOISON;
	if (!from) {
		if (seen == ZXP_SEEN_ROOT && !zxp_vmo_is_zero(child->root, index))
			return -EAGAIN;
		clear_highpage(folio_page(new, 0));
		return 0;
	}
	if (seen == ZXP_SEEN_ROOT && zxp_vmo_drop_poisoned(child->root, from, index))
		return -EAGAIN;
	if (zxp_folio_poisoned(from, index))
		return -EHWPOISON;
	copy_highpage(folio_page(new, 0), folio_file_page(from, index));
	return 0;
}

/*
 * There were zeroes, and there is an own page now. Faults that have found the zeroes, or what
 * the root got in their place meanwhile, have mapped it after this. Return: whether any has.
 */
static bool zxp_child_settle_zero(struct zxp_child *child, pgoff_t index,
				  enum zxp_seen seen)
{
	bool mapped = zxp_vmo_settle_zeroes(child->root);
	struct folio *folio;

	if (seen != ZXP_SEEN_ROOT)
		return mapped;
	folio = zxp_vmo_lock_folio(child->root, index);
	if (!folio)
		return mapped;
	mapped |= zxp_folio_may_be_seen(folio, 1);
	folio_unlock(folio);
	folio_put(folio);
	return mapped;
}

/* Is a fault for that page? Then it has a reference. */
static bool zxp_fault_is_for(struct vm_fault *vmf, struct folio *folio)
{
	return vmf && vmf->page && page_folio(vmf->page) == folio;
}

/*
 * Has somebody a reference of a locked folio, but for its owner, the caller and who has mapped
 * it? Reclaim has, which may have taken it out of page tables, and will tell processors of
 * that later.
 */
static bool zxp_folio_held(struct folio *folio, struct vm_fault *vmf)
{
	int refs = folio_nr_pages(folio) + 1 + zxp_folio_mapcount(folio);

	return folio_ref_count(folio) > refs + zxp_fault_is_for(vmf, folio);
}

/*
 * zxp_child_fork_locked(), once. What the child sees may change before the folio is locked,
 * but for a page of its own: that is found when the copy is put in. -ESTALE: look again;
 * -EBUSY: with the @tree locked.
 */
static int zxp_child_fork_once(struct zxp_child *child, pgoff_t index, struct folio *new,
			       struct vm_fault *vmf, struct folio **own, bool tree)
{
	struct zxp_layer_seers seers = { .nr = 2 };
	struct folio *from;
	enum zxp_seen seen = zxp_child_look(child, index, &from);
	bool seen_by_map = false;
	int ret = 0, refs;

	if (from)
		folio_lock(from);
	else if (seen == ZXP_SEEN_ROOT)
		from = zxp_vmo_lock_folio(child->root, index);
	if (seen == ZXP_SEEN_TOP) {
		*own = from;
		return 0;
	}
	refs = 1 + (from && zxp_fault_is_for(vmf, from));
	if (seen == ZXP_SEEN_SHARED)
		ret = zxp_child_find_seers(child, index, from, tree, &seers);
	/* What nobody else sees need not be copied. It may be mapped here alone. */
	if (!ret && !seers.nr && vmf && zxp_folio_may_be_seen(from, refs))
		zxp_child_unmap_fault(child, vmf);
	if (!ret && !seers.nr && zxp_sweep_move(child->root, seers.owner, index, from, refs,
						child->top)) {
		*own = from;
		return 0;
	}
	ret = ret ?: zxp_child_copy(child, index, new, seen, from) ?:
	      zxp_child_insert(child, index, new, seen,
			       seen == ZXP_SEEN_SHARED ? from : NULL,
			       seen == ZXP_SEEN_SHARED && seers.nr > 1);
	if (ret == -EHWPOISON && zxp_child_sees(child, index) != seen)
		ret = -ESTALE;
	if (!ret && !seers.nr)
		zxp_sweep_page(child->root, &seers, index, from, refs);
	else if (!ret)
		seen_by_map = from ? zxp_folio_may_be_seen(from, 1) :
				     zxp_child_settle_zero(child, index, seen);
	/* As long as it is locked reclaim takes it out of no table, to tell of that later. */
	if (seen_by_map && vmf && !(from && zxp_folio_held(from, vmf)) &&
	    zxp_child_unmap_fault(child, vmf))
		seen_by_map = false;
	/* Where it is mapped by who else sees it, it is left until that one stores to it. */
	if (!ret && seers.nr == 1 && !zxp_folio_may_be_seen(from, refs))
		zxp_sweep_page(child->root, &seers, index, from, refs);
	if (from) {
		folio_unlock(from);
		folio_put(from);
	}
	if (seen_by_map)
		zxp_child_unmap_page(child, index);
	if (!ret) {
		folio_get(new);
		*own = new;
	}
	return ret;
}

/* Return: 0; -EBUSY, of a fault that is not to wait with its lock; -EINTR. */
static int zxp_child_lock_tree(struct zxp_child *child, struct vm_fault *vmf)
{
	struct mutex *lock = &zxp_child_family(child)->tree_lock;

	if (!vmf || !zxp_fault_only_tries(vmf))
		return zxp_lock_killable(lock);
	return mutex_trylock(lock) ? 0 : -EBUSY;
}

/**
 * zxp_child_fork_locked() - give a child a page of its own
 * @child: the child
 * @index: page of the root, inside of the child
 * @new: a folio by zxp_own_alloc()
 * @vmf: the fault of a shared mapping that is for this page, or NULL
 * @own: its page, locked and with a reference; not @new if it had one, or if nobody else saw
 *	what it would be a copy of
 *
 * Return: 0; -EAGAIN what it would be a copy of is missing; -ENOMEM; -ERANGE behind the end;
 * -EHWPOISON it is lost; -EBUSY, of a fault, as soon as the tree is not locked by others;
 * -EINTR.
 */
int zxp_child_fork_locked(struct zxp_child *child, pgoff_t index, struct folio *new,
			  struct vm_fault *vmf, struct folio **own)
{
	bool tree = false;
	int ret;

	lockdep_assert_held(&child->content_lock);

	if (!zxp_child_has(child, index))
		return -ERANGE;
	do {
		ret = zxp_child_fork_once(child, index, new, vmf, own, tree);
		if (ret != -EBUSY)
			continue;
		ret = tree ? 0 : zxp_child_lock_tree(child, vmf);
		if (ret)
			return ret;
		tree = true;
		ret = -ESTALE;
	} while (ret == -ESTALE);
	if (tree)
		mutex_unlock(&zxp_child_family(child)->tree_lock);
	if (!ret && folio_test_hwpoison(*own)) {
		folio_unlock(*own);
		folio_put(*own);
		ret = -EHWPOISON;
	}
	return ret;
}

/* -ESTALE: look again. */
static int zxp_child_replace_once(struct zxp_child *child, pgoff_t index, struct folio *new)
{
	struct folio *from;
	enum zxp_seen seen = zxp_child_lock_folio(child, index, &from);
	bool inserted = false, mapped = false;
	int ret = 0;

	if (seen == ZXP_SEEN_LOST || (from && zxp_folio_poisoned(from, index))) {
		ret = zxp_child_insert(child, index, new, seen,
				       seen == ZXP_SEEN_ROOT ? NULL : from, false);
		inserted = !ret;
		mapped = inserted && from && zxp_folio_may_be_seen(from, 1);
	}
	if (from)
		folio_unlock(from);
	if (mapped)
		zxp_child_unmap_page(child, index);
	if (inserted)
		folio_unlock(new);
	if (inserted && seen == ZXP_SEEN_TOP)
		zxp_own_drop(from);
	if (from)
		folio_put(from);
	return ret;
}

static int zxp_child_replace_locked(struct zxp_child *child, pgoff_t index, struct folio *new)
{
	int ret = 0;

	lockdep_assert_held(&child->content_lock);

	while (zxp_child_has(child, index)) {
		ret = zxp_child_replace_once(child, index, new);
		if (ret != -ESTALE)
			break;
		ret = 0;
		cond_resched();
	}
	if (!ret)
		zxp_sweep_below(child, index, index + 1);
	return ret;
}

/**
 * zxp_child_replace() - put a page where one was lost
 * @child: the child; nothing of it is locked
 * @index: page of the root
 * @new: a folio by zxp_own_alloc(), with content
 *
 * Return: 0 to look again, also if nothing is lost there any more; -ENOMEM, -EINTR.
 */
int zxp_child_replace(struct zxp_child *child, pgoff_t index, struct folio *new)
{
	int ret, tries = ZXP_MEMORY_TRIES;

	do {
		if (mutex_lock_killable(&child->content_lock))
			return -EINTR;
		ret = zxp_child_replace_locked(child, index, new);
		mutex_unlock(&child->content_lock);
	} while (ret == -ENOMEM && tries-- && zxp_vmo_reserve(child->root));
	return ret;
}
