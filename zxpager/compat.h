/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that differs between the kernel series that zxpager supports. The other
 * files use the names of the newest one.
 */
#ifndef _ZXPAGER_COMPAT_H
#define _ZXPAGER_COMPAT_H

#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "zxpager needs Linux 6.1 or later"
#endif

/* Offsets of the ABI have 64 bits, and pages of a VMO are counted in a long. */
#if BITS_PER_LONG != 64
#error "zxpager needs a kernel of 64 bits"
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
#include <linux/pagevec.h>
#else
#include <linux/folio_batch.h>
#endif

/* filemap_get_folio() says "nothing there" with NULL before 6.4. */
static inline struct folio *zxp_filemap_get_folio(struct address_space *mapping,
						  pgoff_t index)
{
	struct folio *folio = filemap_get_folio(mapping, index);

	return IS_ERR(folio) ? NULL : folio;
}

/* Where memory comes from is the task's business, so no policy is given, since 6.19. */
static inline struct folio *zxp_filemap_alloc_folio(gfp_t gfp, unsigned int order)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
	return filemap_alloc_folio(gfp, order);
#else
	return filemap_alloc_folio(gfp, order, NULL);
#endif
}

/* Large folios are for kernels in which most file systems have them, and 64 bits. */
static inline void zxp_mapping_set_large_folios(struct address_space *mapping,
						unsigned int order)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	if (!IS_ENABLED(CONFIG_HIGHMEM))
		mapping_set_folio_order_range(mapping, 0, order);
#endif
}

/* In how many places a folio is mapped; any page of it, if it is large, which came with 6.12. */
static inline int zxp_folio_mapcount(struct folio *folio)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	return atomic_read(&folio->_mapcount) + 1;
#else
	return folio_mapcount(folio);
#endif
}

/*
 * Who maps a page of a large folio, be that ->fault or filemap_map_pages(), has all of it
 * mapped where the mapping has room for it, since 6.18. What maps one page only came before.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define ZXP_MAPS_WHOLE_FOLIOS	false

static inline vm_fault_t zxp_insert_page(struct vm_fault *vmf, struct page *page)
{
	return VM_FAULT_SIGBUS;
}
#else
#define ZXP_MAPS_WHOLE_FOLIOS	true

/* It may not be stored to there, nor need it be that of the fault itself. */
static inline vm_fault_t zxp_insert_page(struct vm_fault *vmf, struct page *page)
{
	return vmf_insert_page_mkwrite(vmf, page, false);
}
#endif

/*
 * MADV_COLLAPSE and khugepaged make some only of these, too, but for kernels with an option
 * that is gone since 7.2. They do so for any file that nobody has open for writing, show
 * pages before there is anything in them, and drop all of a file that is opened later.
 */
static inline void zxp_forbid_collapse(struct inode *inode)
{
	if (IS_ENABLED(CONFIG_READ_ONLY_THP_FOR_FS))
		atomic_inc(&inode->i_writecount);
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define mnt_idmap		user_namespace

static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* Threads of a process that never return to user mode came one kind after the other. */
#ifndef PF_USER_WORKER
#define PF_USER_WORKER		0
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define copy_splice_read	generic_file_splice_read
#endif

/*
 * Copy a part of a folio, also for splice() and sendfile(), unless it may be @shared: once these
 * took the page itself, which shows what is stored to it before they are done.
 */
static inline size_t zxp_copy_folio_to_iter(struct folio *folio, size_t offset, size_t bytes,
					    struct iov_iter *to, bool shared)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
	if (iov_iter_is_pipe(to) && !shared) {
		void *from = kmap_local_folio(folio, offset);
		size_t copied = copy_to_iter(from, bytes, to);

		kunmap_local(from);
		return copied;
	}
#endif
	return copy_page_to_iter(&folio->page, offset, bytes, to);
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define copy_folio_from_iter_atomic(folio, offset, bytes, iter) \
	copy_page_from_iter_atomic(&(folio)->page, offset, bytes, iter)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
#define alloc_pages_bulk	alloc_pages_bulk_array
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define inode_just_drop		generic_delete_inode
#endif

/*
 * What default_wake_function() takes; the names are private to the scheduler. The
 * waker sleeps next; and, since 6.6, whom it wakes is to run on its CPU.
 */
#define ZXP_WF_SYNC		0x10
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define ZXP_WF_CURRENT_CPU	0
#else
#define ZXP_WF_CURRENT_CPU	0x40
#endif

/* Faults hold the VMA's own lock, or mmap_lock. The former came with 6.4. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
static inline void release_fault_lock(struct vm_fault *vmf)
{
	mmap_read_unlock(vmf->vma->vm_mm);
}

static inline void simple_inode_init_ts(struct inode *inode)
{
	inode->i_ctime = current_time(inode);
	inode->i_atime = inode->i_ctime;
	inode->i_mtime = inode->i_ctime;
}

/* It was changed now. */
static inline void zxp_inode_touch(struct inode *inode)
{
	inode->i_ctime = current_time(inode);
	inode->i_mtime = inode->i_ctime;
}
#else
static inline void zxp_inode_touch(struct inode *inode)
{
	inode_set_mtime_to_ts(inode, inode_set_ctime_current(inode));
}
#endif

/* What a page is called whose memory has failed. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define error_remove_folio	error_remove_page
#define zxp_error_page		page
#define zxp_error_folio(page)	page_folio(page)

static inline int generic_error_remove_folio(struct address_space *mapping,
					     struct folio *folio)
{
	return generic_error_remove_page(mapping, &folio->page);
}
#else
#define zxp_error_page		folio
#define zxp_error_folio(folio)	(folio)
#endif

/* That writes may be tried without waiting is said of all files since 6.10. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define ZXP_FMODE_NOWAIT	(FMODE_NOWAIT | FMODE_BUF_WASYNC)
#define ZXP_FOP_FLAGS
#else
#define ZXP_FMODE_NOWAIT	FMODE_NOWAIT
#define ZXP_FOP_FLAGS		.fop_flags = FOP_BUFFER_WASYNC,
#endif

/* Where a mapping goes that nobody has a say in. */
static inline unsigned long zxp_get_unmapped_area(struct file *file, unsigned long addr,
						  unsigned long len, unsigned long pgoff,
						  unsigned long flags)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
	return current->mm->get_unmapped_area(file, addr, len, pgoff, flags);
#elif LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
	return mm_get_unmapped_area(current->mm, file, addr, len, pgoff, flags);
#else
	return mm_get_unmapped_area(file, addr, len, pgoff, flags);
#endif
}

/*
 * Unmap what a mapping, which the caller or its fault has locked, has in a range. It takes
 * private copies, too.
 */
static inline void zxp_zap_range(struct vm_area_struct *vma, unsigned long addr,
				 unsigned long size)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
	zap_page_range(vma, addr, size);
#elif LINUX_VERSION_CODE < KERNEL_VERSION(7, 1, 0)
	zap_page_range_single(vma, addr, size, NULL);
#else
	zap_vma_range(vma, addr, size);
#endif
}

/* Permissions of fanotify have a bit of their own since 6.14. */
#ifndef FMODE_NONOTIFY_PERM
#define FMODE_NONOTIFY_PERM	0
#endif

/* KUnit runs the suites of a module before its init function, until 6.8. */
#define ZXP_KUNIT_RUNS_EARLY	(LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0))

#endif /* _ZXPAGER_COMPAT_H */
