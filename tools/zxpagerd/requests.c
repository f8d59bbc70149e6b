// SPDX-License-Identifier: GPL-2.0
/*
 * READs and DIRTYs that wait for an answer.
 *
 * Who was killed while it waited may ask again, as often as it likes and for other pages, so
 * there may be very many.  No two ask for the same: of a new one only that is added which
 * none asks for yet.  So each has its place in a tree by its range, beside that in the line.
 */
#include <search.h>
#include <stdlib.h>

#include "requests.h"

unsigned long requests_steps;

/* Ranges that touch the same bytes are equal.  None is empty. */
static int compare(const void *a, const void *b)
{
	const struct request *left = a, *right = b;

	requests_steps++;
	if (left->end <= right->offset)
		return -1;
	return right->end <= left->offset;
}

/* One that asks for any of a range. */
static struct request *find(const struct requests *requests, uint64_t offset, uint64_t end)
{
	struct request key = { .offset = offset, .end = end };
	struct request **found = tfind(&key, &requests->tree, compare);

	return found ? *found : NULL;
}

/* The first of these in the VMO: each that is found is further down in the tree. */
static struct request *find_first(const struct requests *requests, uint64_t offset,
				  uint64_t end)
{
	struct request *req = find(requests, offset, end), *before = req;

	while (before && offset < before->offset) {
		req = before;
		before = find(requests, offset, req->offset);
	}
	return before ? before : req;
}

/* Adds one behind @before, which may be NULL for the first. */
static bool insert(struct requests *requests, struct request *before, uint64_t offset,
		   uint64_t end, uint64_t taken)
{
	struct request *req = malloc(sizeof(*req));

	if (!req)
		return false;
	*req = (struct request){ .offset = offset, .end = end, .taken = taken };
	if (!tsearch(req, &requests->tree, compare)) {
		free(req);
		return false;
	}
	req->previous = before;
	req->next = before ? before->next : requests->first;
	*(before ? &before->next : &requests->first) = req;
	*(req->next ? &req->next->previous : &requests->last) = req;
	return true;
}

static void remove_it(struct requests *requests, struct request *req)
{
	tdelete(req, &requests->tree, compare);
	*(req->previous ? &req->previous->next : &requests->first) = req->next;
	*(req->next ? &req->next->previous : &requests->last) = req->previous;
	free(req);
}

bool requests_have(const struct requests *requests, uint64_t offset, uint64_t end)
{
	while (offset < end) {
		const struct request *req = find(requests, offset, offset + 1);

		if (!req)
			return false;
		offset = req->end;
	}
	return true;
}

bool requests_add(struct requests *requests, uint64_t offset, uint64_t end, uint64_t taken)
{
	while (offset < end) {
		const struct request *there = find_first(requests, offset, end);
		uint64_t gap_end = there ? there->offset : end;

		if (offset < gap_end && !insert(requests, requests->last, offset, gap_end, taken))
			return false;
		offset = there ? there->end : end;
	}
	return true;
}

void requests_pop(struct requests *requests)
{
	remove_it(requests, requests->first);
}

bool requests_split(struct requests *requests, uint64_t at)
{
	struct request *req = requests->first;
	uint64_t end = req->end;

	req->end = at;
	if (insert(requests, req, at, end, req->taken))
		return true;
	req->end = end;
	return false;
}

void requests_trim(struct requests *requests, uint64_t offset, uint64_t end)
{
	struct request *req;

	while (offset < end && (req = find(requests, offset, end))) {
		if (req->offset < offset && end < req->end)
			return;
		if (req->offset < offset)
			req->end = offset;
		else if (end < req->end)
			req->offset = end;
		else
			remove_it(requests, req);
	}
}
