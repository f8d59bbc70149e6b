/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fuzzer's nouns. A program is a list of calls by up to four threads; a worker,
 * which is a process, runs one program; the fuzzer makes programs, keeps those that
 * reached something new, and looks for what must not happen.
 */
#ifndef ZXP_FUZZ_H
#define ZXP_FUZZ_H

#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <linux/zxpager.h>

#include "../keeper/dice.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define PAGE		4096ULL
#define MAX_VMO_SIZE	0x3ffffffffffff000ULL

#define MAX_ARGS	12
#define MAX_CALLS	40
/* Thread 0 makes its calls first; then the others, all at once. */
#define MAX_THREADS	4
#define MAX_TEXT	16384

/*
 * Descriptors are named by the slot that they are in. Each kind of object has slots
 * of its own; what is duplicated or received goes into the spare ones.
 */
enum slot {
	SLOT_PAGER	= 0,	/* 2 */
	SLOT_PORT	= 2,	/* 2 */
	SLOT_VMO	= 4,	/* 4 */
	SLOT_PLAIN	= 8,	/* 2 */
	SLOT_PIPE	= 10,	/* its ends */
	SLOT_MEMFD	= 12,
	SLOT_SPARE	= 13,	/* 3 */
	NR_SLOTS	= 16,
};

/*
 * Addresses are the same in each worker, so that a program can name them. The
 * buffer is plain memory and ends in a hole. The windows are where VMOs are mapped,
 * each with a page of plain memory before it. The private one is of each thread, so
 * that what the kernel writes there can be looked at.
 */
#define BUFFER		0x100000000000ULL
#define BUFFER_PAGES	64
#define READ_ONLY	(BUFFER + (BUFFER_PAGES + 1) * PAGE)
#define WINDOWS		0x100100000000ULL
#define WINDOW_STRIDE	0x10000000ULL
#define WINDOW_PAGES	16
#define NR_WINDOWS	4
#define ARENA_END	0x100200000000ULL
#define PRIVATE		0x200000000000ULL
#define PRIVATE_PAGES	4
#define PRIVATE_STRIDE	0x10000000ULL

/* What an argument is; see values.c for what is put there. */
enum arg_kind {
	A_PAGER,
	A_PORT,
	A_STREAM,	/* pager or port */
	A_QUEUE,	/* port, that something is done with */
	A_VMO,
	A_PLAIN,
	A_PIPE,
	A_SPARE,
	A_ANY,		/* any slot */
	A_TO_PAGER,	/* slots to put something into */
	A_TO_PORT,
	A_TO_VMO,
	A_AT,		/* where the structure of an ioctl lies; 0 in private memory */
	A_SIZE,		/* what it says of its size; bit 32: something behind its end */
	A_ZERO,		/* reserved */
	A_FLAGS,
	A_CHOICE,
	A_OFFSET,
	A_LENGTH,
	A_KEY,
	A_POINTER,
	A_NAME,		/* a pointer that may be none */
	A_WINDOW,	/* an address in a window */
	A_RANDOM,
};

#define TAIL_NOT_ZERO	(1ULL << 32)

/**
 * struct arg_desc - an argument of a call
 * @name: of it
 * @kind: what it is
 * @width: if it is a field of a structure: its size in bytes, and
 * @offset: where
 * @values: flags or choices; for %A_SIZE the sizes of now and of revision 1
 * @nr: how many
 */
struct arg_desc {
	const char *name;
	enum arg_kind kind;
	uint8_t width;
	uint8_t offset;
	const uint64_t *values;
	uint8_t nr;
};

struct thread;

/**
 * struct call_desc - a kind of call
 * @name: of it
 * @weight: how often it is made
 * @waits: for something else than a VMO, perhaps
 * @cmd: of an ioctl
 * @run: makes it; returns a negative errno, or what the call does
 * @args: its arguments
 * @errnos: what an ioctl may give besides what all may
 */
struct call_desc {
	const char *name;
	uint8_t weight;
	bool waits;
	unsigned int cmd;
	long (*run)(struct thread *t, const struct call_desc *d,
		    const uint64_t *a);
	struct arg_desc args[MAX_ARGS];
	int errnos[16];
};

extern const struct call_desc calls[];
extern const unsigned int nr_call_kinds;
unsigned int nr_args(const struct call_desc *d);

struct call {
	uint8_t kind;
	uint8_t thread;
	uint8_t fail;		/* the nth point of failure in it fails */
	uint64_t arg[MAX_ARGS];
};

/* What is done when no thread gets on any more. */
enum ending {
	END_KILL,
	END_SERVE,	/* answer whatever is asked */
	END_DETACH,	/* then nobody may wait any longer */
	END_CLOSE,
	NR_ENDINGS,
};

extern const char *const ending_names[];

struct program {
	enum ending end;
	unsigned int nr;
	struct call call[MAX_CALLS];
};

/* program.c: programs as text */
size_t program_print(const struct program *p, char *text, size_t size);
bool program_parse(struct program *p, const char *text, char *error, size_t size);

/* values.c: what is put into an argument */
uint64_t make_arg(struct dice *d, const struct arg_desc *desc);
uint64_t make_good_arg(struct dice *d, const struct arg_desc *desc);
uint64_t make_number(struct dice *d, uint32_t least, uint32_t pages);
void make_ranges(struct dice *d, struct call *c);
void slots_there(const struct program *p, unsigned int nr);

/* generate.c */
void generate(struct dice *d, struct program *p);
void mutate(struct dice *d, struct program *p, const struct program *other);

#define NOT_RUN	INT32_MIN

/**
 * struct shared - what fuzzer and worker have in common
 * @program: what is to be run
 * @number: of it
 * @stop: no thread begins another call
 * @nr_findings: only the first is kept
 * @finding: its text
 * @result: of each call
 */
struct shared {
	struct program program;
	unsigned long number;
	atomic_int stop;
	atomic_int nr_findings;
	char finding[512];
	atomic_int result[MAX_CALLS];
};

struct thread {
	unsigned int id;
	atomic_int go;		/* counts the programs */
	atomic_int tid;
	atomic_int at;		/* index of the call that it makes */
	atomic_uint progress;
	atomic_bool done;
	bool used;
	bool started;
	int fail_fd;
	int stat_fd;
	volatile bool touching;
	volatile bool failing;	/* what it does may be made to fail */
	sigjmp_buf back;
	uint8_t own[2 * 4096];	/* the structure of an ioctl */
	uint8_t *private;	/* with holes around */
	int held[MAX_ARGS];	/* copies of descriptors, see rights.c */
};

/* worker.c */
extern struct shared *shared;
extern struct thread threads[MAX_THREADS];
extern atomic_int slots[NR_SLOTS];
extern pthread_mutex_t stream_lock;
extern bool keep_copies;
/* Only one thread of the program has begun to make calls. */
extern atomic_bool alone;

/* Descriptors that no program knows of are at least these. */
#define FIRST_HIDDEN	900
#define FIRST_COPY	1000
/* What a worker ends with that cannot begin. */
#define NO_WORKER	3

/* Of threads that run a program, and its number; reports of the kernel have it. */
#define THREAD_NAME	"fuzz-"
/* Where workers are, if there are cgroups. */
#define CGROUP		"/sys/fs/cgroup/zxp_fuzz"

void worker_main(int go_fd, int ready_fd, bool failing)
	__attribute__((noreturn));
void finding(const char *format, ...) __attribute__((format(printf, 1, 2)));
int slot_fd(uint64_t arg);
void slot_put(unsigned int slot, int fd);
void write_string(const char *path, const char *text);
int hide_fd(int fd);

/* ioctls.c */
long run_ioctl(struct thread *t, const struct call_desc *d, const uint64_t *a);
long run_create_port(struct thread *t, const struct call_desc *d,
		     const uint64_t *a);
long run_create_child(struct thread *t, const struct call_desc *d,
		      const uint64_t *a);
long run_create_vmo(struct thread *t, const struct call_desc *d,
		    const uint64_t *a);
long run_supply_ranges(struct thread *t, const struct call_desc *d,
		       const uint64_t *a);
int new_fd(struct thread *t, uint64_t at, size_t offset);

/* generations.c */
long run_begin_generation(struct thread *t, const struct call_desc *d, const uint64_t *a);
long run_open_vmo(struct thread *t, const struct call_desc *d, const uint64_t *a);
void check_generation(const struct call_desc *d, uint64_t slot, long ret);
void check_list(struct thread *t, const struct zxp_list_vmos *l);
void pager_opened(unsigned int slot);
void pager_closed(uint64_t slot);
unsigned int generations_begun(void);
unsigned int generations_ended(void);
void generations_forget(void);

/* check.c */
void check_errno(const struct call_desc *d, int error, bool failing);
void check_ioctl(struct thread *t, const struct call_desc *d, const uint64_t *a,
		 long ret);

/* rights.c: what descriptors were opened for */
void rights_begin(struct thread *t);
int rights_hold(struct thread *t, unsigned int i, uint64_t slot);
void rights_end(struct thread *t, const struct call_desc *d, const uint64_t *a,
		long ret);

/* serve.c: a daemon's part */
uint64_t vmo_register(int pager_slot, int vmo_slot, uint32_t options,
		      uint32_t flags, uint64_t size, uint64_t key);
void vmo_made(uint64_t key, int pager_fd, int vmo_fd);
void vmo_unknown(void);
long serve(unsigned int slot, unsigned int how, unsigned int max);
void serve_all(unsigned int how);
bool detach_all(void);
void vmos_forget(void);

/* arena.c: the memory that programs know of */
void arena_map(void);
void arena_renew(void);
void *pointer(struct thread *t, uint64_t arg);
bool plain_memory(uint64_t address);

#define RUN(name) long run_##name(struct thread *t, const struct call_desc *d, \
				  const uint64_t *a)
/* objects.c */
RUN(open); RUN(reopen); RUN(dup); RUN(close); RUN(pass); RUN(pipe); RUN(memfd);
RUN(fork); RUN(signal); RUN(limit); RUN(serve); RUN(fcntl); RUN(fdinfo);
RUN(epoll);
/* files.c */
RUN(read); RUN(readv); RUN(poll); RUN(pread); RUN(pwrite); RUN(preadv2);
RUN(pwritev2); RUN(lseek); RUN(ftruncate); RUN(fallocate); RUN(fsync);
RUN(sync_range); RUN(fadvise); RUN(splice); RUN(sendfile); RUN(copy_range);
RUN(ioctl_raw); RUN(fstat);
/* memory.c */
RUN(mmap); RUN(munmap); RUN(mremap); RUN(madvise); RUN(mprotect); RUN(msync);
RUN(mlock); RUN(touch_read); RUN(touch_write); RUN(vmsplice); RUN(vm_readv);
/* tasks.c */
RUN(leave); RUN(dump); RUN(vm_other); RUN(fsync_alarm);
#undef RUN

/* cover.c */
bool cover_open(void);
int cover_fd(unsigned int thread);
void cover_enable(unsigned int thread);
void cover_reset(void);
unsigned int cover_collect(const struct program *p);
unsigned int cover_points(void);
unsigned int cover_outcomes(void);
void cover_save(const char *path);

#endif /* ZXP_FUZZ_H */
