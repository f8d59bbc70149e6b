// SPDX-License-Identifier: GPL-2.0
/* The name that a VMO or a child is given when it is made, and who shows it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "lib/child.h"
#include "lib/fixture.h"

PAGER_FIXTURE(name);

#define LONGEST	ZXP_NAME_MAX

static int make_vmo(int pager, uint32_t flags, const char *name)
{
	struct zxp_create_vmo arg = {
		.size = sizeof(arg), .flags = flags, .port_fd = ZXP_PORT_OWN,
		.key = flags & ZXP_CREATE_PLAIN ? 0 : 7,
		.vmo_size = page_size, .name = (uintptr_t)name,
	};
	int rc = zxp_ioctl(pager, ZXP_IOC_CREATE_VMO, &arg);

	return rc ?: arg.out_fd;
}

static int make_child(int vmo, uint32_t options, const char *name)
{
	struct zxp_vmo_create_child arg = {
		.size = sizeof(arg), .options = options,
		.length = options & ZXP_CHILD_REFERENCE ? 0 : page_size,
		.name = (uintptr_t)name,
	};
	int rc = zxp_ioctl(vmo, ZXP_IOC_VMO_CREATE_CHILD, &arg);

	return rc ?: arg.out_fd;
}

/* What the link in /proc tells is @path, and what the line of a mapping tells @mapping. */
static bool is_shown(int fd, const char *path, const char *mapping)
{
	char link[64], is[512] = "", want[512], line[600];
	bool mapped = false;
	FILE *maps;
	char *map;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	snprintf(want, sizeof(want), "%s (deleted)", path);
	if (readlink(link, is, sizeof(is) - 1) < 0 || strcmp(is, want)) {
		diag("%s is \"%s\" instead of \"%s\"", link, is, want);
		return false;
	}
	snprintf(want, sizeof(want), "%s (deleted)", mapping);
	map = mmap(NULL, page_size, PROT_READ, MAP_SHARED, fd, 0);
	maps = fopen("/proc/self/maps", "r");
	while (map != MAP_FAILED && maps && fgets(line, sizeof(line), maps)) {
		line[strcspn(line, "\n")] = 0;
		if (strtoul(line, NULL, 16) == (unsigned long)map)
			mapped = strlen(line) > strlen(want) &&
				 !strcmp(line + strlen(line) - strlen(want), want);
	}
	if (maps)
		fclose(maps);
	if (map != MAP_FAILED)
		munmap(map, page_size);
	if (!mapped)
		diag("the mapping is not called \"%s\"", want);
	return mapped;
}

#define EXPECT_SHOWN_AS(fd, path, mapping)			\
	do {							\
		int _fd = (fd);					\
								\
		EXPECT_LE(0, _fd);				\
		EXPECT_TRUE(is_shown(_fd, path, mapping));	\
		close(_fd);					\
	} while (0)

#define EXPECT_SHOWN(fd, path)	EXPECT_SHOWN_AS(fd, path, path)

TEST_F(name, of_vmos)
{
	char longest[LONGEST + 1], shown[LONGEST + 16];
	struct zxp_vmo_info info;
	int fd;

	memset(longest, 'n', LONGEST);
	longest[LONGEST] = 0;
	snprintf(shown, sizeof(shown), "/zxpager:%s", longest);
	EXPECT_SHOWN(make_vmo(self->p.fd, 0, NULL), "/zxpager-vmo");
	EXPECT_SHOWN(make_vmo(self->p.fd, 0, "image"), "/zxpager:image");
	EXPECT_SHOWN(make_vmo(self->p.fd, 0, ""), "/zxpager:");
	EXPECT_SHOWN(make_vmo(self->p.fd, 0, "a/b .. %s"), "/zxpager:a/b .. %s");
	EXPECT_SHOWN(make_vmo(self->p.fd, ZXP_CREATE_PLAIN, "plain"), "/zxpager:plain");
	EXPECT_SHOWN(make_vmo(self->p.fd, 0, longest), shown);
	/* Two may have the same; who opens one anew finds its name, by which way ever. */
	fd = make_vmo(self->p.fd, 0, "twice");
	ASSERT_LE(0, fd);
	EXPECT_SHOWN(make_vmo(self->p.fd, 0, "twice"), "/zxpager:twice");
	ASSERT_EQ(0, zxp_vmo_get_info(fd, &info));
	EXPECT_SHOWN(zxp_open_vmo(self->p.fd, info.out_id), "/zxpager:twice");
	snprintf(shown, sizeof(shown), "/proc/self/fd/%d", fd);
	EXPECT_SHOWN(open(shown, O_RDONLY | O_CLOEXEC), "/zxpager:twice");
	close(fd);
}

TEST_F(name, of_children)
{
	static const struct {
		uint32_t options;
		const char *name, *path;
	} rows[] = {
		{ ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, NULL, "/zxpager-vmo" },
		{ ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, "clone", "/zxpager:clone" },
		{ ZXP_CHILD_SNAPSHOT_MODIFIED, "copy", "/zxpager:copy" },
		{ ZXP_CHILD_SLICE, NULL, "/zxpager-vmo" },
		{ ZXP_CHILD_SLICE, "slice", "/zxpager:slice" },
		{ ZXP_CHILD_REFERENCE, NULL, "/zxpager-vmo" },
		{ ZXP_CHILD_REFERENCE, "reference", "/zxpager:reference" },
	};
	int vmo = make_vmo(self->p.fd, 0, "image"), clone, fd;

	ASSERT_LE(0, vmo);
	clone = make_child(vmo, ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, "first");
	ASSERT_LE(0, clone);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_SHOWN(make_child(vmo, rows[i].options, rows[i].name), rows[i].path);
		/* What is mapped by a reference to a copy is the copy. */
		EXPECT_SHOWN_AS(make_child(clone, rows[i].options, rows[i].name), rows[i].path,
				rows[i].options == ZXP_CHILD_REFERENCE ? "/zxpager:first" :
									 rows[i].path);
	}
	/* It stays when what it was made of goes. */
	fd = make_child(clone, ZXP_CHILD_SNAPSHOT_MODIFIED, "second");
	close(clone);
	close(vmo);
	EXPECT_SHOWN(fd, "/zxpager:second");
}

/* Nothing is left of what cannot be named so. */
TEST_F(name, refused)
{
	char longer[LONGEST + 2];
	char *missing = mmap(NULL, page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static const uint32_t kinds[] = {
		ZXP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, ZXP_CHILD_SLICE, ZXP_CHILD_REFERENCE,
	};
	int vmo = make_vmo(self->p.fd, 0, "image");
	struct zxp_vmo_info info;

	ASSERT_NE(MAP_FAILED, missing);
	ASSERT_LE(0, vmo);
	memset(longer, 'n', LONGEST + 1);
	longer[LONGEST + 1] = 0;
	EXPECT_EQ(-EINVAL, make_vmo(self->p.fd, 0, longer));
	EXPECT_EQ(-EFAULT, make_vmo(self->p.fd, 0, missing));
	EXPECT_EQ(-EINVAL, make_vmo(self->p.fd, ZXP_CREATE_PLAIN, longer));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		EXPECT_EQ(-EINVAL, make_child(vmo, kinds[i], longer));
		EXPECT_EQ(-EFAULT, make_child(vmo, kinds[i], missing));
	}
	ASSERT_EQ(0, zxp_vmo_get_info(vmo, &info));
	EXPECT_EQ(0, info.out_children);
	munmap(missing, page_size);
	close(vmo);
}

TEST_HARNESS_MAIN
