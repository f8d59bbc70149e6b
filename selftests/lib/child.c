// SPDX-License-Identifier: GPL-2.0
/*
 * Children of VMOs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "child.h"

/* A child of that VMO, if there is one. */
static struct test_vmo *adopt_child(struct test_vmo *parent, int fd, uint64_t key,
				    uint64_t pages, int prot)
{
	struct test_vmo *child = pager_adopt_vmo(parent->pager, fd, key, pages, prot);

	if (child)
		child->root = parent->root;
	return child;
}

struct test_vmo *vmo_create_child(struct test_vmo *parent, uint32_t options,
				  uint64_t page, uint64_t pages)
{
	int fd = zxp_create_child(parent->fd, options, page * page_size,
				  pages * page_size);

	if (fd < 0) {
		diag("create child of %" PRIu64 "+%" PRIu64 ", options %#x: %s", page,
		     pages, options, strerror(-fd));
		return NULL;
	}
	return adopt_child(parent, fd, vmo_word(parent, page * page_size / 8), pages,
			   options & ZXP_CHILD_NO_WRITE ? PROT_READ :
			   PROT_READ | PROT_WRITE);
}

struct test_vmo *vmo_refer(struct test_vmo *parent, uint32_t options)
{
	int fd = zxp_create_child(parent->fd, ZXP_CHILD_REFERENCE | options, 0, 0), mode;

	if (fd < 0) {
		diag("create reference, options %#x: %s", options, strerror(-fd));
		return NULL;
	}
	mode = fcntl(fd, F_GETFL) & O_ACCMODE;
	return adopt_child(parent, fd, parent->key, parent->pages,
			   mode == O_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE);
}

struct test_vmo *vmo_clone(struct test_vmo *parent)
{
	return vmo_create_child(parent, AT_LEAST | ZXP_CHILD_RESIZABLE, 0, parent->pages);
}

struct test_vmo *vmo_map_private(struct test_vmo *parent)
{
	size_t bytes = parent->pages * page_size;
	struct test_vmo *child;

	child = adopt_child(parent, dup(parent->fd), parent->key, parent->pages,
			    PROT_READ);
	if (!child || mmap(child->map, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_FIXED, child->fd, 0) != child->map) {
		diag("private mapping: %m");
		return NULL;
	}
	return child;
}

struct test_vmo *pager_create_plain(struct user_pager *p, uint64_t pages, uint32_t options)
{
	int fd = zxp_create_vmo_flags(p->fd, options, ZXP_CREATE_PLAIN, ZXP_PORT_OWN, 0,
				      pages * page_size);

	if (fd < 0) {
		diag("create plain VMO: %s", strerror(-fd));
		return NULL;
	}
	return pager_adopt_vmo(p, fd, 0, pages, PROT_READ | PROT_WRITE);
}

struct test_vmo *pager_create_paged(struct user_pager *p, uint64_t pages, uint32_t options)
{
	return pager_create_vmo_flags(p, pages * page_size, options, ZXP_CREATE_SNAPSHOTS);
}

bool kind_is_copy(enum vmo_kind kind)
{
	return kind == KIND_COPY || kind == KIND_SLICE_OF_COPY || kind == KIND_SNAPSHOT;
}

struct test_vmo *pager_create_kind(struct user_pager *p, enum vmo_kind kind, uint64_t pages,
				   uint32_t options)
{
	struct test_vmo *root, *copy;

	root = pager_create_vmo_flags(p, pages * page_size, options,
				      kind == KIND_SNAPSHOT ? ZXP_CREATE_SNAPSHOTS : 0);
	if (!root)
		return NULL;
	switch (kind) {
	case KIND_VMO:
		break;
	case KIND_COPY:
		return vmo_create_child(root, AT_LEAST, 0, pages);
	case KIND_SLICE:
		return vmo_create_child(root, ZXP_CHILD_SLICE, 0, pages);
	case KIND_SLICE_OF_COPY:
		copy = vmo_create_child(root, AT_LEAST, 0, pages);
		return copy ? vmo_create_child(copy, ZXP_CHILD_SLICE, 0, pages) : NULL;
	case KIND_REFERENCE:
		return vmo_refer(root, 0);
	case KIND_SNAPSHOT:
		return vmo_create_child(root, ZXP_CHILD_POINT_IN_TIME, 0, pages);
	}
	return root;
}

uint64_t child_own_pages(const struct test_vmo *child)
{
	return vmo_info(child).out_resident / page_size;
}

bool vmo_put(struct test_vmo *vmo, uint64_t page, uint64_t word)
{
	int rc = zxp_vmo_write(vmo->fd, page * page_size, sizeof(word), &word);

	if (rc)
		diag("write to page %" PRIu64 ": %s", page, strerror(-rc));
	return !rc;
}

bool vmo_word_is(struct test_vmo *vmo, uint64_t page, uint64_t word)
{
	uint64_t mapped = *(volatile uint64_t *)(vmo->map + page * page_size), read = 0;
	int rc = zxp_vmo_read(vmo->fd, page * page_size, sizeof(read), &read);

	if (!rc && mapped == word && read == word)
		return true;
	diag("page %" PRIu64 " has %#" PRIx64 " by its mapping, and %#" PRIx64
	     " is read (%s), instead of %#" PRIx64, page, mapped, read, strerror(-rc),
	     word);
	return false;
}

bool vmo_page_is_lost(struct test_vmo *vmo, uint64_t page)
{
	off_t pos = page * page_size;
	uint64_t word = 1;

	if (pread(vmo->fd, &word, sizeof(word), pos) >= 0 || errno != EIO)
		diag("read of page %" PRIu64 ", which is lost: %m", page);
	else if (pwrite(vmo->fd, &word, sizeof(word), pos + sizeof(word)) >= 0 ||
		 errno != EIO)
		diag("write to a part of page %" PRIu64 ", which is lost: %m", page);
	else
		return true;
	return false;
}

bool vmo_put_page(struct test_vmo *vmo, uint64_t page, char byte)
{
	char *content = malloc(page_size);
	ssize_t n = -1;

	if (content) {
		memset(content, byte, page_size);
		n = pwrite(vmo->fd, content, page_size, page * page_size);
	}
	free(content);
	return n == (ssize_t)page_size;
}
