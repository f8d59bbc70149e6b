// SPDX-License-Identifier: GPL-2.0
/*
 * The fuzzer: makes programs, has each run by a worker, and keeps those that have
 * reached something. See Documentation/testing.rst.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define MAX_CORPUS	4096
/* Programs that the journal has, the last ones. */
#define JOURNAL		8
#define CGROUP		"/sys/fs/cgroup/zxp_fuzz"

struct options {
	unsigned long runs;
	unsigned long seed;
	unsigned long points;	/* of all coverage there can be, if known */
	unsigned long run_ms;	/* for one program */
	unsigned long stuck_s;	/* for a killed worker to end */
	const char *replay;
	const char *journal;
	const char *cover;
	bool fail;
	bool verbose;
};

static struct options options = {
	.runs = 1000,
	.seed = 1,
	.run_ms = 8000,
	.stuck_s = 120,
};

static struct {
	pid_t pid;
	int pidfd;
	int go_fd;
	int ready_fd;
} worker;

static struct program corpus[MAX_CORPUS];
static unsigned int nr_corpus;
static unsigned long executions, workers, timeouts, findings;
static bool stuck, leaked;
static int journal_fd = -1;

/* Each line of it a comment, as KTAP wants it. */
static void print_program(const struct program *p, FILE *to, const char *prefix)
{
	static char text[MAX_TEXT];
	char *line, *save;

	program_print(p, text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		fprintf(to, "%s%s\n", prefix, line);
	fflush(to);
}

/*
 * Written before a program is run, to where it outlives the machine: places of the
 * same size, filled up with lines that are empty.
 */
static void journal(const struct program *p)
{
	static char text[MAX_TEXT];
	size_t n;

	if (journal_fd < 0)
		return;
	memset(text, '\n', sizeof(text));
	n = snprintf(text, sizeof(text), "# execution %lu, seed %lu\n", executions,
		     options.seed);
	n += program_print(p, text + n, sizeof(text) - n);
	text[n] = '\n';
	if (pwrite(journal_fd, text, sizeof(text),
		   executions % JOURNAL * sizeof(text)) != sizeof(text)) {
		perror("fuzz: journal");
		exit(2);
	}
}

static void report(const struct program *p, const char *what)
{
	findings++;
	printf("# finding: %s\n", what);
	printf("# in execution %lu, seed %lu; replay this:\n", executions, options.seed);
	print_program(p, stdout, "#   ");
}

static void show_file(const char *format, pid_t pid, pid_t tid)
{
	char path[64], text[4096];
	char *line, *save;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), format, pid, tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	printf("# %s:\n", path);
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		printf("#   %s\n", line);
}

static void show_tasks(pid_t pid)
{
	pid_t tid;

	for (tid = pid; tid < pid + 2 * MAX_THREADS; tid++)
		show_file("/proc/%d/task/%d/stack", pid, tid);
	write_string("/proc/sysrq-trigger", "w");
}

static bool poll_ready(void)
{
	struct pollfd p = { .fd = worker.ready_fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* For its end, or for it to be ready again. */
static bool wait_worker(int ms, bool or_ready)
{
	struct pollfd p[] = {
		{ .fd = worker.pidfd, .events = POLLIN },
		{ .fd = worker.ready_fd, .events = POLLIN },
	};
	int n;

	do {
		n = poll(p, or_ready ? 2 : 1, ms);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* Children that the worker has left are this process's now. All have to end. */
static bool reap_all(pid_t group)
{
	struct timespec pause = { .tv_nsec = 5000000 };
	long left = options.stuck_s * 200;
	pid_t pid;

	while (left--) {
		kill(-group, SIGKILL);
		do {
			pid = waitpid(-1, NULL, WNOHANG);
		} while (pid > 0);
		if (pid < 0)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static long references(void)
{
	FILE *f = fopen("/sys/module/zxpager/refcnt", "re");
	long n = -1;

	if (!f || fscanf(f, "%ld", &n) != 1)
		n = -1;
	if (f)
		fclose(f);
	return n;
}

/* Descriptors in sockets that nobody has are looked for when one is closed. */
static void collect_sockets(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	close(pair[0]);
	close(pair[1]);
}

/* The last ones go a moment after the worker. */
static bool no_references(void)
{
	struct timespec pause = { .tv_nsec = 5000000 };
	int left = 2000;

	while (references() > 0 && left--) {
		collect_sockets();
		nanosleep(&pause, NULL);
	}
	return references() <= 0;
}

static int new_event(int old)
{
	if (old)
		close(old);
	return fcntl(eventfd(0, EFD_CLOEXEC), F_DUPFD_CLOEXEC, FIRST_HIDDEN);
}

/* Ready for a program; it lives as long as its programs leave nothing behind. */
static void start_worker(void)
{
	/* What a killed one has not read, or has told, is not meant for this one. */
	worker.go_fd = new_event(worker.go_fd);
	worker.ready_fd = new_event(worker.ready_fd);
	worker.pid = fork();
	if (worker.pid < 0) {
		perror("fuzz: fork");
		exit(2);
	}
	if (worker.pid == 0) {
		write_string(CGROUP "/cgroup.procs", "0");
		worker_main(worker.go_fd, worker.ready_fd, options.fail);
	}
	worker.pidfd = syscall(SYS_pidfd_open, worker.pid, 0);
	workers++;
}

/* Then even a signal may find no room on its stack, and ends the worker. */
static bool may_fail(const struct program *p)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		if (p->call[i].fail && options.fail)
			return true;
	return false;
}

/* All of it is gone, or is stuck. */
static void end_worker(const struct program *p)
{
	siginfo_t info = {};

	kill(worker.pid, SIGKILL);
	if (!wait_worker(options.stuck_s * 1000, false)) {
		report(p, "stuck task: the worker does not end");
		show_tasks(worker.pid);
		stuck = true;
		return;
	}
	waitid(P_PID, worker.pid, &info, WEXITED | WNOWAIT);
	if (info.si_code != CLD_EXITED && info.si_status != SIGKILL && !may_fail(p))
		finding("the worker got signal %d", info.si_status);
	close(worker.pidfd);
	if (!reap_all(worker.pid)) {
		report(p, "stuck task: a child of the worker does not end");
		stuck = true;
	}
	worker.pid = 0;
}

/* Run it. True if it has reached something new. */
static bool execute(const struct program *p)
{
	unsigned int i;
	uint64_t one = 1;
	bool alive;

	executions++;
	journal(p);
	if (options.verbose)
		print_program(p, stderr, "");
	memset(shared, 0, sizeof(*shared));
	shared->program = *p;
	for (i = 0; i < MAX_CALLS; i++)
		atomic_store(&shared->result[i], NOT_RUN);
	if (!worker.pid)
		start_worker();
	cover_reset();
	if (write(worker.go_fd, &one, sizeof(one)) < 0) {
		perror("fuzz: eventfd");
		exit(2);
	}
	if (!wait_worker(options.run_ms, true))
		timeouts++;
	alive = !wait_worker(0, false) && poll_ready() &&
		read(worker.ready_fd, &one, sizeof(one)) == sizeof(one);
	if (!alive)
		end_worker(p);
	if (stuck)
		return false;
	if (atomic_load(&shared->nr_findings))
		report(p, shared->finding);
	if (!no_references()) {
		report(p, "references to the module are left");
		leaked = true;
	}
	if (options.verbose)
		for (i = 0; i < p->nr; i++)
			fprintf(stderr, "# call %u (%s): %d\n", i + 1,
				calls[p->call[i].kind].name,
				atomic_load(&shared->result[i]));
	return cover_collect(p);
}

static void keep(const struct program *p, struct dice *d)
{
	unsigned int at = nr_corpus;

	if (at == MAX_CORPUS)
		at = roll(d, MAX_CORPUS);
	else
		nr_corpus++;
	corpus[at] = *p;
}

/* One in four is new; later ones of the corpus are better. */
static void next_program(struct dice *d, struct program *p)
{
	unsigned int at;

	if (nr_corpus < 8 || one_in(d, 4)) {
		generate(d, p);
		return;
	}
	at = one_in(d, 2) ? nr_corpus - 1 - roll(d, nr_corpus / 4 + 1) :
			    roll(d, nr_corpus);
	*p = corpus[at];
	mutate(d, p, &corpus[roll(d, nr_corpus)]);
}

static unsigned long seconds(void)
{
	static struct timespec start;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!start.tv_sec)
		start = now;
	return now.tv_sec - start.tv_sec;
}

static void progress(void)
{
	printf("# %lu executions in %lu s, %u points, %u outcomes, corpus %u, %lu out of time\n",
	       executions, seconds(), cover_points(), cover_outcomes(), nr_corpus,
	       timeouts);
	fflush(stdout);
}

static void fuzz(void)
{
	struct dice d = { options.seed };
	struct program p;

	while (executions < options.runs && !stuck && !leaked && findings < 10) {
		next_program(&d, &p);
		if (execute(&p))
			keep(&p, &d);
		if (executions % 200 == 0)
			progress();
	}
}

static void replay(void)
{
	static char text[MAX_TEXT];
	struct program p;
	char error[256];
	FILE *f = fopen(options.replay, "re");

	if (!f) {
		perror(options.replay);
		exit(2);
	}
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	if (!program_parse(&p, text, error, sizeof(error))) {
		fprintf(stderr, "%s: not a call: %s\n", options.replay, error);
		exit(2);
	}
	while (executions < options.runs && !stuck && !leaked && !findings)
		execute(&p);
}

static void limit_memory(void)
{
	/* A program may ask for all there is. */
	if (mkdir(CGROUP, 0755) && errno != EEXIST)
		return;
	write_string(CGROUP "/memory.oom.group", "1");
	write_string(CGROUP "/memory.max", "64M");
}

static unsigned long number(const char *text)
{
	char *rest;
	unsigned long value = strtoul(text, &rest, 0);

	if (!*text || *rest) {
		fprintf(stderr, "fuzz: '%s' is not a number\n", text);
		exit(2);
	}
	return value;
}

static void usage(int status)
{
	puts("fuzz [--runs N] [--seed N] [--fail] [--journal FILE] [--cover FILE]\n"
	     "     [--points N] [--run-ms N] [--stuck-s N] [--verbose] [--replay FILE]\n\n"
	     "Runs programs of calls against the loaded module, N of them; or one\n"
	     "program N times. --fail also fails allocations, --points says how many\n"
	     "points of coverage there are. Status 1 if something was found.");
	exit(status);
}

static void parse(char **arg)
{
	for (; *arg; arg++) {
		const char *value = arg[1] ?: "";

		if (!strcmp(*arg, "--fail")) {
			options.fail = true;
			continue;
		} else if (!strcmp(*arg, "--verbose")) {
			options.verbose = true;
			continue;
		} else if (!strcmp(*arg, "--help")) {
			usage(0);
		} else if (!strcmp(*arg, "--runs")) {
			options.runs = number(value);
		} else if (!strcmp(*arg, "--seed")) {
			options.seed = number(value);
		} else if (!strcmp(*arg, "--points")) {
			options.points = number(value);
		} else if (!strcmp(*arg, "--run-ms")) {
			options.run_ms = number(value);
		} else if (!strcmp(*arg, "--stuck-s")) {
			options.stuck_s = number(value);
		} else if (!strcmp(*arg, "--replay")) {
			options.replay = value;
		} else if (!strcmp(*arg, "--journal")) {
			options.journal = value;
		} else if (!strcmp(*arg, "--cover")) {
			options.cover = value;
		} else {
			usage(2);
		}
		arg++;
	}
}

static void test(unsigned int nr, bool good, const char *what)
{
	printf("%sok %u fuzz.%s\n", good ? "" : "not ", nr, what);
}

int main(int argc, char **argv)
{
	bool kcov;

	(void)argc;
	parse(argv + 1);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || references() != 0) {
		fprintf(stderr, "fuzz: the module has to be loaded and not in use\n");
		return 2;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 4096, 4096 });
	if (options.journal) {
		journal_fd = open(options.journal, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (journal_fd < 0) {
			perror(options.journal);
			return 2;
		}
	}
	limit_memory();
	arena_map();
	kcov = cover_open();
	if (options.fail && access("/proc/self/fail-nth", W_OK))
		options.fail = false;
	printf("# seed %lu, %lu executions, %s KCOV, %s failing allocations\n",
	       options.seed, options.runs, kcov ? "with" : "without",
	       options.fail ? "with" : "without");

	seconds();
	if (options.replay)
		replay();
	else
		fuzz();
	if (worker.pid)
		end_worker(&shared->program);
	if (options.cover)
		cover_save(options.cover);

	test(1, executions == options.runs, "executions");
	test(2, !stuck, "no_stuck_task");
	test(3, !leaked, "no_reference_left");
	test(4, findings <= stuck + leaked, "no_broken_rule");
	printf("# fuzz: seed %lu, %lu executions in %lu s, %u of %lu points covered, %u outcomes, corpus %u, %lu workers, %lu out of time, %lu findings\n",
	       options.seed, executions, seconds(), cover_points(), options.points,
	       cover_outcomes(), nr_corpus, workers, timeouts, findings);
	return findings || executions < options.runs;
}
