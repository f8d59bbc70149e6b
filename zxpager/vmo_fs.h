/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 5, the file system that VMOs are inodes of.
 */
#ifndef _ZXPAGER_VMO_FS_H
#define _ZXPAGER_VMO_FS_H

#include "change.h"

#define ZXP_FS_MAGIC	0x7a787067	/* "zxpg" */

extern struct vfsmount *zxp_mnt;

int zxp_fs_init(void);
void zxp_fs_exit(void);
int zxp_fs_pin(void);
void zxp_fs_unpin(void);
struct file *zxp_vmo_get_file(int fd, fmode_t mode, struct zxp_vmo **vmo);
struct file *zxp_pager_vmo_file(struct zxp_pager *pager, int fd, fmode_t mode,
				struct zxp_vmo **vmo);

#endif /* _ZXPAGER_VMO_FS_H */
