/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ZXD_TESTS_OPEN_FILES_H
#define ZXD_TESTS_OPEN_FILES_H

#include <dirent.h>

/* To be included behind cmocka.h.  How many descriptors this process has, and some more: to be compared with an earlier number. */
static inline unsigned int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

#endif /* ZXD_TESTS_OPEN_FILES_H */
