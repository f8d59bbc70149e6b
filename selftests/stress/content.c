// SPDX-License-Identifier: GPL-2.0
/*
 * What is in a VMO: words that say where they belong and how old they are.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "stress.h"

struct board *board;
char *store;

void wrong(const char *fmt, ...)
{
	char line[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* One failure is often seen by many. */
	if (add(board->wrong, 1) < 20)
		diag("WRONG (seed of the round %" PRIu64 "): %s", board->seed, line);
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15ULL;
	x ^= x >> 29;
	x *= 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

uint64_t seed_of(uint64_t who, uint64_t incarnation)
{
	return mix(mix(board->seed + who) + incarnation);
}

/* The upper half tells the place; no byte of it is 0. */
static uint64_t tag(int vmo, uint64_t word)
{
	return (mix(word * VMOS + vmo + 1) | 0x0101010101010101ULL) >> 32 << 32;
}

static struct chunk *chunk_at(int vmo, uint64_t off)
{
	return &board->vmo[vmo].chunk[off / CHUNK];
}

bool in_tail(const struct range *r)
{
	return r->off + r->len > STABLE_BYTES;
}

static bool wild_at(int vmo, uint64_t off)
{
	return off >= STABLE_BYTES && board->vmo[vmo].wild;
}

int owner_of(int vmo, uint64_t chunk)
{
	uint64_t page = chunk * CHUNK / 4096;

	if (page >= STABLE)
		return vmo;
	return board->vmo[vmo].mixed ? (chunk + page) % ACTORS : page / 2 % ACTORS;
}

static void fill(int vmo, uint64_t off, uint64_t len, uint32_t gen, void *buf)
{
	uint64_t *word = buf, i;

	for (i = 0; i < len / 8; i++)
		word[i] = tag(vmo, off / 8 + i) | gen;
}

/* As a file has it: content up to its size, and nothing behind it. */
void content_init(int vmo, uint64_t size)
{
	char *s = store + vmo * ROOM_BYTES;
	uint64_t off;

	for (off = 0; off < ROOM_BYTES; off += CHUNK) {
		struct chunk *c = chunk_at(vmo, off);

		*c = (struct chunk){ 1, 1, off < size ? 0 : 1 };
		if (off < size)
			fill(vmo, off, CHUNK, 1, s + off);
		else
			memset(s + off, 0, CHUNK);
	}
}

void window_open(struct window *w, const struct range *r)
{
	uint64_t c;

	w->r = *r;
	w->gone = load(board->vmo[r->vmo].gone);
	for (c = r->off / CHUNK; c * CHUNK < r->off + r->len; c++)
		w->lo[c] = load(board->vmo[r->vmo].chunk[c].done);
}

/*
 * A copy by bytes may be overtaken by a store: then each byte is of one word or the
 * other, or 0. The generation cannot be told, the place can.
 */
static bool torn_is_right(uint64_t seen, uint64_t want)
{
	int i;

	for (i = 4; i < 8; i++) {
		uint8_t byte = seen >> i * 8;

		if (byte && byte != (uint8_t)(want >> i * 8))
			return false;
	}
	return true;
}

static bool word_is_right(struct window *w, uint64_t off, uint64_t seen)
{
	struct chunk *c = chunk_at(w->r.vmo, off);
	uint32_t lo = w->lo[off / CHUNK], hi = load(c->started), zeroed = load(c->zeroed);
	uint64_t want = tag(w->r.vmo, off / 8);
	uint32_t gen = seen;

	if (wild_at(w->r.vmo, off))
		return torn_is_right(seen, want);
	if (!seen && zeroed && zeroed >= lo)
		return true;
	if (seen >> 32 == want >> 32 && gen >= lo && gen <= hi)
		return true;
	if (lo == hi || !torn_is_right(seen, want))
		return false;
	add(board->torn, 1);
	return true;
}

bool window_check(struct window *w, const void *buf, uint64_t len, const char *what)
{
	const volatile uint64_t *word = buf;
	uint64_t i;

	add(board->words, len / 8);
	for (i = 0; i < len / 8; i++) {
		uint64_t off = w->r.off + i * 8, seen = word[i];
		struct chunk *c = chunk_at(w->r.vmo, off);

		if (word_is_right(w, off, seen))
			continue;
		wrong("%s: VMO %d (options %#x flags %#x%s) of pager %d at %#" PRIx64
		      " (page %" PRIu64 " of %#" PRIx64 "+%#" PRIx64
		      "): %#" PRIx64 " instead of %#" PRIx64
		      " to %#x, zeroed by %#x, done by now %#x; owner %d",
		      what, w->r.vmo, board->vmo[w->r.vmo].options,
		      board->vmo[w->r.vmo].flags, w->gone ? ", gone" : "",
		      board->vmo[w->r.vmo].pager, off, off / 4096, w->r.off, w->r.len,
		      seen, tag(w->r.vmo, off / 8) | w->lo[off / CHUNK],
		      load(c->started), load(c->zeroed), load(c->done),
		      owner_of(w->r.vmo, off / CHUNK));
		return false;
	}
	return true;
}

void write_begin(const struct range *r, void *buf)
{
	uint64_t off;

	for (off = r->off; off < r->off + r->len; off += CHUNK) {
		struct chunk *c = chunk_at(r->vmo, off);
		uint32_t gen = wild_at(r->vmo, off) ? add(board->wild, 1) + 1 :
						      c->started + 1;

		fill(r->vmo, off, CHUNK, gen, (char *)buf + (off - r->off));
		if (!wild_at(r->vmo, off))
			put(c->started, gen);
	}
}

void zero_begin(const struct range *r)
{
	uint64_t off;

	for (off = r->off; off < r->off + r->len; off += CHUNK) {
		struct chunk *c = chunk_at(r->vmo, off);

		if (wild_at(r->vmo, off))
			continue;
		put(c->zeroed, c->started + 1);
		put(c->started, c->started + 1);
	}
}

void write_end(const struct range *r, uint64_t len)
{
	uint64_t off;

	for (off = r->off; off + CHUNK <= r->off + len; off += CHUNK) {
		struct chunk *c = chunk_at(r->vmo, off);

		if (!wild_at(r->vmo, off))
			put(c->done, c->started);
	}
}
