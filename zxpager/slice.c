// SPDX-License-Identifier: GPL-2.0
/*
 * Slices: parts of a VMO or of a copy as VMOs of their own, with the same pages.
 *
 * All mappings of a slice have one file, which is one more file on the inode of the VMO; of a
 * copy, on that of the files of copies' mappings. So such a mapping is one of the VMO or the
 * copy in all but where it ends: the kernel lets it grow without asking. The file cannot be
 * opened anew, or mapped by itself.
 */
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "child.h"

static vm_fault_t zxp_slice_fault(struct vm_fault *vmf)
{
	struct zxp_slice *slice = vmf->vma->vm_private_data;
	pgoff_t limit = zxp_slice_end(slice);
	vm_fault_t ret;

	if (!zxp_slice_has(slice, vmf->pgoff))
		return VM_FAULT_SIGBUS;
	if (slice->child)
		return zxp_child_fault(slice->child, vmf, limit);
	ret = zxp_vmo_fault(slice->root, vmf);
	return ret == VM_FAULT_LOCKED ? zxp_fault_finish(vmf, limit) : ret;
}

static vm_fault_t zxp_slice_map_pages(struct vm_fault *vmf, pgoff_t start, pgoff_t end)
{
	struct zxp_slice *slice = vmf->vma->vm_private_data;
	pgoff_t limit = zxp_slice_end(slice), first = start, next = end + 1;

	if (!zxp_slice_has(slice, vmf->pgoff))
		return 0;
	if (slice->child)
		return zxp_child_map_pages(slice->child, vmf, start, end, limit);
	if (zxp_fault_widen(slice->root, vmf, &first, &next) && next > limit)
		return 0;
	return zxp_vmo_map_pages(slice->root, vmf, start, min(end, limit - 1));
}

/* What is mapped is inside. */
static vm_fault_t zxp_slice_page_mkwrite(struct vm_fault *vmf)
{
	struct zxp_slice *slice = vmf->vma->vm_private_data;
	vm_fault_t ret;

	ret = slice->child ? zxp_child_page_mkwrite(slice->child, vmf) :
			     zxp_vmo_page_mkwrite(slice->root, vmf);
	if (!(ret & VM_FAULT_ERROR))
		zxp_slice_changed(slice);
	return ret;
}

static const struct vm_operations_struct zxp_slice_vm_ops = {
	.fault = zxp_slice_fault,
	.map_pages = zxp_slice_map_pages,
	.page_mkwrite = zxp_slice_page_mkwrite,
};

int zxp_slice_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct zxp_slice *slice = zxp_slice_of(file);
	int ret;

	if (vma->vm_pgoff > ZXP_MAX_VMO_PAGES - slice->offset)
		return -EOVERFLOW;
	ret = slice->child ? 0 : zxp_vmo_may_map(slice->root, vma);
	if (ret)
		return ret;
	/*
	 * All of a large folio may be mapped where a mapping has room for it, by MADV_COLLAPSE
	 * without asking. So a mapping ends where the slice does.
	 */
	if (zxp_vmo_has_huge_folios(slice->root)) {
		if (vma->vm_pgoff + vma_pages(vma) > slice->nr_pages)
			return -EINVAL;
		vm_flags_set(vma, VM_DONTEXPAND);
	}
	vma->vm_pgoff += slice->offset;
	vma->vm_private_data = slice;
	vma->vm_ops = &zxp_slice_vm_ops;
	vma_set_file(vma, zxp_child_map(file_inode(file)));
	return 0;
}

/* msync(), which gives offsets in the root, as do the others that follow. */
static int zxp_slice_map_fsync(struct file *map, loff_t start, loff_t end, int datasync)
{
	struct zxp_slice *slice = map->private_data;
	loff_t size = (loff_t)zxp_slice_end(slice) << PAGE_SHIFT;

	if (start >= size || slice->child)
		return 0;
	return zxp_vmo_sync(map, start, min(end, size - 1), zxp_task_is_user());
}

static int zxp_slice_map_fadvise(struct file *map, loff_t offset, loff_t len, int advice)
{
	struct zxp_slice *slice = map->private_data;

	return zxp_slice_advise(slice, offset - ((loff_t)slice->offset << PAGE_SHIFT), len,
				advice);
}

static long zxp_slice_map_fallocate(struct file *map, int mode, loff_t offset, loff_t length)
{
	struct zxp_slice *slice = map->private_data;

	return zxp_slice_clear(map, mode, offset - ((loff_t)slice->offset << PAGE_SHIFT),
			       length);
}

static void zxp_slice_free(struct zxp_slice *slice)
{
	if (slice->kin)
		zxp_kin_leave(slice->root, slice->kin);
	kfree(slice);
}

/* The last descriptor and the last mapping are gone. */
static int zxp_slice_map_release(struct inode *inode, struct file *map)
{
	struct zxp_slice *slice = map->private_data;
	struct file *child_map = slice->child_map;

	zxp_slice_free(slice);
	if (child_map)
		fput(child_map);
	zxp_fs_unpin();
	return 0;
}

static const struct file_operations zxp_slice_map_fops = {
	.owner = THIS_MODULE,
	.release = zxp_slice_map_release,
	.mmap = zxp_map_mmap,
	.get_unmapped_area = zxp_map_unmapped_area,
	.fsync = zxp_slice_map_fsync,
	.fadvise = zxp_slice_map_fadvise,
	.fallocate = zxp_slice_map_fallocate,
};

/* The file of the mappings. On success it has the slice. */
static struct file *zxp_slice_make_map(struct zxp_slice *slice)
{
	struct inode *inode = slice->child ? file_inode(slice->child_map) : &slice->root->inode;
	struct file *map;
	int ret = zxp_fs_pin();

	if (ret)
		return ERR_PTR(ret);
	ihold(inode);
	map = alloc_file_pseudo(inode, zxp_mnt, zxp_kin_name(slice->kin),
				O_RDWR | O_LARGEFILE, &zxp_slice_map_fops);
	if (IS_ERR(map)) {
		iput(inode);
		zxp_fs_unpin();
		return map;
	}
	map->f_path.dentry->d_fsdata = (void *)(ZXP_LIMIT_NO_OPEN | ZXP_LIMIT_NO_WRITE |
						   ZXP_LIMIT_NO_RESIZE);
	map->f_mapping = slice->root->inode.i_mapping;
	map->private_data = slice;
	if (slice->child_map)
		get_file(slice->child_map);
	zxp_file_begin(map);
	return map;
}

/* Is it a part of the parent? What is smaller than a page counts as one. */
static int zxp_slice_place(struct zxp_slice *slice, const struct zxp_parent *parent,
			   const struct zxp_vmo_create_child *args)
{
	struct zxp_slice *outer = parent->slice;
	struct zxp_child *child = parent->child;
	pgoff_t before = outer ? outer->offset : child ? child->offset : 0;
	u64 size = outer ? zxp_slice_size(outer) :
		   (u64)(child ? zxp_child_pages(child) : zxp_vmo_pages(parent->root)) <<
		   PAGE_SHIFT;

	if (!PAGE_ALIGNED(args->offset) || args->offset > size ||
	    args->length > size - args->offset)
		return -EINVAL;
	slice->offset = before + (args->offset >> PAGE_SHIFT);
	slice->nr_pages = DIV_ROUND_UP_ULL(args->length, PAGE_SIZE);
	return 0;
}

/**
 * zxp_slice_create() - make a slice
 * @parent: of what
 * @args: what is asked for
 *
 * A slice of a slice is one of the VMO or the copy, whose size does not change.
 *
 * Return: the file of its mappings, which has it; or -EINVAL it would not be inside, or
 * resizable; -EOPNOTSUPP of what may be resized; -ENOMEM, -ENFILE.
 */
struct file *zxp_slice_create(const struct zxp_parent *parent,
			      const struct zxp_vmo_create_child *args)
{
	struct zxp_child *child = parent->child;
	struct zxp_slice *slice;
	struct file *map;
	int ret;

	if (args->options & ZXP_CHILD_RESIZABLE)
		return ERR_PTR(-EINVAL);
	if (child ? child->options & ZXP_CHILD_RESIZABLE :
		    parent->root->options & ZXP_VMO_RESIZABLE)
		return ERR_PTR(-EOPNOTSUPP);
	slice = kzalloc(sizeof(*slice), GFP_KERNEL_ACCOUNT);
	if (!slice)
		return ERR_PTR(-ENOMEM);
	slice->root = parent->root;
	slice->child = child;
	if (child)
		slice->child_map = parent->slice ? parent->slice->child_map :
						   zxp_child_map(file_inode(parent->file));
	slice->writable = parent->file->f_mode & FMODE_WRITE &&
			  !(args->options & ZXP_CHILD_NO_WRITE);
	ret = zxp_slice_place(slice, parent, args);
	if (!ret) {
		slice->kin = zxp_kin_join(slice->root, zxp_parent_kin(parent), args->name);
		ret = PTR_ERR_OR_ZERO(slice->kin);
		if (ret)
			slice->kin = NULL;
	}
	map = ret ? ERR_PTR(ret) : zxp_slice_make_map(slice);
	if (IS_ERR(map))
		zxp_slice_free(slice);
	return map;
}
