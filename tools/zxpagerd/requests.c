// SPDX-License-Identifier: GPL-2.0
/*
 * READs and DIRTYs that wait for an answer.
 *
 * Who was killed while it waited may ask again, as often as it likes, so whoever adds one
 * looks first whether it is there.
 */
#include <stdlib.h>

#include "requests.h"

void requests_init(struct requests *requests)
{
	requests->first = NULL;
	requests->end = &requests->first;
}

bool requests_have(const struct requests *requests, uint64_t offset, uint64_t end)
{
	const struct request *req = requests->first;

	while (req && (offset < req->offset || req->end < end))
		req = req->next;
	return req;
}

struct request *requests_add(struct requests *requests, uint64_t offset, uint64_t end)
{
	struct request *req = malloc(sizeof(*req));

	if (!req)
		return NULL;
	*req = (struct request){ .offset = offset, .end = end };
	*requests->end = req;
	requests->end = &req->next;
	return req;
}

static void remove_at(struct requests *requests, struct request **link)
{
	struct request *req = *link;

	*link = req->next;
	if (!*link)
		requests->end = link;
	free(req);
}

void requests_pop(struct requests *requests)
{
	remove_at(requests, &requests->first);
}

bool requests_split(struct requests *requests, uint64_t at)
{
	struct request *req = requests->first, *rest = malloc(sizeof(*rest));

	if (!rest)
		return false;
	*rest = *req;
	rest->offset = at;
	req->end = at;
	req->next = rest;
	if (!rest->next)
		requests->end = &rest->next;
	return true;
}

void requests_trim(struct requests *requests, uint64_t offset, uint64_t end)
{
	struct request **link = &requests->first, *req;

	while ((req = *link)) {
		if (offset <= req->offset && req->offset < end)
			req->offset = end < req->end ? end : req->end;
		else if (req->offset < offset && offset < req->end && req->end <= end)
			req->end = offset;
		if (req->offset < req->end)
			link = &req->next;
		else
			remove_at(requests, link);
	}
}
