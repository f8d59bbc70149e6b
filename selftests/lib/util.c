// SPDX-License-Identifier: GPL-2.0
/*
 * Page size, deadlines, and waiting for a condition.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "util.h"

size_t page_size;

static void __attribute__((constructor)) set_page_size(void)
{
	page_size = sysconf(_SC_PAGESIZE);
}

int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

void diag(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "# %s\n", line);
}

uint64_t from_env(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

long long fdinfo_number(int fd, const char *name)
{
	size_t len = strlen(name);
	char path[40], line[80];
	long long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ':')
			value = atoll(line + len + 1);
	if (f)
		fclose(f);
	return value;
}

void *map_anon(size_t pages)
{
	void *p = mmap(NULL, pages * page_size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

bool drain_lru(void)
{
	char *page = map_anon(1);
	cpu_set_t allowed, one;
	bool known = page && !sched_getaffinity(0, sizeof(allowed), &allowed);
	bool ok = known;
	int cpu;

	for (cpu = 0; ok && cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		/* This advice begins with a drain of the CPU that it is given on. */
		ok = !sched_setaffinity(0, sizeof(one), &one) &&
		     !madvise(page, page_size, MADV_COLD);
	}
	if (known && sched_setaffinity(0, sizeof(allowed), &allowed))
		ok = false;
	if (!ok)
		diag("the lists of reclaim: %m");
	if (page)
		munmap(page, page_size);
	return ok;
}

bool drop_caches(int what)
{
	return drain_lru() &&
	       !write_file("/proc/sys/vm/drop_caches", what == 3 ? "3" : "1");
}

static uint64_t read_u64(const char *path, uint64_t index)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t value = 0;

	if (fd < 0 || pread(fd, &value, sizeof(value), index * 8) != sizeof(value))
		diag("%s: %m", path);
	close(fd);
	return value;
}

static uint64_t pagemap(const void *addr)
{
	return read_u64("/proc/self/pagemap", (uintptr_t)addr / page_size);
}

bool is_mapped(const void *addr)
{
	return pagemap(addr) >> 63;
}

uint64_t page_frame(const void *addr)
{
	return pagemap(addr) & ((1ULL << 55) - 1);
}

uint64_t page_flags(const void *addr)
{
	uint64_t frame = page_frame(addr);

	return frame ? read_u64("/proc/kpageflags", frame) : 0;
}

bool page_is_large(const volatile void *addr)
{
	(void)*(const volatile char *)addr;
	/* KPF_COMPOUND_HEAD and KPF_COMPOUND_TAIL */
	return page_flags((const void *)addr) & (3ULL << 15);
}

bool kernel_is_since(int major, int minor)
{
	struct utsname name;
	int its_major, its_minor;

	uname(&name);
	return sscanf(name.release, "%d.%d", &its_major, &its_minor) == 2 &&
	       (its_major > major || (its_major == major && its_minor >= minor));
}

bool kernel_has_large_folios(void)
{
	return kernel_is_since(6, 12) &&
	       !access("/sys/kernel/mm/transparent_hugepage", F_OK);
}

bool run_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}
