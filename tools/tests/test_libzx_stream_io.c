// SPDX-License-Identifier: MIT
/*
 * libzx against the module: zx_stream_*(), by the names of Zircon's tests.  Those that make
 * the stream longer are in test_libzx_stream_grow.c and _append.c, and those that have a pager or
 * threads in _race.c.
 */
#include <limits.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "stream_fixture.h"

static void Create(void **state)
{
	const zx_rights_t of_mode[] = {
		0, ZX_RIGHT_READ, ZX_RIGHT_WRITE, ZX_RIGHTS_IO,
	};
	const zx_rights_t of_vmo[] = { ZX_RIGHTS_IO, ZX_RIGHT_READ, ZX_RIGHT_WRITE, 0 };
	zx_handle_t with, h = 77;

	(void)state;
	is(zx_stream_create(0, ZX_HANDLE_INVALID, 0, &h), ZX_ERR_BAD_HANDLE);
	is(zx_stream_create(0, CLOSED, 0, &h), ZX_ERR_BAD_HANDLE);
	is(zx_stream_create(0, port, 0, &h), ZX_ERR_WRONG_TYPE);
	is(zx_stream_create(0, zx_vmar_root_self(), 0, &h), ZX_ERR_WRONG_TYPE);
	is(zx_stream_create(8, CLOSED, 0, &h), ZX_ERR_INVALID_ARGS);
	is(zx_stream_create((uint32_t)-42, store, 0, &h), ZX_ERR_INVALID_ARGS);
	is(zx_stream_create(0, store, 0, NULL), ZX_ERR_INVALID_ARGS);
	assert_int_equal(h, 77);
	for (uint32_t options = 0; options < 8; options++) {
		open_stream(options, 0);
		assert_int_equal(rights_of(stream),
				 ZX_DEFAULT_STREAM_RIGHTS | of_mode[options & 3]);
	}
	/* A stream is none itself. */
	is(zx_stream_create(0, stream, 0, &h), ZX_ERR_WRONG_TYPE);
	is(zx_vmo_read(stream, &h, 0, 1), ZX_ERR_WRONG_TYPE);
	for (size_t i = 0; i < COUNT(of_vmo); i++) {
		ok(zx_handle_duplicate(store, of_vmo[i], &with));
		for (uint32_t mode = 0; mode < 4; mode++) {
			zx_status_t status = zx_stream_create(mode, with, 0, &h);

			row_is(i * 4 + mode, status, of_mode[mode] & ~of_vmo[i] ?
						     ZX_ERR_ACCESS_DENIED : ZX_OK);
			if (status == ZX_OK)
				ok(zx_handle_close(h));
		}
		ok(zx_handle_close(with));
	}
}

static void Seek(void **state)
{
	const uint64_t beyond = UINT64_MAX;

	(void)state;
	ok(zx_vmo_set_stream_size(store, 42));
	open_stream(0, 0);
	is(zx_stream_seek(stream, START, 0, NULL), ZX_ERR_ACCESS_DENIED);
	is(zx_stream_seek(CLOSED, 99, 0, NULL), ZX_ERR_BAD_HANDLE);
	is(zx_stream_seek(store, 99, 0, NULL), ZX_ERR_WRONG_TYPE);
	open_stream(READ, 9);
	seeks(CURRENT, 0, 9);
	open_stream(WRITE, 518);
	seeks(CURRENT, 0, 518);
	open_stream(READ | WRITE, 0);
	is(zx_stream_seek(stream, 34893, 12, NULL), ZX_ERR_INVALID_ARGS);
	is(zx_stream_seek(stream, START, -10, NULL), ZX_ERR_INVALID_ARGS);
	seeks(START, 10, 10);
	seeks(START, 12, 12);
	is(zx_stream_seek(stream, CURRENT, -21, NULL), ZX_ERR_INVALID_ARGS);
	seeks(CURRENT, 3, 15);
	seeks(CURRENT, -15, 0);
	seeks(CURRENT, INT64_MAX, INT64_MAX);
	seeks(CURRENT, 1038, (uint64_t)INT64_MAX + 1038);
	is(zx_stream_seek(stream, CURRENT, INT64_MAX, NULL), ZX_ERR_INVALID_ARGS);
	/* Nothing is there. */
	moves(read_to(hex, 1), 0);
	is(write_from(0, hex, 1), ZX_ERR_NO_SPACE);
	seeks(END, 0, 42);
	seeks(END, -11, 31);
	seeks(END, -13, 29);
	seeks(END, -42, 0);
	seeks(END, 24, 66);
	is(zx_stream_seek(stream, END, -1238, NULL), ZX_ERR_INVALID_ARGS);
	is(zx_stream_seek(stream, END, INT64_MIN, NULL), ZX_ERR_INVALID_ARGS);
	is(zx_object_set_property(store, ZX_PROP_VMO_CONTENT_SIZE, &beyond, sizeof(beyond)),
	   ZX_ERR_OUT_OF_RANGE);
	seeks(END, 0, 42);
	ok(zx_stream_seek(stream, START, 0, NULL));
	is(zx_stream_seek(stream, START, 7, (zx_off_t *)8), ZX_ERR_INVALID_ARGS);
	seeks(CURRENT, 0, 7);
}

static void ReadV(void **state)
{
	char buffer[17] = "";
	zx_iovec_t many[7], v = vec(buffer, 7);

	(void)state;
	open_stream(0, 0);
	is(read_to(buffer, 7), ZX_ERR_ACCESS_DENIED);
	open_stream(READ, 0);
	moves(read_to(buffer, 7), 7);
	assert_string_equal(buffer, "abcdefg");
	is(zx_stream_readv(CLOSED, 24098, &v, 1, &actual), ZX_ERR_INVALID_ARGS);
	is(zx_stream_readv(CLOSED, 0, NULL, 1, &actual), ZX_ERR_INVALID_ARGS);
	is(zx_stream_readv(stream, 0, NULL, 0, &actual), ZX_ERR_INVALID_ARGS);
	is(zx_stream_readv(store, 0, &v, 1, &actual), ZX_ERR_WRONG_TYPE);
	is(zx_stream_readv(stream, 0, (zx_iovec_t *)8, 1, &actual), ZX_ERR_INVALID_ARGS);
	/* Without a count. */
	memset(buffer, 0, sizeof(buffer));
	v.capacity = 3;
	ok(zx_stream_readv(stream, 0, &v, 1, NULL));
	assert_string_equal(buffer, "hij");
	is(read_to(NULL, 7), ZX_ERR_NOT_FOUND);
	moves(read_to(NULL, 0), 0);
	moves(zx_stream_readv(stream, 0, &v, 0, &actual), 0);
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = vec(buffer, INT64_MAX);
	is(zx_stream_readv(stream, 0, many, COUNT(many), &actual), ZX_ERR_INVALID_ARGS);
	seeks(CURRENT, 0, 10);
	moves(read_to(buffer, 16), 16);
	moves(read_to(buffer, 3), 0);
	/* It ends before the offset, which stays. */
	ok(zx_vmo_set_stream_size(store, 6));
	moves(read_to(buffer, 3), 0);
	seeks(CURRENT, 0, 26);
	seeks(START, 0, 0);
	memset(buffer, 0, sizeof(buffer));
	moves(read_to(buffer, 12), 6);
	assert_string_equal(buffer, "abcdef");
	ok(zx_vmo_set_stream_size(store, 7));
	ok(zx_vmo_write(store, alphabet, 0, 7));
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = vec(&buffer[2 * i], 1);
	seeks(START, 0, 0);
	memset(buffer, '.', 16);
	moves(zx_stream_readv(stream, 0, many, COUNT(many), &actual), 7);
	assert_string_equal(buffer, "a.b.c.d.e.f.g...");
}

static void WriteV(void **state)
{
	zx_iovec_t many[7], v = vec(hex, 7);

	(void)state;
	open_stream(0, 0);
	is(write_from(0, hex, 7), ZX_ERR_ACCESS_DENIED);
	open_stream(WRITE, 0);
	moves(write_from(0, hex, 7), 7);
	holds("0123456hijklmnopqrstuvwxyz");
	ok(zx_vmo_write(store, alphabet, 0, 26));
	is(zx_stream_writev(CLOSED, 24098, &v, 1, &actual), ZX_ERR_INVALID_ARGS);
	is(zx_stream_writev(CLOSED, 0, NULL, 1, &actual), ZX_ERR_INVALID_ARGS);
	is(zx_stream_writev(stream, 0, NULL, 0, &actual), ZX_ERR_INVALID_ARGS);
	is(zx_stream_writev(store, 0, &v, 1, &actual), ZX_ERR_WRONG_TYPE);
	is(zx_stream_writev(stream, 0, (zx_iovec_t *)8, 1, &actual), ZX_ERR_INVALID_ARGS);
	v.capacity = 3;
	ok(zx_stream_writev(stream, 0, &v, 1, NULL));
	holds("abcdefg012klmnopqrstuvwxyz");
	ok(zx_vmo_write(store, alphabet, 0, 26));
	is(write_from(0, NULL, 7), ZX_ERR_NOT_FOUND);
	moves(write_from(0, NULL, 0), 0);
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = vec(hex, INT64_MAX);
	is(zx_stream_writev(stream, 0, many, COUNT(many), &actual), ZX_ERR_INVALID_ARGS);
	for (size_t i = 0; i < COUNT(many); i++)
		many[COUNT(many) - i - 1] = vec(&hex[i], 1);
	seeks(START, 0, 0);
	moves(zx_stream_writev(stream, 0, many, COUNT(many), &actual), 7);
	holds("6543210hijklmnopqrstuvwxyz");
	sizes_are(PAGE, 26);
}

static void ReadVAt(void **state)
{
	char buffer[17] = "";
	zx_iovec_t v = vec(buffer, 7);

	(void)state;
	open_stream(READ, 0);
	moves(read_at(24, buffer, 7), 2);
	assert_string_equal(buffer, "yz");
	seeks(CURRENT, 0, 0);
	moves(read_at(36, buffer, 7), 0);
	moves(read_at(3645651, buffer, 7), 0);
	moves(read_at(UINT64_MAX, buffer, 7), 0);
	is(read_at(0, NULL, 7), ZX_ERR_NOT_FOUND);
	is(zx_stream_readv_at(CLOSED, 1, 0, &v, 1, &actual), ZX_ERR_INVALID_ARGS);
	is(zx_stream_readv_at(CLOSED, 0, 0, NULL, 1, &actual), ZX_ERR_INVALID_ARGS);
	is(zx_stream_readv_at(CLOSED, 0, 0, &v, 1, &actual), ZX_ERR_BAD_HANDLE);
	/* The vector is looked at also where nothing is. */
	is(zx_stream_readv_at(stream, 0, UINT64_MAX, (zx_iovec_t *)8, 1, &actual),
	   ZX_ERR_INVALID_ARGS);
	is(zx_stream_readv_at(stream, 0, 0, &v, 1, (size_t *)8), ZX_ERR_INVALID_ARGS);
}

static void WriteVAt(void **state)
{
	zx_iovec_t v = vec(hex, 7);

	(void)state;
	open_stream(WRITE | APPEND, 0);
	moves(write_at(7, hex, 3), 3);
	holds("abcdefg012klmnopqrstuvwxyz");
	seeks(CURRENT, 0, 0);
	is(write_at(4100, hex, 10), ZX_ERR_NO_SPACE);
	is(write_at(UINT64_MAX - PAGE - 10, hex, 10), ZX_ERR_NO_SPACE);
	/* In whole pages that is no number; nor is it in bytes. */
	is(write_at(UINT64_MAX - 10, hex, 10), ZX_ERR_OUT_OF_RANGE);
	is(write_at(UINT64_MAX - 10, hex, 11), ZX_ERR_FILE_BIG);
	is(write_at(INT64_MAX - 8, hex, 4), ZX_ERR_NO_SPACE);
	is(zx_stream_writev_at(CLOSED, ZX_STREAM_APPEND, 0, &v, 1, &actual),
	   ZX_ERR_INVALID_ARGS);
	is(zx_stream_writev_at(CLOSED, 0, 0, NULL, 1, &actual), ZX_ERR_INVALID_ARGS);
	is(zx_stream_writev_at(CLOSED, 0, 0, &v, 1, &actual), ZX_ERR_BAD_HANDLE);
	replace_store(PAGE, ZX_VMO_RESIZABLE, PAGE);
	open_stream(WRITE, 0);
	moves(write_at(4090, hex, 10), 10);
	sizes_are(2 * PAGE, 4100);
	is(write_at(5414, hex, SIZE_MAX), ZX_ERR_FILE_BIG);
	sizes_are(2 * PAGE, 4100);
	is(write_at(5000, NULL, 42), ZX_ERR_NOT_FOUND);
	sizes_are(2 * PAGE, 4100);
}

/* The vector is where the data goes. */
static void ReadVectorAlias(void **state)
{
	zx_iovec_t many[7];

	(void)state;
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = vec(many, sizeof(many));
	open_stream(READ, 0);
	moves(zx_stream_readv(stream, 0, many, COUNT(many), &actual), 26);
}

/* Buffers that are bad behind some that are not, in one call of the kernel and in several. */
static void part_of_a_vector(void **state)
{
	/* Not on the stack: nothing as large as below begins that near to the end of all memory. */
	static char buffer[32];
	zx_iovec_t many[] = {
		vec(buffer, 5), vec((void *)8, 3), vec(buffer + 8, 5),
	};
	char *edge = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(edge, MAP_FAILED);
	munmap(edge + PAGE, PAGE);
	open_stream(READ | WRITE, 0);
	moves(zx_stream_readv(stream, 0, many, 3, &actual), 5);
	assert_string_equal(buffer, "abcde");
	seeks(CURRENT, 0, 5);
	moves(zx_stream_writev(stream, 0, many, 3, &actual), 5);
	seeks(CURRENT, 0, 10);
	holds("abcdeabcdeklmnopqrstuvwxyz");
	/* A buffer ends at an edge: in the first half of it all is moved, and perhaps more. */
	memset(edge, 'e', PAGE);
	many[0] = vec(edge + PAGE - 4, 8);
	ok(zx_stream_writev_at(stream, 0, 10, many, 1, &actual));
	assert_true(actual > 0 && actual <= 4);
	many[0] = vec((void *)8, SIZE_MAX);
	is(zx_stream_readv_at(stream, 0, 0, many, 1, &actual), ZX_ERR_NOT_FOUND);
	/* More than the kernel takes: what is there is moved. */
	many[0] = vec(buffer, (size_t)SSIZE_MAX + 1);
	many[1] = vec(buffer, 1);
	moves(zx_stream_readv_at(stream, 0, 20, many, 2, &actual), 6);
	assert_memory_equal(buffer, "uvwxyz", 6);
	munmap(edge, PAGE);
}

/* Where no memory can be. */
static void beyond_all_addresses(void **state)
{
	char *const last = (char *)(UINTPTR_MAX - 100);
	zx_iovec_t many[] = { vec(hex, 3), vec(last, 3) };
	char buffer[64] = "";

	(void)state;
	open_stream(READ | WRITE, 0);
	is(read_to(last, 3), ZX_ERR_INVALID_ARGS);
	is(write_from(0, last, 3), ZX_ERR_INVALID_ARGS);
	is(write_from(ZX_STREAM_APPEND, last, 3), ZX_ERR_INVALID_ARGS);
	seeks(START, 0, 0);
	moves(read_to(last, 0), 0);
	moves(read_at(26, last, 3), 0);
	is(write_at(PAGE, last, 3), ZX_ERR_NO_SPACE);
	moves(zx_stream_writev(stream, 0, many, 2, &actual), 3);
	holds("012defghijklmnopqrstuvwxyz");
	/* There is room for all, and then for more than there can be. */
	moves(read_at(3, buffer, SIZE_MAX), 23);
	assert_string_equal(buffer, "defghijklmnopqrstuvwxyz");
	sizes_are(PAGE, 26);
}

/* A call is not over where the kernel's is. */
static void more_than_the_kernel_moves(void **state)
{
	enum { PARTS = 33 };
	const size_t part = (size_t)64 << 20;
	zx_iovec_t many[PARTS];
	char *buffer = mmap(NULL, part, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)state;
	assert_ptr_not_equal(buffer, MAP_FAILED);
	for (int i = 0; i < PARTS; i++)
		many[i] = vec(buffer, part);
	replace_store(PARTS * part, 0, PARTS * part);
	ok(zx_vmo_write(store, "end", PARTS * part - 3, 3));
	open_stream(READ, 0);
	moves(zx_stream_readv(stream, 0, many, PARTS, &actual), PARTS * part);
	assert_memory_equal(buffer + part - 3, "end", 3);
	seeks(CURRENT, 0, PARTS * part);
	munmap(buffer, part);
}

/* More buffers than the kernel takes. */
static void long_vectors(void **state)
{
	static zx_iovec_t many[MANY];
	static char from[MANY], to[MANY + 1];

	(void)state;
	for (int i = 0; i < MANY; i++) {
		from[i] = (char)('a' + i % 23);
		many[i] = vec(&from[i], 1);
	}
	open_stream(READ | WRITE, 3);
	moves(zx_stream_writev(stream, 0, many, MANY, &actual), MANY);
	seeks(CURRENT, 0, MANY + 3);
	sizes_are(PAGE, MANY + 3);
	for (int i = 0; i < MANY; i++)
		many[i].buffer = &to[i];
	moves(zx_stream_readv_at(stream, 0, 3, many, MANY, &actual), MANY);
	assert_memory_equal(from, to, MANY);
	moves(zx_stream_writev(stream, ZX_STREAM_APPEND, many, MANY, &actual), MANY);
	info_is(READ | WRITE, 2 * MANY + 3, 2 * MANY + 3);
	/* The last ones are bad. */
	many[MANY - 1].buffer = (void *)8;
	moves(zx_stream_readv_at(stream, 0, 3, many, MANY, &actual), MANY - 1);
	is(zx_stream_readv_at(stream, 0, 3, many + MANY - 1, 1, &actual),
	   ZX_ERR_NOT_FOUND);
}

/* Counts of which the kernel sees the low half, which is none, or one buffer that is good. */
static void counts_beyond_the_kernels(void **state)
{
	static const size_t counts[] = {
		1ull << 32, (1ull << 32) + 1, 1ull << 63 | 1, SIZE_MAX,
	};
	char byte = 'x';
	zx_iovec_t *v = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(v, MAP_FAILED);
	/* So that there is an end of it. */
	assert_int_equal(mprotect((char *)v + PAGE, PAGE, PROT_NONE), 0);
	v[0] = vec(&byte, 1);
	open_stream(READ | WRITE, 3);
	actual = 42;
	for (size_t i = 0; i < COUNT(counts); i++) {
		const size_t n = counts[i];

		row_is(i, zx_stream_readv(stream, 0, v, n, &actual), ZX_ERR_INVALID_ARGS);
		row_is(i, zx_stream_readv_at(stream, 0, 0, v, n, &actual), ZX_ERR_INVALID_ARGS);
		row_is(i, zx_stream_writev(stream, 0, v, n, &actual), ZX_ERR_INVALID_ARGS);
		row_is(i, zx_stream_writev_at(stream, 0, 0, v, n, &actual), ZX_ERR_INVALID_ARGS);
		row_is(i, zx_stream_writev(stream, ZX_STREAM_APPEND, v, n, &actual),
		       ZX_ERR_INVALID_ARGS);
	}
	assert_int_equal(byte, 'x');
	assert_int_equal(actual, 42);
	info_is(READ | WRITE, 3, 26);
	holds(alphabet);
	munmap(v, 2 * PAGE);
}

/* A descriptor that was closed behind the library reads no vector, nor does the library. */
static void closed_behind_the_library(void **state)
{
	char byte = 'x';
	zx_iovec_t v = vec(&byte, 1);
	int fd;

	(void)state;
	open_stream(READ | WRITE, 3);
	fd = zx_linux_handle_to_fd(stream);
	close(fd);
	is(zx_stream_readv_at(stream, 0, 0, (zx_iovec_t *)8, 1, &actual), ZX_ERR_BAD_HANDLE);
	is(zx_stream_readv(stream, 0, &v, 1, &actual), ZX_ERR_BAD_HANDLE);
	/* So that it can be closed. */
	assert_int_equal(fcntl(zx_linux_handle_to_fd(store), F_DUPFD_CLOEXEC, fd), fd);
}

static void handles_have_one_offset(void **state)
{
	zx_handle_t other, less, replaced;
	zx_info_handle_count_t n;
	char byte;
	zx_iovec_t v = vec(&byte, 1);

	(void)state;
	open_stream(READ | WRITE, 0);
	ok(zx_handle_duplicate(stream, ZX_RIGHT_SAME_RIGHTS, &other));
	ok(zx_handle_duplicate(stream, ZX_RIGHT_READ, &less));
	assert_true(koid_of(other) == koid_of(stream));
	assert_true(koid_of(store) != koid_of(stream));
	ok(zx_object_get_info(stream, ZX_INFO_HANDLE_COUNT, &n, sizeof(n), NULL, NULL));
	assert_int_equal(n.handle_count, 3);
	moves(read_to(&byte, 1), 1);
	ok(zx_stream_readv(other, 0, &v, 1, NULL));
	ok(zx_stream_readv(less, 0, &v, 1, NULL));
	assert_int_equal(byte, 'c');
	is(zx_stream_writev(less, 0, &v, 1, NULL), ZX_ERR_ACCESS_DENIED);
	ok(zx_handle_replace(less, 0, &replaced));
	is(zx_stream_readv(less, 0, &v, 1, NULL), ZX_ERR_BAD_HANDLE);
	is(zx_stream_seek(replaced, START, 0, NULL), ZX_ERR_ACCESS_DENIED);
	/* One with an offset of its own. */
	ok(zx_handle_close(replaced));
	open_stream(READ, 0);
	moves(read_to(&byte, 1), 1);
	assert_int_equal(byte, 'a');
	ok(zx_stream_readv(other, 0, &v, 1, NULL));
	assert_int_equal(byte, 'd');
	/* The VMO goes, and the stream has it. */
	ok(zx_handle_close(store));
	ok(zx_stream_readv(other, 0, &v, 1, NULL));
	assert_int_equal(byte, 'e');
	ok(zx_handle_close(other));
	ok(zx_vmo_create(PAGE, 0, &store));
}

/* The stream is in use all the time, and a child uses it, too. */
static void *read_on(void *arg)
{
	char byte;
	zx_iovec_t v = vec(&byte, 1);

	for (int i = 0; i < 100000 && !*(volatile int *)arg; i++) {
		zx_stream_readv(stream, 0, &v, 1, NULL);
		zx_stream_seek(stream, START, 0, NULL);
	}
	return NULL;
}

static void in_a_child(void **state)
{
	volatile int stop = 0;
	pthread_t thread;
	int status;
	pid_t pid;

	(void)state;
	open_stream(READ | WRITE, 0);
	assert_int_equal(pthread_create(&thread, NULL, read_on, (void *)&stop), 0);
	for (int i = 0; i < 20; i++) {
		pid = fork();
		if (!pid) {
			alarm(60);
			if (zx_stream_seek(stream, START, 25, NULL) ||
			    read_to(hex, 2) || actual != 1 || hex[0] != 'z')
				_exit(1);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	stop = 1;
	assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
	static const struct CMUnitTest libzx_stream_io[] = {
		STREAM_TEST(Create),
		STREAM_TEST(Seek),
		STREAM_TEST(ReadV),
		STREAM_TEST(WriteV),
		STREAM_TEST(ReadVAt),
		STREAM_TEST(WriteVAt),
		STREAM_TEST(ReadVectorAlias),
		STREAM_TEST(part_of_a_vector),
		STREAM_TEST(beyond_all_addresses),
		STREAM_TEST(more_than_the_kernel_moves),
		STREAM_TEST(long_vectors),
		STREAM_TEST(counts_beyond_the_kernels),
		STREAM_TEST(closed_behind_the_library),
		STREAM_TEST(handles_have_one_offset),
		STREAM_TEST(in_a_child),
	};

	if (sysconf(_SC_PAGESIZE) != PAGE)
		return 77;
	return cmocka_run_group_tests(libzx_stream_io, NULL, NULL);
}
