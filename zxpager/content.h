/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 7, content: the VMO, what is in it, and how large it is.
 */
#ifndef _ZXPAGER_CONTENT_H
#define _ZXPAGER_CONTENT_H

#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/migrate_mode.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>

#include "layer.h"
#include "request.h"

/*
 * Lock order, outermost first:
 *
 *	sb_writers, pipe lock	the VFS: write(), ftruncate(), splice()
 *	inode->i_rwsem		the VFS: ftruncate()
 *	zxp_vmo.append_lock	O_APPEND writes
 *	zxp_pager.begin_lock	BEGIN_GENERATION, with none of these
 *	mmap_lock, VMA lock	the VFS: faults
 *	zxp_vmo.content_lock	what is in the VMO, and how large it is
 *	zxp_child.content_lock	what is in a child, and how large it is
 *	zxp_family.tree_lock	which layer is on which
 *	folio lock
 *	that of zxp_vmo.zero_folio
 *	zxp_family.lock
 *	i_mmap_rwsem, PTE locks, xa_lock
 *	zxp_vmo.zero_lock, zxp_vmo.faults_lock, zxp_pager.lock
 *	inode->i_lock
 *	zxp_source.lock
 *	zxp_port.lock
 *
 * Nobody waits for the daemon with any of these held, but for what the VFS holds
 * around write() and splice(), for append_lock, whose waiters can be killed, and
 * for mmap_lock in a fault that may not be retried.
 * Nobody touches user memory with any of them held, but for append_lock, and a
 * folio lock, perhaps with content_lock, around a copy that may not fault.
 */

/* Page offsets fit an index, and sums of an offset and a length do not wrap. */
#define ZXP_MAX_VMO_SIZE	round_down(MAX_LFS_FILESIZE >> 1, PAGE_SIZE)
#define ZXP_MAX_VMO_PAGES	((pgoff_t)(ZXP_MAX_VMO_SIZE >> PAGE_SHIFT))

/* Pages that a supply prepares before it takes a lock. */
#define ZXP_SUPPLY_ORDER	4
#define ZXP_SUPPLY_BATCH	BIT(ZXP_SUPPLY_ORDER)
/* The largest folio, and so what is copied before it can be seen: 2 MiB. */
#define ZXP_LARGE_ORDER		(ilog2(SZ_2M) - PAGE_SHIFT)
/* The same where there may be copies: the kernel has no single entry for one, see large.c. */
#define ZXP_COPIES_ORDER	min_t(unsigned int, ZXP_LARGE_ORDER, PMD_SHIFT - PAGE_SHIFT - 1)
/* Pages that a hint asks for at once: who needs one of them now hangs on it. */
#define ZXP_HINT_BATCH		128

/* The most that a write asks for at once, and what COMMIT does of a zero range. */
#define ZXP_MAX_WRITE_BATCH	4096

/**
 * struct zxp_batch - pages on their way into a VMO
 * @epoch: the generation that supplies them
 * @index: of the first one
 * @nr: how many
 * @done: how many have content now, counted from the first
 * @filled: how many of these had none before
 * @folio: one that no one else knows; NULL for a page of zeroes; an error pointer for
 *	one that is to be left out
 */
struct zxp_batch {
	unsigned long epoch;
	pgoff_t index;
	unsigned int nr;
	unsigned int done;
	unsigned int filled;
	struct folio *folio[ZXP_SUPPLY_BATCH];
};

/* For what is allocated with content_lock or a folio lock held, see memory.c. */
#define ZXP_GFP_LOCKED(gfp)	(((gfp) & ~__GFP_DIRECT_RECLAIM) | __GFP_NOWARN)
#define ZXP_MEMORY_TRIES	8
/* As often a tree_lock that is not free is waited for with nothing else held. */
#define ZXP_TREE_TRIES		16

/* Marks in the page cache, see dirty.c. */
#define ZXP_MARK_DIRTY		PAGECACHE_TAG_DIRTY
#define ZXP_MARK_UNWRITTEN	PAGECACHE_TAG_TOWRITE
/* Only of what awaits clean: the daemon has read it since BEGIN, by VMO_READ. */
#define ZXP_MARK_READ		PAGECACHE_TAG_WRITEBACK

#define ZXP_KIN_GONE		UINT_MAX

/**
 * struct zxp_kin - a VMO or a child, to its own children
 * @id: its number, that nothing else ever had; constant once it has one
 * @parent_id: that of what it was made of, which may have gone; 0 for a VMO; constant
 * @name: what /proc shows, or NULL; constant once others can find it
 * @parent: what it was made of, or if that has gone what that was made of, and so on; NULL for
 *	a VMO
 * @refs: itself, as long as it is there, and each that has it as @parent
 * @nr_children: how many of these are there; %ZXP_KIN_GONE if it is not there any more itself
 * @wait: who waits for the last child to go
 *
 * All else changes under i_lock of the VMO at the bottom. Each child has one, of 64 bytes.
 */
struct zxp_kin {
	u64 id;
	u64 parent_id;
	char *name;
	struct zxp_kin *parent;
	refcount_t refs;
	unsigned int nr_children;
	wait_queue_head_t wait;
};

/**
 * struct zxp_failure - accesses that the daemon has failed
 * @nr: how many
 * @index: page of the last one
 * @error: its errno, positive
 */
struct zxp_failure {
	u64 nr;
	pgoff_t index;
	int error;
};

/**
 * struct zxp_vmo - the inode of a VMO
 * @inode: its VFS part; i_size is the stream size
 * @pager: its pager; NULL for a plain VMO; constant
 * @source: its requests; NULL for a plain VMO; constant
 * @pager_node: in &zxp_pager.vmos, under &zxp_pager.lock
 * @options: ZXP_VMO_*; constant
 * @flags: ZXP_CREATE_*; constant
 * @max_size: the largest stream size that it may have; constant
 * @nr_pages: its size; changes under @content_lock
 * @cuts: how often the stream was cut, see stream.c; changes under @content_lock and
 *	i_lock
 * @append_lock: one O_APPEND write at a time; taken so that a signal ends the wait
 * @content_lock: held to put pages or zero ranges in, to detach, and to change
 *	the size. Clean pages also go without it.
 * @zero_lock: protects @zeroes
 * @zeroes: ranges that are zero without a page. One is added where there is no
 *	page, under @content_lock; a page is removed from one with that page's
 *	folio locked.
 * @zero_folio: what mappings have of zero ranges, see zero_page.c; NULL if nobody has
 *	needed it yet. Changes under @zero_lock, and goes with its own lock held, too.
 * @family: its children; NULL as long as it has had none
 * @kin: which are still there
 * @nr_unwritten: pages with the mark of that in the page cache, under its xa_lock
 * @nr_begun: those of them that are awaiting clean, likewise
 * @faults_lock: protects @fault_notes, @traps and @failure
 * @fault_notes: see failure.c
 * @traps: see trap.c
 * @modified: what QUERY_VMO_STATS tells
 * @supplied: pages that a supply filled
 * @failure: accesses that got a FAIL code
 */
struct zxp_vmo {
	struct inode inode;
	struct zxp_pager *pager;
	struct zxp_source *source;
	struct rb_node pager_node;
	u32 options;
	u32 flags;
	loff_t max_size;
	pgoff_t nr_pages;
	unsigned long cuts;
	struct mutex append_lock;	/* see above */
	struct mutex content_lock;	/* see above */
	spinlock_t zero_lock;		/* see above */
	struct zxp_zeroes zeroes;
	struct folio *zero_folio;
	struct zxp_family *family;
	struct zxp_kin kin;
	unsigned long nr_unwritten;
	unsigned long nr_begun;
	spinlock_t faults_lock;		/* see above */
	struct list_head fault_notes;
	struct list_head traps;
	u32 modified;
	atomic64_t supplied;
	struct zxp_failure failure;
};

static inline struct zxp_vmo *zxp_vmo_of(struct inode *inode)
{
	return container_of(inode, struct zxp_vmo, inode);
}

static inline pgoff_t zxp_vmo_pages(struct zxp_vmo *vmo)
{
	return READ_ONCE(vmo->nr_pages);
}

static inline bool zxp_vmo_in_bounds(struct zxp_vmo *vmo, u64 offset, u64 length)
{
	return zxp_in_bounds(zxp_vmo_pages(vmo), offset, length);
}

/* A plain VMO has no requests, and so nothing that changes behind a lookup. */
static inline unsigned long zxp_vmo_generation(struct zxp_vmo *vmo)
{
	return vmo->source ? zxp_source_generation(vmo->source) : 0;
}

/* How many pages the stream has, the last one perhaps in part. */
static inline pgoff_t zxp_vmo_stream_pages(struct zxp_vmo *vmo)
{
	return DIV_ROUND_UP_ULL(i_size_read(&vmo->inode), PAGE_SIZE);
}

/* Is it what its daemon supplies, and never anything else? See large.c for what for. */
static inline bool zxp_vmo_sealed(struct zxp_vmo *vmo)
{
	return vmo->flags & ZXP_CREATE_READ_ONLY;
}

/* The order of its largest folios; 0 if all are single pages. */
static inline unsigned int zxp_vmo_large_order(struct zxp_vmo *vmo)
{
	if (!zxp_vmo_sealed(vmo))
		return 0;
	return vmo->flags & ZXP_CREATE_COPIES ? ZXP_COPIES_ORDER : ZXP_LARGE_ORDER;
}

/* May one entry of a page table be all of a folio? These never lie beside own pages of copies. */
static inline bool zxp_vmo_has_huge_folios(struct zxp_vmo *vmo)
{
	return zxp_vmo_sealed(vmo) && !(vmo->flags & ZXP_CREATE_COPIES);
}

/* Does the daemon want to be asked before a clean page is written to? */
static inline bool zxp_vmo_traps(struct zxp_vmo *vmo)
{
	return vmo->options & ZXP_VMO_TRAP_DIRTY;
}

/* Also, what an fsync() of the calling task had asked for does not cover this. */
static inline void zxp_vmo_set_modified(struct zxp_vmo *vmo)
{
	if (vmo->source)
		zxp_sync_forget(vmo->source, current);
	if (!READ_ONCE(vmo->modified))
		WRITE_ONCE(vmo->modified, ZXP_STATS_MODIFIED);
}

/* Does the daemon hear of it? A dirty flag alone says less, see dirty.c. */
static inline bool zxp_folio_dirty(struct folio *folio)
{
	return folio_test_checked(folio);
}

/* Is it to stay, as nobody else may have what is in it? The folio is locked. */
static inline bool zxp_folio_unwritten(struct folio *folio)
{
	return folio_test_dirty(folio) || folio_test_private(folio);
}

/* Has the memory of a page failed? What is not of the VMO itself is a single page. */
static inline bool zxp_folio_poisoned(struct folio *folio, pgoff_t index)
{
	return PageHWPoison(folio_file_page(folio, index));
}

/* That of any page of it? */
static inline bool zxp_folio_any_poisoned(struct folio *folio)
{
	return folio_test_large(folio) ? folio_test_has_hwpoisoned(folio) :
					 folio_test_hwpoison(folio);
}

/* Zero what a page has from @pos on. */
static inline void zxp_folio_zero_tail(struct folio *folio, loff_t pos)
{
	size_t offset = offset_in_folio(folio, pos);

	folio_zero_segment(folio, offset, round_up(offset, PAGE_SIZE));
}

/*
 * A descriptor that CREATE_VMO or OPEN_VMO made, or a duplicate, is that of a daemon, of that
 * generation which had it made. Those that are opened anew are nobody's.
 */
static inline void zxp_file_set_daemon(struct file *file, unsigned long epoch)
{
	file->private_data = (void *)(epoch + 1);
}

/* What zxp_vmo_is_daemon() wants to know of it; 0 for nobody's. */
static inline unsigned long zxp_file_daemon(struct file *file)
{
	return (unsigned long)file->private_data;
}

/* Is it the one that writes back now? Under xa_lock, with which the marks for it go. */
static inline bool zxp_vmo_is_daemon(struct zxp_vmo *vmo, unsigned long daemon)
{
	return vmo->source && READ_ONCE(vmo->source->epoch) + 1 == daemon;
}

/*
 * Of which generation is the daemon whose call is about to take effect? As long as the lock
 * is held none other comes.
 */
static inline int zxp_vmo_check_locked(struct zxp_vmo *vmo, unsigned long epoch)
{
	lockdep_assert_held(&vmo->content_lock);

	return READ_ONCE(vmo->source->epoch) == epoch ? 0 : -ESHUTDOWN;
}

/* Its number, that no other VMO and no child ever had. */
static inline u64 zxp_vmo_id(struct zxp_vmo *vmo)
{
	return vmo->kin.id;
}

/*
 * Take a lock of those that nobody waits for a daemon with. A task that exits cannot be killed
 * once more, though it may have a signal that says so. Return: 0, -EINTR.
 */
static inline int zxp_lock_killable(struct mutex *lock)
{
	if (!(current->flags & PF_EXITING))
		return mutex_lock_killable(lock);
	mutex_lock(lock);
	return 0;
}

static inline bool zxp_vmo_detached(struct zxp_vmo *vmo)
{
	return vmo->source && zxp_source_detached(vmo->source);
}

/* content.c */

/**
 * enum zxp_absent - what is there where no page was found
 * @ZXP_ABSENT_NOT: a page by now, or something that does not stay: look again
 * @ZXP_ABSENT_ZERO: zeroes
 * @ZXP_ABSENT_MISSING: nothing, so the daemon is asked
 */
enum zxp_absent {
	ZXP_ABSENT_NOT,
	ZXP_ABSENT_ZERO,
	ZXP_ABSENT_MISSING,
};

struct folio *zxp_vmo_get_folio(struct zxp_vmo *vmo, pgoff_t index);
bool zxp_vmo_has_page(struct zxp_vmo *vmo, pgoff_t index);
bool zxp_vmo_has_any_page(struct zxp_vmo *vmo, pgoff_t index, unsigned int nr);
unsigned int zxp_vmo_has_pages(struct zxp_vmo *vmo, pgoff_t index);
bool zxp_vmo_has_content(struct zxp_vmo *vmo, pgoff_t index);
struct folio *zxp_vmo_lock_folio(struct zxp_vmo *vmo, pgoff_t index);
struct folio *zxp_vmo_trylock_folio(struct zxp_vmo *vmo, pgoff_t index);
int zxp_vmo_for_folios(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end, xa_mark_t mark,
		       int (*fn)(struct zxp_vmo *vmo, struct folio *folio, void *arg),
		       void *arg);
pgoff_t zxp_vmo_missing_end(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end);
pgoff_t zxp_vmo_find_missing(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end);
void zxp_vmo_remove_zeroes(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end,
			   struct zxp_zero_range **spare);
pgoff_t zxp_vmo_zero_end(struct zxp_vmo *vmo, pgoff_t index);
bool zxp_vmo_is_zero(struct zxp_vmo *vmo, pgoff_t index);
enum zxp_absent zxp_vmo_absent(struct zxp_vmo *vmo, pgoff_t index);
int zxp_vmo_add_zeroed_locked(struct zxp_vmo *vmo, struct folio *folio,
			      pgoff_t index);
int zxp_vmo_fill_zero(struct zxp_vmo *vmo, pgoff_t index, bool nowait);
int zxp_vmo_insert_folio_locked(struct zxp_vmo *vmo, struct folio *folio,
				pgoff_t index, gfp_t gfp);
int zxp_vmo_add_folio_locked(struct zxp_vmo *vmo, struct folio *folio,
			     pgoff_t index, gfp_t gfp);
int zxp_vmo_insert(struct zxp_vmo *vmo, struct zxp_batch *batch,
		   struct zxp_runs *runs);

/* remove.c */
void zxp_vmo_remove_folio(struct zxp_vmo *vmo, struct folio *folio);
void zxp_vmo_remove_unwritten_locked(struct zxp_vmo *vmo, pgoff_t index);
void zxp_vmo_recount_locked(struct zxp_vmo *vmo);
bool zxp_folio_pinned(struct zxp_vmo *vmo, struct folio *folio, pgoff_t index);
pgoff_t zxp_vmo_find_pinned(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end);
void zxp_vmo_drop_clean_locked(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end);
void zxp_vmo_drop_unused(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end);
int zxp_vmo_detach(struct zxp_vmo *vmo, unsigned long epoch);

/* zero_page.c */
struct folio *zxp_vmo_lock_zero_folio(struct zxp_vmo *vmo);
bool zxp_vmo_settle_zeroes(struct zxp_vmo *vmo);
void zxp_vmo_unmap_zeroes_locked(struct zxp_vmo *vmo, pgoff_t start, pgoff_t nr);
void zxp_vmo_put_zero_folio(struct zxp_vmo *vmo);

/* kin.c */
static inline unsigned int zxp_kin_children(const struct zxp_kin *kin)
{
	return READ_ONCE(kin->nr_children);
}

void zxp_kin_init(struct zxp_kin *kin);
u64 zxp_kin_number(struct zxp_kin *kin);
void zxp_kin_info(struct zxp_vmo *root, const struct zxp_kin *kin, struct zxp_vmo_info *info);
char *zxp_kin_get_name(u64 from);
const char *zxp_kin_name(const struct zxp_kin *kin);
struct zxp_kin *zxp_kin_join(struct zxp_vmo *root, struct zxp_kin *parent, u64 name);
void zxp_kin_leave(struct zxp_vmo *root, struct zxp_kin *kin);
void zxp_kin_add(struct zxp_vmo *root, struct zxp_kin *kin, int nr);
__poll_t zxp_kin_poll(struct zxp_kin *kin, struct file *file, struct poll_table_struct *pt);

/* family.c */

/**
 * struct zxp_family - the children of a VMO, and theirs
 * @tree_lock: held to change which layer is on which, and to move pages between them
 * @lock: protects all layers, and &zxp_child.top
 * @bottom: below all of them
 * @open: the layer for before-images; NULL for none. Changes under both locks, and also
 *	under &zxp_vmo.content_lock unless it goes.
 * @map_inode: that of the files that their mappings have; and own pages are as if they
 *	were of it, for the kernel
 * @nr_own: how many pages are in layers
 */
struct zxp_family {
	struct mutex tree_lock;		/* see above */
	rwlock_t lock;			/* see above */
	struct zxp_layer bottom;
	struct zxp_layer *open;
	struct inode *map_inode;
	atomic_long_t nr_own;
};

struct zxp_family *zxp_vmo_get_family(struct zxp_vmo *vmo);
bool zxp_vmo_has_children(struct zxp_vmo *vmo);
void zxp_family_cut(struct zxp_vmo *vmo, pgoff_t nr_pages);
bool zxp_family_misses(struct zxp_family *family, pgoff_t index);
int zxp_family_lock(struct zxp_vmo *vmo);
void zxp_family_unlock(struct zxp_vmo *vmo);
pgoff_t zxp_family_find_missed(struct zxp_family *family, pgoff_t index, pgoff_t *end);
void zxp_family_keep_zero_locked(struct zxp_vmo *vmo, pgoff_t index);
void zxp_vmo_free_family(struct zxp_vmo *vmo);

/* Has it children that are not to see what becomes of it? */
static inline bool zxp_vmo_has_snapshots(struct zxp_vmo *vmo)
{
	struct zxp_family *family = READ_ONCE(vmo->family);

	return family && READ_ONCE(family->open);
}

/* own_page.c */
unsigned long zxp_own_number(void);
struct folio *zxp_own_alloc(bool locked);
void zxp_own_begin(struct zxp_family *family, unsigned long id, struct folio *folio);
int zxp_own_settle(struct folio *folio, bool killable);
void zxp_own_end(struct folio *folio);
void zxp_own_drop(struct folio *folio);

/**
 * zxp_folio_may_be_seen() - may a folio be read by a mapping still?
 * @folio: it, locked or in a layer no more, so that nobody maps it
 * @refs: how many references the caller has
 *
 * Who takes it out of a page table counts it as mapped no more before all processors have
 * forgotten that, and has a reference until then.
 *
 * Return: true if so; unmapping it once more waits for those.
 */
static inline bool zxp_folio_may_be_seen(struct folio *folio, int refs)
{
	/* Its owner, be that a cache or a layer, has one for each page. */
	const int owner = folio_nr_pages(folio);

	if (folio_mapped(folio))
		return true;
	/* Who has it mapped no more puts it later than that. */
	smp_rmb();
	return folio_ref_count(folio) > owner + refs;
}

/* Is it in a layer? Without its lock it may leave that at any time, but never comes back. */
static inline bool zxp_folio_is_own(struct zxp_family *family, struct folio *folio)
{
	return READ_ONCE(folio->mapping) == family->map_inode->i_mapping;
}

/**
 * zxp_vmo_must_keep() - is a page to be kept before it changes?
 * @vmo: the VMO
 * @index: the page
 *
 * With its folio locked, or with content_lock, that is so until there is another snapshot,
 * which waits for both.
 *
 * Return: true if zxp_vmo_keep() has to be called, with nothing locked.
 */
static inline bool zxp_vmo_must_keep(struct zxp_vmo *vmo, pgoff_t index)
{
	return zxp_vmo_has_snapshots(vmo) && zxp_family_misses(vmo->family, index);
}

/* before.c */
int zxp_vmo_keep(struct zxp_vmo *vmo, pgoff_t index);
pgoff_t zxp_vmo_find_unkept(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end);
int zxp_vmo_keep_range(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end);
pgoff_t zxp_vmo_find_unkept_missing(struct zxp_vmo *vmo, pgoff_t index, pgoff_t *end);
bool zxp_vmo_is_kept_locked(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end);
int zxp_vmo_break_snapshots(struct zxp_vmo *vmo, pgoff_t index);
int zxp_vmo_settle_locked(struct zxp_vmo *vmo, bool killable);

/* large.c */
bool zxp_vmo_all_present(struct zxp_vmo *vmo, pgoff_t index, unsigned long nr);
struct folio *zxp_vmo_alloc_large(struct zxp_vmo *vmo, unsigned int order);
int zxp_vmo_insert_large_locked(struct zxp_vmo *vmo, struct folio *folio,
				pgoff_t index, unsigned long epoch,
				struct zxp_runs *runs);
bool zxp_vmo_may_be_large(struct zxp_vmo *vmo, pgoff_t index, unsigned long nr);

/* dirty.c */
bool zxp_dirty_folio(struct address_space *mapping, struct folio *folio);
bool zxp_release_folio(struct folio *folio, gfp_t gfp);
void zxp_invalidate_folio(struct folio *folio, size_t offset, size_t length);
unsigned int zxp_write_batch(void);
int zxp_vmo_prepare_write(struct zxp_vmo *vmo, struct folio *folio);
int zxp_vmo_dirty_at_exit(struct zxp_vmo *vmo, struct folio *folio);
pgoff_t zxp_vmo_undirtied_end(struct zxp_vmo *vmo, pgoff_t index, pgoff_t end);
int zxp_vmo_dirty_range(struct zxp_vmo *vmo, u64 offset, u64 length, unsigned long epoch);

/* query.c */
int zxp_vmo_query_dirty(struct zxp_vmo *vmo, struct zxp_query_dirty_ranges *args,
			unsigned long epoch);
int zxp_vmo_query_stats(struct zxp_vmo *vmo, struct zxp_query_vmo_stats *args,
			unsigned long epoch);

/* size.c */
void zxp_vmo_grow_locked(struct zxp_vmo *vmo, pgoff_t nr_pages,
			 struct zxp_zero_range **spare);
int zxp_vmo_grow(struct zxp_vmo *vmo, pgoff_t nr_pages, bool nowait);
int zxp_vmo_check_pins(struct zxp_vmo *vmo, pgoff_t start, pgoff_t end);

/* poison.c */
int zxp_migrate_folio(struct address_space *mapping, struct folio *dst,
		      struct folio *src, enum migrate_mode mode);
int zxp_error_remove(struct address_space *mapping, struct zxp_error_page *page);
bool zxp_vmo_drop_poisoned(struct zxp_vmo *vmo, struct folio *folio, pgoff_t index);
int zxp_vmo_replace_poisoned(struct zxp_vmo *vmo, struct folio *new, pgoff_t index);

/* memory.c */
bool zxp_vmo_reserve(struct zxp_vmo *vmo);
bool zxp_vmo_reserve_supply(struct zxp_vmo *vmo, unsigned int order);
gfp_t zxp_vmo_supply_gfp(struct zxp_vmo *vmo);
struct folio *zxp_vmo_alloc_zeroed(struct zxp_vmo *vmo, bool locked);
struct zxp_zero_range *zxp_vmo_alloc_zero(struct zxp_vmo *vmo, gfp_t gfp);

/* failure.c */

/**
 * enum zxp_note_kind - what a task has to know at its next fault
 * @ZXP_NOTE_NONE: nothing
 * @ZXP_NOTE_FAILED_USER: the daemon failed the page; the access was made in user mode
 * @ZXP_NOTE_FAILED_KERNEL: the same from inside the kernel
 * @ZXP_NOTE_FAILED_TRAP: the same, and the task waited on its way to user mode
 * @ZXP_NOTE_INTERRUPTED: a signal has ended the wait, inside the kernel
 * @ZXP_NOTE_ZAPPED: ->page_mkwrite has sent it to ->fault, see trap.c
 */
enum zxp_note_kind {
	ZXP_NOTE_NONE,
	ZXP_NOTE_FAILED_USER,
	ZXP_NOTE_FAILED_KERNEL,
	ZXP_NOTE_FAILED_TRAP,
	ZXP_NOTE_INTERRUPTED,
	ZXP_NOTE_ZAPPED,
};

void zxp_vmo_note_failure(struct zxp_vmo *vmo, pgoff_t index, int error);
struct zxp_failure zxp_vmo_last_failure(struct zxp_vmo *vmo);
bool zxp_vmo_note_fault(struct zxp_vmo *vmo, pgoff_t index,
			enum zxp_note_kind kind);
enum zxp_note_kind zxp_vmo_take_note(struct zxp_vmo *vmo, pgoff_t index,
				     bool *same_place);

/**
 * zxp_vmo_recall_fault() - take away the note of the calling task
 * @vmo: the VMO
 * @index: the page of this fault
 * @same_place: set to whether the task is where it was when it left the note
 *
 * Return: what the note says of this page; else %ZXP_NOTE_NONE.
 */
static inline enum zxp_note_kind zxp_vmo_recall_fault(struct zxp_vmo *vmo,
						      pgoff_t index,
						      bool *same_place)
{
	if (list_empty_careful(&vmo->fault_notes))
		return ZXP_NOTE_NONE;
	return zxp_vmo_take_note(vmo, index, same_place);
}

void zxp_vmo_forget_faults(struct zxp_vmo *vmo);

#endif /* _ZXPAGER_CONTENT_H */
