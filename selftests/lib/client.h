/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A client: one access of any kind that Linux has, made in a thread or in a
 * process of its own, whose outcome is in shared memory.  And a server, for tests
 * that are not about packets.
 */
#ifndef ZXP_SELFTESTS_CLIENT_H
#define ZXP_SELFTESTS_CLIENT_H

#include "thread.h"

enum access {
	ACC_LOAD,		/* one word of the mapping, in the first page */
	ACC_STORE,
	ACC_PREAD,
	ACC_PWRITE,
	ACC_COMMIT,
	ACC_PREFETCH,
	ACC_VMO_READ,
	ACC_SPLICE,		/* to a pipe */
	ACC_SENDFILE,		/* to a socket */
	ACC_COPY_RANGE,		/* copy_file_range() to a plain VMO */
	ACC_PIPE_WRITE,		/* write() to a pipe out of the mapping */
	ACC_FILE_WRITE,		/* write() to a tmpfs file out of it */
	ACC_PIPE_READ,		/* read() from a pipe into it */
	ACC_VM_READ,		/* process_vm_readv() of it */
	ACC_POPULATE,		/* MADV_POPULATE_READ */
	ACC_MLOCK,
	NR_ACCESSES
};

/* One fixture variant for each: KIND(name, access). */
#define FOR_EACH_ACCESS(KIND)						\
	KIND(load, ACC_LOAD);						\
	KIND(store, ACC_STORE);						\
	KIND(pread, ACC_PREAD);						\
	KIND(pwrite, ACC_PWRITE);					\
	KIND(commit, ACC_COMMIT);					\
	KIND(prefetch, ACC_PREFETCH);					\
	KIND(vmo_read, ACC_VMO_READ);					\
	KIND(splice, ACC_SPLICE);					\
	KIND(sendfile, ACC_SENDFILE);					\
	KIND(copy_file_range, ACC_COPY_RANGE);				\
	KIND(write_to_pipe, ACC_PIPE_WRITE);				\
	KIND(write_to_file, ACC_FILE_WRITE);				\
	KIND(read_from_pipe, ACC_PIPE_READ);				\
	KIND(process_vm_readv, ACC_VM_READ);				\
	KIND(populate, ACC_POPULATE);					\
	KIND(mlock, ACC_MLOCK)

struct client {
	enum access how;
	struct test_vmo *vmo;
	uint64_t page;
	uint64_t nr;
	char *map;		/* shows the VMO from its page 0 on */
	int fd;
	pid_t of;		/* ACC_VM_READ: whose mapping; 0 is its own */

	pid_t pid;		/* 0 in a thread; a process has one thread */
	struct test_thread thread;
	bool ended;		/* and reaped */

	/* The outcome. */
	volatile pid_t tid;
	volatile bool done;
	long ret;		/* -1 with error */
	int error;
	int signal;		/* SIGBUS or SIGSEGV, instead */
	void *signal_addr;
	char *buf;		/* what was read */
};

const char *access_name(enum access how);
/* Kernel code copies from or to the mapping: such a failure is EFAULT. */
bool access_is_copy(enum access how);

/* An access to @nr pages; its fields may still be changed before it starts. */
struct client *client_new(enum access how, struct test_vmo *vmo, uint64_t page,
			  uint64_t nr);
bool client_thread(struct client *c);
bool client_fork(struct client *c);
/* In a thread of its own, and wait for that. */
void client_run(struct client *c);

/* A thread that is not at its end yet. */
bool client_running(struct client *c);
/* It has ended; false after a message if it does not. */
bool client_end(struct client *c);
/* Ended, and all of the right content was read or nothing is wrong. */
bool client_good(struct client *c);
/*
 * Ended with @err: as errno, as SIGBUS at the first page if it was a load or a
 * store, as EFAULT if it was a copy, as ENOMEM if it was mlock().
 */
bool client_failed(struct client *c, int err);
/* SIGKILL, and the process is gone and had not ended by itself. */
bool client_kill(struct client *c);

/* As vmo_matches(), but for any bytes. */
bool vmo_bytes_match(const struct test_vmo *vmo, uint64_t offset, const void *buf,
		     size_t len);

/* Answers every READ, DIRTY and SYNC of the pager's VMOs, by keys, until it is ended. */
struct server {
	struct user_pager *pager;
	int stop[2];
	pthread_t thread;
	volatile int fail;		/* answers each READ with this instead */
	volatile uint64_t reads;
	volatile uint64_t pages;	/* of these */
	volatile uint64_t dirties;
	volatile uint64_t syncs;
	volatile uint64_t errors;
};

bool server_start(struct server *s, struct user_pager *p);
/* Ended, and nothing went wrong. */
bool server_end(struct server *s);

/* Another open file of the same one; negative errno. */
int reopen(int fd, int flags);

/* Hand a descriptor over a UNIX socket; negative errno. */
int send_fd(int sock, int fd);
int recv_fd(int sock);

/* Write @text to a file of /proc or /sys; negative errno. */
int write_file(const char *path, const char *text);
/* A number out of such a file, -1 if there is none. */
long long read_number(const char *path);
/* That behind @key, in one that has many. */
long long read_keyed(const char *path, const char *key);
/* The caller goes there; its directory is @path. */
bool enter_cgroup(const char *path);

#endif /* ZXP_SELFTESTS_CLIENT_H */
