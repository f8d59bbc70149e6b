// SPDX-License-Identifier: GPL-2.0
/*
 * Generations of a pager, by which a daemon that has died has a successor.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/zxpager.h>

#include "generation.h"
#include "key.h"
#include "log.h"

#define LISTED	64	/* with one call */

static struct found *all;
static bool *known;	/* it was found by its name */
static size_t count;

int generation_open_pager(void)
{
	struct zxp_info info = { .size = sizeof(info) };
	int fd = open("/dev/zxpager", O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV))
		die("no /dev/zxpager: load the module first (insmod zxpager.ko)");
	if (fd < 0)
		die("cannot open /dev/zxpager: %s", strerror(errno));
	if (ioctl(fd, ZXP_IOC_GET_INFO, &info))
		die("the module does not tell what it can do: %s", strerror(errno));
	if (!(info.out_features & ZXP_FEATURE_GENERATIONS))
		die("--keep: the module that is loaded is too old: load a newer zxpager.ko, or leave --keep out");
	return fd;
}

/* It fails with EINTR only for who is killed, and with all else may be called again. */
int generation_begin(int pager_fd)
{
	struct zxp_begin_generation arg = { .size = sizeof(arg) };

	return ioctl(pager_fd, ZXP_IOC_BEGIN_GENERATION, &arg) ? -1 : arg.out_fd;
}

static void take(const struct zxp_vmo_entry *entry)
{
	struct found *more = realloc(all, (count + 1) * sizeof(*all));

	if (!more)
		die("out of memory");
	all = more;
	all[count++] = (struct found){
		.id = entry->id,
		.key = entry->key,
		.stream_size = entry->stream_size,
		.detached = entry->state & ZXP_VMO_ENTRY_DETACHED,
	};
}

/* Detached ones, which nobody has open any more, may go while they are listed. */
void generation_look(int generation_fd)
{
	struct zxp_vmo_entry entries[LISTED];
	struct zxp_list_vmos arg = {
		.size = sizeof(arg),
		.buffer = (uintptr_t)entries,
		.buffer_size = sizeof(entries),
	};

	do {
		if (ioctl(generation_fd, ZXP_IOC_LIST_VMOS, &arg))
			die("the module does not tell which VMOs there are: %s",
			    strerror(errno));
		for (uint64_t i = 0; i < arg.out_actual; i++)
			take(&entries[i]);
		if (arg.out_actual)
			arg.after = entries[arg.out_actual - 1].id;
	} while (arg.out_actual == LISTED);
	known = calloc(count + 1, sizeof(*known));
	if (!known)
		die("out of memory");
}

/* They are in the order in which they were made, and so are those of the command line. */
const struct found *generation_find(uint64_t key)
{
	static size_t at;

	for (size_t n = 0; n < count; n++) {
		size_t i = (at + n) % count;

		if (!key_is_of_name(all[i].key, key))
			continue;
		known[i] = true;
		at = i + 1;
		return &all[i];
	}
	return NULL;
}

int generation_open(int generation_fd, const struct found *found)
{
	struct zxp_open_vmo arg = { .size = sizeof(arg), .id = found->id };

	return ioctl(generation_fd, ZXP_IOC_OPEN_VMO, &arg) ? -1 : arg.out_fd;
}

void generation_tell_unknown(void)
{
	for (size_t i = 0; i < count; i++)
		if (!known[i])
			log_line("VMO %llu is that of no name which is served now: it stays as it is, and who waits for it waits on",
				 (unsigned long long)all[i].id);
}
