/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 3, children: VMOs that see another one. Slices and references have nothing else; what
 * is called a child has what it changes for itself.
 *
 * It is three things: its descriptors, on an inode of their own; one file that all its
 * mappings have, whose pages are those of the root, so that reclaim finds these mappings;
 * and the child itself, which that file holds. A descriptor holds the file, and a mapping
 * does: so a child lives as long as any of them.
 */
#ifndef _ZXPAGER_CHILD_H
#define _ZXPAGER_CHILD_H

#include "access.h"

/**
 * struct zxp_child - a child
 * @root: the VMO at the bottom; it is held
 * @id: that no other child ever had; constant
 * @offset: page of @root that is its first one; constant
 * @nr_pages: its size; changes under @content_lock
 * @options: ZXP_CHILD_*; constant
 * @is_snapshot: it sees nothing of what becomes of @root; constant
 * @open: its descriptors hold @map
 * @content_lock: held to give it pages or zeroes, to change its size, and to make a child
 *	of it; so whoever would change it waits for the end of that
 * @map: the file of its mappings, which holds this; constant
 * @mapped_mm: where it was mapped last; only to be compared, it may be gone
 * @mapped_at: an address there
 * @mappings: where else, see child_unmap.c; NULL as long as it had one mapping at most
 * @inode: that of its descriptors as long as there are any, whose times change by mappings
 * @top: its pages; changes under @content_lock and &zxp_family.lock
 * @kin: its own children
 */
struct zxp_child {
	struct zxp_vmo *root;
	unsigned long id;
	pgoff_t offset;
	pgoff_t nr_pages;
	u32 options;
	bool is_snapshot;
	bool open;
	struct mutex content_lock;	/* see above */
	struct file *map;
	struct mm_struct *mapped_mm;
	unsigned long mapped_at;
	struct zxp_mappings *mappings;
	struct inode __rcu *inode;
	struct zxp_layer *top;
	struct zxp_kin *kin;
};

/**
 * struct zxp_slice - a part of a VMO or of a copy, whose size does not change
 * @root: the VMO at the bottom, which the file of the slice's mappings holds
 * @child: the copy that it is a part of; NULL if that is @root
 * @child_map: the file of the mappings of @child, which is held; or NULL
 * @offset: page of @root that is its first one
 * @nr_pages: its size
 * @writable: it may be opened for writing
 * @inode: as of a &struct zxp_child
 * @kin: its own children
 */
struct zxp_slice {
	struct zxp_vmo *root;
	struct zxp_child *child;
	struct file *child_map;
	pgoff_t offset;
	pgoff_t nr_pages;
	bool writable;
	struct inode __rcu *inode;
	struct zxp_kin *kin;
};

/**
 * struct zxp_parent - what a child is made of
 * @file: a descriptor of it
 * @root: the VMO at the bottom
 * @child: it, if it is a copy; or the copy that it is a slice of
 * @slice: it, if it is a slice
 */
struct zxp_parent {
	struct file *file;
	struct zxp_vmo *root;
	struct zxp_child *child;
	struct zxp_slice *slice;
};

static inline struct zxp_kin *zxp_parent_kin(const struct zxp_parent *parent)
{
	return parent->slice ? parent->slice->kin :
	       parent->child ? parent->child->kin : &parent->root->kin;
}

/* The file of its mappings, by the inode of its descriptors. */
static inline struct file *zxp_child_map(struct inode *inode)
{
	return inode->i_private;
}

static inline struct zxp_child *zxp_child_of(struct file *file)
{
	return zxp_child_map(file_inode(file))->private_data;
}

static inline struct zxp_family *zxp_child_family(struct zxp_child *child)
{
	return child->root->family;
}

static inline pgoff_t zxp_child_pages(struct zxp_child *child)
{
	return READ_ONCE(child->nr_pages);
}

/* The page of the root behind its last one. */
static inline pgoff_t zxp_child_end(struct zxp_child *child)
{
	return child->offset + zxp_child_pages(child);
}

static inline bool zxp_child_has(struct zxp_child *child, pgoff_t index)
{
	return index >= child->offset && index < zxp_child_end(child);
}

static inline bool zxp_child_in_bounds(struct zxp_child *child, u64 offset, u64 length)
{
	return zxp_in_bounds(zxp_child_pages(child), offset, length);
}

static inline struct zxp_slice *zxp_slice_of(struct file *file)
{
	return zxp_child_map(file_inode(file))->private_data;
}

/* Its first byte in what it is a part of, and how many it has. */
static inline loff_t zxp_slice_start(struct zxp_slice *slice)
{
	pgoff_t before = slice->child ? slice->child->offset : 0;

	return (loff_t)(slice->offset - before) << PAGE_SHIFT;
}

static inline loff_t zxp_slice_size(struct zxp_slice *slice)
{
	return (loff_t)slice->nr_pages << PAGE_SHIFT;
}

/* The page of the root behind its last one. */
static inline pgoff_t zxp_slice_end(struct zxp_slice *slice)
{
	return slice->offset + slice->nr_pages;
}

static inline bool zxp_slice_has(struct zxp_slice *slice, pgoff_t index)
{
	return index >= slice->offset && index < zxp_slice_end(slice);
}

static inline bool zxp_slice_in_bounds(struct zxp_slice *slice, u64 offset, u64 length)
{
	return zxp_in_bounds(slice->nr_pages, offset, length);
}

/* own.c */
enum zxp_seen zxp_child_look(struct zxp_child *child, pgoff_t index, struct folio **own);
enum zxp_seen zxp_child_lock_folio(struct zxp_child *child, pgoff_t index,
				   struct folio **folio);
enum zxp_seen zxp_child_sees(struct zxp_child *child, pgoff_t index);
enum zxp_absent zxp_child_absent(struct zxp_child *child, pgoff_t index);
int zxp_child_fork_locked(struct zxp_child *child, pgoff_t index, struct folio *new,
			  struct vm_fault *vmf, struct folio **own);
int zxp_child_replace(struct zxp_child *child, pgoff_t index, struct folio *new);

/* tree.c */
struct zxp_layer *zxp_tree_alloc(struct zxp_child *child);
struct zxp_layer *zxp_tree_alloc_before(struct zxp_child *child);
void zxp_tree_free_spare(struct zxp_layer *layer);
int zxp_tree_freeze_locked(struct zxp_child *parent, struct zxp_child *child,
			   pgoff_t limit, struct zxp_layer **spare);
void zxp_tree_add_locked(struct zxp_child *child, pgoff_t limit);
int zxp_tree_snapshot_locked(struct zxp_child *child, pgoff_t limit,
			     struct zxp_layer **spare);
void zxp_tree_settle_locked(struct zxp_child *child, pgoff_t start, pgoff_t end);
pgoff_t zxp_tree_part_locked(struct zxp_child *child, pgoff_t start, pgoff_t end,
			     unsigned long nr);
void zxp_tree_unmap(struct zxp_child *child, pgoff_t start, pgoff_t end);
void zxp_tree_remove(struct zxp_child *child);

/* sweep.c */
bool zxp_sweep_move(struct zxp_vmo *root, struct zxp_layer *owner, pgoff_t index,
		    struct folio *folio, int refs, struct zxp_layer *into);
void zxp_sweep_page(struct zxp_vmo *root, const struct zxp_layer_seers *seers, pgoff_t index,
		    struct folio *folio, int refs);
void zxp_sweep_layer(struct zxp_vmo *root, struct zxp_layer *layer, pgoff_t start,
		     pgoff_t end, bool killable);
void zxp_sweep_layers(struct zxp_vmo *root, struct zxp_layer *layer, pgoff_t start,
		      pgoff_t end, bool killable);
void zxp_sweep_below(struct zxp_child *child, pgoff_t start, pgoff_t end);

/* child_zero.c */

/* As many pages are taken away together, so that whoever waits for that can be killed. */
#define ZXP_PART_PAGES		4096

/**
 * struct zxp_taken - pages that leave a copy together
 * @into: for each a folio that gets its content; NULL afterwards for zeroes
 * @own: what was its own, with a reference; or NULL
 * @zero: of the others, those that are zero
 * @spares: nodes for zero ranges
 */
struct zxp_taken {
	struct folio **into;
	struct folio *own[ZXP_SUPPLY_BATCH];
	DECLARE_BITMAP(zero, ZXP_SUPPLY_BATCH);
	struct zxp_spares spares;
};

void zxp_child_drop_locked(struct zxp_child *child, pgoff_t start, pgoff_t end, bool shrinks,
			   struct zxp_taken *taken);
int zxp_child_cover_locked(struct zxp_child *child, pgoff_t start, pgoff_t *end,
			   struct zxp_spares *spares);
int zxp_child_zero_pages(struct zxp_child *child, pgoff_t start, pgoff_t end);

/* child_take.c */
int zxp_child_check_pins(struct zxp_child *child, pgoff_t start, pgoff_t end);
int zxp_child_take(struct zxp_child *child, pgoff_t index, struct folio **into,
		   unsigned int nr);

/**
 * zxp_fault_only_tries() - is a fault not to wait for a lock with its own?
 * @vmf: the fault, of ->fault or of ->page_mkwrite, where it is not seen what kind it is
 *
 * Then it comes back, and waits in ->fault with nothing locked. But what the kernel does for a
 * task that exits would come back at once, again and again, and nobody needs its locks.
 *
 * Return: true if so.
 */
static inline bool zxp_fault_only_tries(struct vm_fault *vmf)
{
	return vmf->flags & (FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_MKWRITE) &&
	       !(current->flags & PF_EXITING);
}

/* child_fault.c */
vm_fault_t zxp_child_fault(struct zxp_child *child, struct vm_fault *vmf, pgoff_t limit);
vm_fault_t zxp_child_map_pages(struct zxp_child *child, struct vm_fault *vmf, pgoff_t start,
			       pgoff_t end, pgoff_t limit);
vm_fault_t zxp_child_page_mkwrite(struct zxp_child *child, struct vm_fault *vmf);
extern const struct vm_operations_struct zxp_child_vm_ops;

/* child_view.c */
extern const struct zxp_child_ops zxp_child_ops;
int zxp_child_ask(struct zxp_child *child, struct zxp_request *request, pgoff_t index,
		  pgoff_t end, unsigned long generation);
struct folio *zxp_child_folio_for_write(struct zxp_child *child, pgoff_t index,
					pgoff_t end, bool nowait);
pgoff_t zxp_child_run_end(struct zxp_child *child, pgoff_t index, pgoff_t end);

static inline struct zxp_view zxp_child_view(struct zxp_child *child)
{
	return (struct zxp_view) {
		.ops = &zxp_child_ops, .vmo = child->root, .child = child,
		.first = child->offset,
	};
}

static inline struct zxp_view zxp_slice_view(struct zxp_slice *slice)
{
	return (struct zxp_view) {
		.ops = slice->child ? &zxp_child_ops : NULL, .vmo = slice->root,
		.child = slice->child, .first = slice->offset,
	};
}

/* child_io.c */
ssize_t zxp_child_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t zxp_child_write_iter(struct kiocb *iocb, struct iov_iter *from);
int zxp_child_read(struct zxp_child *child, const struct zxp_vmo_io *args);
int zxp_child_write(struct zxp_child *child, struct file *file, const struct zxp_vmo_io *args);

/* child_op.c */
int zxp_child_op_range(struct zxp_child *child, struct file *file,
		       const struct zxp_vmo_op_range *args);
long zxp_child_discard(struct zxp_child *child, int mode, loff_t offset, loff_t length);
int zxp_child_advise_pages(struct zxp_child *child, pgoff_t start, pgoff_t end, int advice);
int zxp_child_advise(struct zxp_child *child, loff_t offset, loff_t len, int advice);
int zxp_child_resize(struct zxp_child *child, struct inode *inode, loff_t size);

/* child_query.c */
pgoff_t zxp_child_own_pages(struct zxp_child *child);
int zxp_child_query_own(struct zxp_child *child, struct zxp_vmo_query_own *args);
pgoff_t zxp_child_allocated(struct zxp_child *child);
int zxp_child_get_info(struct zxp_child *child, struct zxp_vmo_info *info);

/* child_unmap.c */
void zxp_child_note_mapping(struct zxp_child *child, struct vm_area_struct *vma,
			    bool another);
void zxp_child_forget_mappings(struct zxp_child *child);
bool zxp_child_unmap_fault(struct zxp_child *child, struct vm_fault *vmf);
void zxp_child_unmap_page(struct zxp_child *child, pgoff_t index);

/* child_time.c */
void zxp_child_changed(struct zxp_child *child);
void zxp_slice_changed(struct zxp_slice *slice);

/* child_map.c */
int zxp_map_mmap(struct file *file, struct vm_area_struct *vma);
unsigned long zxp_map_unmapped_area(struct file *file, unsigned long addr,
				    unsigned long len, unsigned long pgoff,
				    unsigned long flags);
struct inode *zxp_child_new_inode(struct vfsmount *mnt, umode_t mode);
struct file *zxp_child_make_map(struct zxp_child *child);
void zxp_child_put_map(struct file *map);

/* child_create.c */
struct file *zxp_child_create(const struct zxp_parent *parent,
			      const struct zxp_vmo_create_child *args);

/* reference.c */
struct file *zxp_reference_create(const struct zxp_parent *parent, bool resizable,
				  const struct zxp_vmo_create_child *args);

/* child_fs.c */
int zxp_child_fs_init(void);
void zxp_child_fs_exit(void);
int zxp_child_pin(void);
void zxp_child_unpin(void);
struct file *zxp_child_make_file(struct file *map, const struct zxp_kin *kin, pgoff_t nr_pages,
				 bool writes,
				 const struct file_operations *fops,
				 const struct inode_operations *iops);

/* slice_io.c */
bool zxp_slice_sealed(struct zxp_slice *slice);
ssize_t zxp_slice_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t zxp_slice_write_iter(struct kiocb *iocb, struct iov_iter *from);
void zxp_slice_begin(struct file *file);
int zxp_slice_sync(struct file *file, loff_t start, loff_t end, bool restarts);
long zxp_slice_clear(struct file *map, int mode, loff_t offset, loff_t length);
int zxp_slice_advise(struct zxp_slice *slice, loff_t offset, loff_t len, int advice);
int zxp_slice_op_range(struct file *file, const struct zxp_vmo_op_range *args);
int zxp_slice_read(struct file *file, const struct zxp_vmo_io *args);
int zxp_slice_write(struct file *file, const struct zxp_vmo_io *args);

/* slice.c */
int zxp_slice_mmap(struct file *file, struct vm_area_struct *vma);
struct file *zxp_slice_create(const struct zxp_parent *parent,
			      const struct zxp_vmo_create_child *args);

/* child_file.c */
int zxp_child_get(int fd, fmode_t mode, struct zxp_parent *what);
int zxp_create_child(const struct zxp_parent *parent,
		     const struct zxp_vmo_create_child *args, struct zxp_new_file *new);

#endif /* _ZXPAGER_CHILD_H */
