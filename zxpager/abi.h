/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Floor 1, the ABI: /dev/zxpager.
 */
#ifndef _ZXPAGER_ABI_H
#define _ZXPAGER_ABI_H

#include "objects.h"

/* pager_file.c */
extern const struct file_operations zxp_pager_fops;

/* ioctl.c */
long zxp_pager_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* kunit/suites.c */
#ifdef CONFIG_ZXPAGER_KUNIT_TEST
int zxp_kunit_init(void);
void zxp_kunit_exit(void);
#else
static inline int zxp_kunit_init(void)
{
	return 0;
}

static inline void zxp_kunit_exit(void)
{
}
#endif

#endif /* _ZXPAGER_ABI_H */
