// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever can fail fails once while the module is loaded: it is there and works, or
 * nothing of it is.
 *
 * Most of what a module is loaded with is not ours, and comes before our first line.
 * So this counts what there is in all, and walks through the end of it.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "kselftest_harness.h"
#include "lib/client.h"
#include "lib/failnth.h"

/* What our init function does is not more than that, with what follows it. */
#define LAST_FAULTS	160
/* Never reached. */
#define NO_FAULT	1000000
#define NODE		"/tmp/zxp_fail_load"
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"

FIXTURE(load)
{
	int ko;
};

static int unload(void)
{
	return syscall(SYS_delete_module, "zxpager", O_NONBLOCK) ? -errno : 0;
}

static int load(int ko)
{
	return syscall(SYS_finit_module, ko, "", 0) ? -errno : 0;
}

static bool file_has(const char *path, const char *word)
{
	FILE *f = fopen(path, "re");
	char found[128];
	bool has = false;

	while (f && !has && fscanf(f, "%127s", found) == 1)
		has = !strcmp(found, word);
	if (f)
		fclose(f);
	return has;
}

FIXTURE_SETUP(load)
{
	const char *reason = fail_init(), *path = getenv("ZXPAGER_KO");

	if (reason)
		SKIP(return, "%s", reason);
	if (!path)
		SKIP(return, "ZXPAGER_KO does not say where the module is");
	if (!file_has("/proc/modules", "zxpager"))
		SKIP(return, "zxpager is not a module here");
	self->ko = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->ko);
	ASSERT_TRUE(watchdog_start());
	ASSERT_TRUE(wait_until(!unload()));
}

/* As it was found. */
FIXTURE_TEARDOWN(load)
{
	fail_arm(0);
	EXPECT_TRUE(wait_until(file_has("/proc/modules", "zxpager") || !load(self->ko)));
	EXPECT_TRUE(wait_until(!access(ZXP_DEV, F_OK)));
}

/*
 * A device that has no node because there was no memory for that is one all the same,
 * so this makes a node of its own.
 */
static bool works(void)
{
	unsigned int minor;
	char name[64];
	int pager, vmo = -1;
	FILE *f = fopen("/proc/misc", "re");

	while (f && fscanf(f, "%u %63s", &minor, name) == 2)
		if (!strcmp(name, "zxpager"))
			break;
	if (!f || strcmp(name, "zxpager"))
		return false;
	fclose(f);
	unlink(NODE);
	if (mknod(NODE, S_IFCHR | 0600, makedev(10, minor)))
		return false;
	pager = open(NODE, O_RDWR | O_CLOEXEC);
	if (pager >= 0)
		vmo = zxp_create_vmo(pager, 0, ZXP_PORT_OWN, 1, page_size);
	close(vmo);
	close(pager);
	unlink(NODE);
	return vmo >= 0;
}

static bool nothing_is_left(void)
{
	return !file_has("/proc/modules", "zxpager") &&
	       !file_has("/proc/filesystems", "zxpager") &&
	       !file_has("/proc/misc", "zxpager") && access(ZXP_DEV, F_OK);
}

/*
 * What is lost so far and was not lost by us: the name of a cache, by a kernel that has
 * no memory to show the cache in sysfs. Whoever looks next is not to find it again.
 */
static bool nothing_of_ours_is_lost(void)
{
	FILE *f = fopen(KMEMLEAK, "re");
	char line[256], object[8192] = "";
	bool kernels = true, ok = true;
	size_t len = 0;

	if (!f)
		return true;
	fclose(f);
	/* An object may be lost when nobody has pointed to it for five seconds. */
	sleep(6);
	if (write_file(KMEMLEAK, "scan") || write_file(KMEMLEAK, "scan"))
		return false;
	f = fopen(KMEMLEAK, "re");
	for (;;) {
		bool more = fgets(line, sizeof(line), f);

		if (!more || !strncmp(line, "unreferenced", strlen("unreferenced"))) {
			if (!kernels)
				diag("lost: %s", object);
			ok = ok && kernels;
			kernels = false;
			len = 0;
		}
		if (!more)
			break;
		if (strstr(line, "sysfs_slab_add"))
			kernels = true;
		len += snprintf(object + len, sizeof(object) - len, "%s", line);
		if (len >= sizeof(object))
			len = sizeof(object) - 1;
	}
	fclose(f);
	return !write_file(KMEMLEAK, "clear") && ok;
}

TEST_F_TIMEOUT(load, every_fault, 1200)
{
	unsigned int n, total, failed = 0, loaded = 0;
	bool injected;
	int ret;

	/* With faults to be counted for the first time some kernels prepare for more. */
	for (n = 0; n < 2; n++) {
		watchdog_expect("load", 0);
		fail_arm(NO_FAULT);
		ASSERT_EQ(0, load(self->ko));
		ASSERT_FALSE(fail_disarm());
		total = NO_FAULT - fail_remaining();
		ASSERT_TRUE(works());
		ASSERT_TRUE(wait_until(!unload()));
		ASSERT_TRUE(wait_until(nothing_is_left()));
	}

	n = total > LAST_FAULTS ? total - LAST_FAULTS : 1;
	for (injected = true; injected; n++) {
		watchdog_expect("load", n);
		fail_arm(n);
		ret = load(self->ko);
		injected = fail_disarm();
		if (ret) {
			ASSERT_TRUE(injected);
			ASSERT_TRUE(ret == -ENOMEM || ret == -EFAULT) {
				TH_LOG("fault %u: %s", n, strerror(-ret));
			}
			ASSERT_TRUE(wait_until(nothing_is_left()));
			failed++;
			continue;
		}
		loaded++;
		ASSERT_TRUE(works()) {
			TH_LOG("with fault %u", n);
		}
		ASSERT_TRUE(wait_until(!unload()));
		ASSERT_TRUE(wait_until(nothing_is_left()));
	}
	TH_LOG("of %u faults the last %u: not loaded %u times, loaded %u times", total,
	       failed + loaded, failed, loaded);
	/* The cache, the device and what that needs. */
	EXPECT_LT(10, failed);
	EXPECT_TRUE(nothing_of_ours_is_lost());
}

TEST_HARNESS_MAIN
