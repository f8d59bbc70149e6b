// SPDX-License-Identifier: GPL-2.0
/*
 * zxpager: Zircon's user pager for Linux. Module init and exit.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "abi.h"

static struct miscdevice zxp_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "zxpager",
	.fops = &zxp_pager_fops,
	.mode = 0600,
};

static int __init zxp_init(void)
{
	int ret;

	ret = zxp_sources_init();
	if (ret)
		return ret;
	ret = zxp_fs_init();
	if (ret)
		goto exit_sources;
	ret = zxp_child_fs_init();
	if (ret)
		goto exit_fs;
	ret = misc_register(&zxp_misc);
	if (ret)
		goto exit_child_fs;
	ret = zxp_kunit_init();
	if (ret)
		goto deregister;
	return 0;

deregister:
	misc_deregister(&zxp_misc);
exit_child_fs:
	zxp_child_fs_exit();
exit_fs:
	zxp_fs_exit();
exit_sources:
	zxp_sources_exit();
	return ret;
}

/*
 * Nothing of ours lives here any more: each pager and port file holds the module
 * through its fops, and the internal file system holds it as long as there is a
 * VMO file, a mapping or an O_PATH descriptor.
 */
static void __exit zxp_exit(void)
{
	/* Task work of ours may have given up its file, but not have returned yet. */
	synchronize_rcu_tasks();
	zxp_kunit_exit();
	misc_deregister(&zxp_misc);
	zxp_child_fs_exit();
	zxp_fs_exit();
	zxp_sources_exit();
}

module_init(zxp_init);
module_exit(zxp_exit);

MODULE_DESCRIPTION("Zircon's user pager");
MODULE_AUTHOR("The zxpager authors");
MODULE_LICENSE("GPL");
