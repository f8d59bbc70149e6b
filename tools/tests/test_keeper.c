// SPDX-License-Identifier: GPL-2.0
/*
 * The keeper, and workers that are broken, or worse: what it makes of their ends and of what they
 * send.  The workers are this program.  Needs no kernel module.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "../zxpagerd/backend.h"
#include "../zxpagerd/generation.h"
#include "../zxpagerd/keep.h"
#include "../zxpagerd/keeper.h"
#include "../zxpagerd/options.h"
#include "../zxpagerd/spawn.h"

#define GIVEN_UP	3
#define QUICK_DEATHS	10	/* are too many in a row */
#define FLOODERS	4
#define SERVED		UINT64_C(0x5e4ed)	/* stands for what is served */
#define DROPS		2000u	/* several times what both sockets hold */

/* --- what a keeper has from elsewhere ------------------------------------------------------ */

static int a_file(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int generation_open_pager(void)
{
	return a_file();
}

int generation_begin(int pager_fd)
{
	(void)pager_fd;
	return a_file();
}

uint64_t __wrap_options_served(void);

uint64_t __wrap_options_served(void)
{
	return SERVED;
}

static bool exports;

bool backend_is_nbd(const char *path)
{
	(void)path;
	return exports;
}

/*
 * Pauses are skipped if nothing happens at once, if the test says so: a keeper has it in common
 * with this process.
 */
#define REAL_MS	20

static uint64_t skipped;	/* ms */
static volatile bool *skips;

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_poll(struct pollfd *fds, nfds_t count, int ms);
int __real_poll(struct pollfd *fds, nfds_t count, int ms);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int error = __real_clock_gettime(clock, now);

	now->tv_sec += (time_t)(skipped / 1000);
	return error;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int ms)
{
	int ready = __real_poll(fds, count, ms > REAL_MS ? REAL_MS : ms);

	/* In whole seconds, so that what is due then is. */
	if (!ready && ms > REAL_MS && *skips)
		skipped += (uint64_t)(ms / 1000 + 1) * 1000;
	return ready;
}

/* --- the worker ---------------------------------------------------------------------------- */

static const char *how;
static int sock;
static uint64_t number;		/* so many were before */
static unsigned int copies;	/* that it was given */
static bool is_stopped;

static int descriptor(const char *text)
{
	return text ? (int)strtol(text, NULL, 10) : -1;
}

/* Before anybody has left to it: this is what it would serve. */
static void be_tried(void)
{
	struct keep_message fit = { .kind = KEEP_FIT, .number = SERVED };

	if (!strcmp(how, "does not start"))
		_exit(1);
	if (!strcmp(how, "never says what it is")) {
		(void)!write(descriptor(getenv("NEWS")), ".", 1);
		pause();
	}
	if (!strcmp(how, "serves something else"))
		fit.number++;
	if (keep_send(sock, &fit, -1, 0))
		_exit(95);
}

static void hear(struct keep_message *message)
{
	int fd;

	if (keep_receive(sock, message, &fd, 0))
		_exit(99);
	if (message->kind == KEEP_TRY)
		be_tried();
	if (message->kind == KEEP_COPY)
		copies++;
	if (message->kind == KEEP_STOP)
		is_stopped = true;
	if (message->kind == KEEP_SERVE)
		number = message->number;
}

static void say(enum keep_kind kind, int fd)
{
	struct keep_message message = { .kind = kind };

	if (kind == KEEP_COPY || kind == KEEP_DROP)
		strncpy(message.name, "one", sizeof(message.name) - 1);
	if (keep_send(sock, &message, fd, 0))
		_exit(98);
}

/* Comes to the end of the daemon when it is told to, with that status. */
static int end(int status)
{
	struct keep_message message;

	while (!is_stopped)
		hear(&message);
	return KEEP_EXIT_END + status;
}

static int leave_or_end(void)
{
	struct keep_message message = { .kind = 0 };

	while (message.kind != KEEP_LEAVE && !is_stopped)
		hear(&message);
	return is_stopped ? KEEP_EXIT_END : KEEP_EXIT_LEFT;
}

static char state_of(pid_t pid)
{
	char path[32], line[256] = "", *end_of_name, state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		_exit(97);
	(void)!fgets(line, sizeof(line), file);
	fclose(file);
	end_of_name = strrchr(line, ')');
	if (end_of_name)
		state = end_of_name[2];
	return state;
}

/*
 * It has something to read, says something, and dies, all of which the keeper finds out at
 * once.
 */
static void have_last_words(void)
{
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	pid_t keeper = getppid();
	int ends[2];
	char byte;

	__real_poll(&pfd, 1, -1);
	kill(keeper, SIGSTOP);
	while (state_of(keeper) != 'T')
		;
	if (pipe2(ends, O_CLOEXEC))
		_exit(96);
	if (!fork()) {
		close(sock);
		close(ends[1]);
		(void)!read(ends[0], &byte, 1);
		kill(keeper, SIGCONT);
		_exit(0);
	}
	say(KEEP_COPY, a_file());
	kill(getpid(), SIGKILL);
}

/* Children of its own go on with that until nobody listens. */
static void flood(void)
{
	for (unsigned int i = 0; i < FLOODERS; i++)
		if (!fork())
			for (;;)
				say(KEEP_PONG, -1);
}

/*
 * Sends more than is answered while it does not read: until who sends that sleeps, and so does
 * the keeper, which has no room for an answer then.
 */
static void read_late(void)
{
	struct keep_message message;
	unsigned int dropped = 0;
	int fd = a_file();
	pid_t pid = fork();

	for (unsigned int i = 0; !pid && i < DROPS; i++) {
		say(KEEP_COPY, fd);
		say(KEEP_DROP, -1);
	}
	if (!pid)
		_exit(0);
	while (state_of(pid) != 'S' || state_of(getppid()) != 'S' || state_of(pid) != 'S')
		;
	while (dropped < DROPS) {
		hear(&message);
		dropped += message.kind == KEEP_DROPPED;
	}
}

static int be_worker(void)
{
	struct keep_message message = { .kind = 0 };
	int fd = a_file();

	while (message.kind != KEEP_SERVE)
		hear(&message);
	if (!strcmp(how, "never serves") && number) {
		(void)!write(descriptor(getenv("NEWS")), ".", 1);
		pause();
	}
	if (!strcmp(how, "starts, and dies"))
		kill(getpid(), SIGKILL);
	say(KEEP_READY, -1);
	(void)!write(descriptor(getenv("NEWS")), ".", 1);
	if (!strcmp(how, "leaves"))
		return KEEP_EXIT_LEFT;
	if (!strcmp(how, "leaves when it is told"))
		return leave_or_end();
	if (number)
		return end(10 + (int)copies);
	if (!strcmp(how, "dies") || !strcmp(how, "never serves"))
		kill(getpid(), SIGKILL);
	if (!strcmp(how, "fails at the end")) {
		end(0);
		return 1;
	}
	if (!strcmp(how, "ends unasked"))
		return KEEP_EXIT_END;
	if (!strcmp(how, "has last words"))
		have_last_words();
	if (!strcmp(how, "sends what is no message") && write(sock, how, strlen(how)) > 0)
		pause();
	if (!strcmp(how, "sends what is not to be held")) {
		say(KEEP_STOP, fd);
		pause();
	}
	if (!strcmp(how, "floods"))
		flood();
	if (!strcmp(how, "reads late"))
		read_late();
	return end(20);
}

/* --- the tests ----------------------------------------------------------------------------- */

static pid_t keeper;
static bool ignores_children;
static int news;

static char directory[32], socket_path[64], keeper_path[80];

static void run_keeper(const char *first, int ready_fd)
{
	static struct vmo_option vmo = { .name = (char *)"f", .path = "f" };
	char *argv[3] = { (char *)"test_keeper", (char *)first, NULL };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	dup2(null, STDERR_FILENO);
	if (ignores_children)
		signal(SIGCHLD, SIG_IGN);
	spawn_note_arguments(2, argv);
	options = (struct options){
		.socket = socket_path,
		.quick = 1000000,
		.ready_fd = ready_fd,
		.worker_sock = -1,
		.vmos = &vmo,
		.vmo_count = 1,
	};
	keeper_run();
}

/* Until so many workers more have served. */
static void await(unsigned int workers)
{
	char byte;

	while (workers--)
		assert_int_equal(read(news, &byte, 1), 1);
}

/* When this returns the first worker has served, and the keeper knows. */
static void start(const char *first)
{
	int ready[2], from_workers[2];
	char line[8], fd[16];

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(from_workers, O_CLOEXEC), 0);
	/* Workers have it. */
	assert_int_equal(fcntl(from_workers[1], F_SETFD, 0), 0);
	news = from_workers[0];
	snprintf(fd, sizeof(fd), "%d", from_workers[1]);
	setenv("NEWS", fd, true);
	keeper = fork();
	assert_true(keeper >= 0);
	if (!keeper) {
		close(ready[0]);
		close(news);
		run_keeper(first, ready[1]);
	}
	close(ready[1]);
	close(from_workers[1]);
	assert_int_equal(read(ready[0], line, sizeof(line)), 6);
	assert_memory_equal(line, "ready\n", 6);
	close(ready[0]);
	await(1);
}

static int status(void)
{
	int end_status;

	assert_int_equal(waitpid(keeper, &end_status, 0), keeper);
	keeper = 0;
	assert_true(WIFEXITED(end_status));
	return WEXITSTATUS(end_status);
}

static int stopped(void)
{
	kill(keeper, SIGTERM);
	return status();
}

static int teardown(void **state)
{
	(void)state;
	close(news);
	/* A test that has failed leaves none, nor the worker, which goes with it. */
	if (keeper > 0) {
		kill(keeper, SIGKILL);
		waitpid(keeper, NULL, 0);
	}
	keeper = 0;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	exports = false;
	ignores_children = false;
	*skips = true;
	return 0;
}

/* What comes out of a keeper whose first worker does that, and then is told to end. */
static int status_of(const char *first)
{
	start(first);
	return stopped();
}

/* The same where that is the end of the first one, and the second one is told. */
static int status_after(const char *first)
{
	start(first);
	await(1);
	return stopped();
}

static void one_that_is_well(void **state)
{
	(void)state;
	assert_int_equal(status_of("is well"), 20);
}

static void one_that_dies(void **state)
{
	(void)state;
	assert_int_equal(status_after("dies"), 10);
	close(news);
	ignores_children = true;
	assert_int_equal(status_after("dies"), 10);
}

/* It says that it ends everything, and nobody has asked for that; or was asked, and fails. */
static void one_that_ends(void **state)
{
	(void)state;
	assert_int_equal(status_after("ends unasked"), 10);
	close(news);
	assert_int_equal(status_of("fails at the end"), 10);
}

static void one_that_talks_nonsense(void **state)
{
	(void)state;
	assert_int_equal(status_after("sends what is no message"), 10);
	close(news);
	assert_int_equal(status_after("sends what is not to be held"), 10);
}

static void last_words_count(void **state)
{
	(void)state;
	start("has last words");
	kill(keeper, SIGHUP);
	assert_int_equal(stopped(), 11);
}

/* It is waited for, and not killed. */
static void one_that_reads_late(void **state)
{
	(void)state;
	assert_int_equal(status_of("reads late"), 20);
}

/* Signals are heard all the same, and it can be told of them. */
static void one_that_floods(void **state)
{
	(void)state;
	assert_int_equal(status_of("floods"), 20);
}

static void one_that_leaves_again_and_again(void **state)
{
	(void)state;
	start("leaves");
	assert_int_equal(status(), GIVEN_UP);
}

/* Unless it was asked to by its keeper, one that leaves soon is as one that dies. */
static void one_that_leaves_when_it_is_told(void **state)
{
	(void)state;
	start("leaves when it is told");
	for (unsigned int i = 0; i < 2 * QUICK_DEATHS; i++) {
		kill(keeper, SIGHUP);
		await(1);
	}
	assert_int_equal(stopped(), 0);
}

/* As one that waits for whoever looks up a name. */
static void one_that_never_serves(void **state)
{
	(void)state;
	exports = true;
	start("never serves");
	assert_int_equal(status(), GIVEN_UP);
}

/* --- another program in its place ------------------------------------------------------------ */

static int ask(void)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, keeper_path, strlen(keeper_path));
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static void tell(int fd, enum keep_kind kind, int sent)
{
	struct keep_message message = { .kind = kind };

	assert_int_equal(keep_send(fd, &message, sent, 0), 0);
	if (sent >= 0)
		close(sent);
}

static void tell_program(int fd, const char *next)
{
	int arguments = memfd_create("arguments", MFD_CLOEXEC);

	tell(fd, KEEP_PROGRAM, open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	assert_true(write(arguments, next, strlen(next) + 1) > 0);
	tell(fd, KEEP_REPLACE, arguments);
}

/* What the keeper says, after which it has hung up. */
static int answer(int fd)
{
	struct keep_message message;
	int received;

	assert_int_equal(keep_receive(fd, &message, &received, 0), 0);
	assert_int_equal(message.kind, KEEP_REPLACE);
	close(fd);
	return (int)message.number;
}

static int replace(const char *next)
{
	int fd = ask();

	tell_program(fd, next);
	return answer(fd);
}

/* A program takes its time to start. */
static void start_to_replace(void)
{
	*skips = false;
	start("leaves when it is told");
}

static void replaced_by_another(void **state)
{
	(void)state;
	start_to_replace();
	assert_int_equal(replace("is well"), 0);
	await(1);
	assert_int_equal(stopped(), 10);
}

/* Each time the one that is there goes on, and is the end at last. */
static void one_that_cannot_replace(void **state)
{
	int fd;

	(void)state;
	start_to_replace();
	assert_int_equal(replace("does not start"), ENOEXEC);
	assert_int_equal(replace("serves something else"), EINVAL);
	fd = ask();
	tell(fd, KEEP_REPLACE, a_file());
	assert_int_equal(answer(fd), EPROTO);
	fd = ask();
	tell(fd, KEEP_PROGRAM, -1);
	assert_int_equal(answer(fd), EPROTO);
	fd = ask();
	tell_program(fd, "never says what it is");
	close(fd);
	fd = ask();
	tell(fd, KEEP_PROGRAM, a_file());
	tell(fd, KEEP_REPLACE, a_file());
	assert_int_not_equal(answer(fd), 0);
	assert_int_equal(stopped(), 0);
}

/* Who was there before is back. */
static void one_that_replaces_and_dies(void **state)
{
	(void)state;
	start_to_replace();
	assert_int_equal(replace("starts, and dies"), ENOEXEC);
	await(1);
	assert_int_equal(replace("serves something else"), EINVAL);
	assert_int_equal(stopped(), 0);
}

/* The one that is there has not noticed. */
static void one_that_is_tried_and_hangs(void **state)
{
	int fd;

	(void)state;
	start_to_replace();
	fd = ask();
	tell_program(fd, "never says what it is");
	await(1);
	*skips = true;
	assert_int_equal(answer(fd), ETIMEDOUT);
	*skips = false;
	assert_int_equal(replace("serves something else"), EINVAL);
	assert_int_equal(stopped(), 0);
}

/* That is no fault of the one before, which is not given up for it. */
static void many_that_replace_and_die(void **state)
{
	(void)state;
	start_to_replace();
	for (unsigned int i = 0; i < 2 * QUICK_DEATHS; i++) {
		assert_int_equal(replace("starts, and dies"), ENOEXEC);
		await(1);
	}
	assert_int_equal(stopped(), 0);
}

/* Another one is there that does; no first one was, and no store of an export. */
static void one_that_replaces_and_hangs(void **state)
{
	int fd;

	(void)state;
	start_to_replace();
	fd = ask();
	tell_program(fd, "never serves");
	await(1);
	*skips = true;
	assert_int_equal(answer(fd), ENOEXEC);
	await(1);
	assert_int_equal(stopped(), 0);
}

/* Who asks is told, and who is tried goes. */
static void end_while_one_is_tried(void **state)
{
	int fd;

	(void)state;
	start_to_replace();
	fd = ask();
	tell_program(fd, "never says what it is");
	await(1);
	assert_int_equal(stopped(), 0);
	assert_int_equal(answer(fd), ESHUTDOWN);
}

/* Nobody can ask then. */
static void what_is_no_socket_stays(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	unlink(keeper_path);
	fd = open(keeper_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(status_of("is well"), 20);
	assert_int_equal(lstat(keeper_path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	unlink(keeper_path);
}

static int make_directory(void **state)
{
	(void)state;
	skips = mmap(NULL, sizeof(*skips), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	if (skips == MAP_FAILED)
		return -1;
	snprintf(directory, sizeof(directory), "/tmp/test_keeper.XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(socket_path, sizeof(socket_path), "%s/sock", directory);
	snprintf(keeper_path, sizeof(keeper_path), "%s.keeper", socket_path);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(keeper_path);
	return rmdir(directory);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		TEST(one_that_is_well),
		TEST(one_that_dies),
		TEST(one_that_ends),
		TEST(one_that_talks_nonsense),
		TEST(last_words_count),
		TEST(one_that_reads_late),
		TEST(one_that_floods),
		TEST(one_that_leaves_again_and_again),
		TEST(one_that_leaves_when_it_is_told),
		TEST(one_that_never_serves),
		TEST(replaced_by_another),
		TEST(one_that_cannot_replace),
		TEST(one_that_replaces_and_dies),
		TEST(one_that_is_tried_and_hangs),
		TEST(many_that_replace_and_die),
		TEST(one_that_replaces_and_hangs),
		TEST(what_is_no_socket_stays),
		TEST(end_while_one_is_tried),
	};

	if (argc == 4 && !strcmp(argv[1], "--worker")) {
		sock = descriptor(argv[2]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		how = argv[3];
		return be_worker();
	}
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
