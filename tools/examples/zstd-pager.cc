// SPDX-License-Identifier: MIT
/*
 * zstd-pager FILE [OFFSET LENGTH]: shows what zstd has packed, and unpacks no more than that
 *
 * FILE has many frames, each of them packed by itself and with its size in front:
 *
 *	split --bytes=64K text part. && zstd --rm part.* && cat part.*.zst > text.zst
 *
 * A VMO has its content.  When a page is looked at the frame that it is in is unpacked, and if
 * that cannot be done who looks gets ZX_ERR_IO_DATA_INTEGRITY.
 */
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include <lib/zx/pager.h>
#include <lib/zx/port.h>
#include <lib/zx/vmar.h>
#include <lib/zx/vmo.h>
#include <zircon/status.h>
#include <zstd.h>

namespace {

constexpr uint64_t largest = 16 << 20;

struct frame {
	const char *packed;
	size_t packed_size;
	uint64_t at, size;	/* of its content, in the whole */

	uint64_t end() const { return at + size; }
};

std::vector<char> file, buffer;
std::vector<frame> frames;
uint64_t size;
zx::pager pager;
zx::port port;
zx::vmo vmo, aux;
size_t unpacked;

uint64_t pages(uint64_t bytes)
{
	const uint64_t page = zx_system_get_page_size();

	return (bytes + page - 1) / page * page;
}

/* What is wrong with it, if anything. */
const char *load(const char *path)
{
	const std::unique_ptr<FILE, int (*)(FILE *)> in(fopen(path, "re"), fclose);
	char piece[65536];
	size_t n = 0;

	if (!in)
		return "cannot be opened";
	while ((n = fread(piece, 1, sizeof(piece), in.get())))
		file.insert(file.end(), piece, piece + n);
	if (ferror(in.get()))
		return "cannot be read";
	for (size_t at = 0; at < file.size(); at += n) {
		const size_t rest = file.size() - at;
		const unsigned long long has = ZSTD_getFrameContentSize(&file[at], rest);

		n = ZSTD_findFrameCompressedSize(&file[at], rest);
		if (ZSTD_isError(n) || has > largest)
			return "is not of frames of a known size, up to 16 MiB";
		if (!has)	/* such as a table of the others */
			continue;
		if (size != pages(size))
			return "has frames that are no whole pages";
		frames.push_back({ &file[at], n, size, has });
		size += has;
	}
	buffer.resize(largest);
	return size ? nullptr : "is empty";
}

/* The first frame of which something is not before this. */
const frame *find(uint64_t at)
{
	return &*std::partition_point(frames.begin(), frames.end(),
				      [at](const frame &f) { return f.end() <= at; });
}

zx_status_t start()
{
	zx_status_t status = zx::pager::create(0, &pager);

	if (status == ZX_OK)
		status = zx::port::create(0, &port);
	if (status == ZX_OK)
		status = pager.create_vmo(0, port, 0, size, &vmo);
	return status == ZX_OK ? zx::vmo::create(largest, 0, &aux) : status;
}

/* Pages are moved, so there is nothing in aux afterwards: what is behind a frame is zero. */
zx_status_t bring(const frame &f)
{
	if (ZSTD_decompress(buffer.data(), f.size, f.packed, f.packed_size) != f.size)
		return ZX_ERR_IO_DATA_INTEGRITY;
	unpacked++;
	if (aux.write(buffer.data(), 0, f.size) == ZX_OK &&
	    pager.supply_pages(vmo, f.at, pages(f.size), aux, 0) == ZX_OK)
		return ZX_OK;
	aux.op_range(ZX_VMO_OP_DECOMMIT, 0, largest, nullptr, 0);
	return ZX_ERR_IO;
}

/* The last packet is COMPLETE. */
void serve()
{
	zx_port_packet_t packet;
	const zx_packet_page_request_t &asked = packet.page_request;

	while (port.wait(zx::time::infinite(), &packet) == ZX_OK &&
	       asked.command == ZX_PAGER_VMO_READ) {
		const uint64_t end = std::min(asked.offset + asked.length, size);

		for (const frame *f = find(asked.offset); ; f++) {
			const zx_status_t status = bring(*f);

			if (status != ZX_OK)
				pager.op_range(ZX_PAGER_OP_FAIL, vmo, f->at, pages(f->size),
					       static_cast<uint64_t>(status));
			if (f->end() >= end)
				break;
		}
	}
}

/* By a mapping, after it was asked whether all of a frame's part can be had. */
zx_status_t show(uint64_t from, uint64_t to)
{
	const zx::unowned_vmar root = zx::vmar::root_self();
	zx_vaddr_t at = 0;
	zx_status_t bad = root->map(ZX_VM_PERM_READ, 0, vmo, 0, size, &at);

	if (bad != ZX_OK)
		return bad;
	while (from < to) {
		const uint64_t end = std::min(to, find(from)->end());
		const uint64_t page = from - from % zx_system_get_page_size();
		const zx_status_t status = root->op_range(ZX_VMAR_OP_PREFETCH, at + page,
							  end - page, nullptr, 0);

		if (status == ZX_OK) {
			fwrite(reinterpret_cast<char *>(at + from), 1, end - from, stdout);
		} else {
			fprintf(stderr, "bytes %ju to %ju: %s\n", uintmax_t{ from },
				uintmax_t{ end - 1 }, zx_status_get_string(status));
			bad = status;
		}
		from = end;
	}
	root->unmap(at, size);
	return fflush(stdout) || ferror(stdout) ? ZX_ERR_IO : bad;
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 2 && argc != 4)
		return fprintf(stderr, "usage: zstd-pager FILE [OFFSET LENGTH]\n"), 2;
	if (const char *wrong = load(argv[1]))
		return fprintf(stderr, "%s %s\n", argv[1], wrong), 1;
	uint64_t from = 0, length = size;
	if (argc == 4) {
		from = std::min<uint64_t>(strtoull(argv[2], nullptr, 0), size);
		length = std::min<uint64_t>(strtoull(argv[3], nullptr, 0), size - from);
	}
	zx_status_t status = start();
	if (status != ZX_OK)
		return fprintf(stderr, "no pager: %s\n", zx_status_get_string(status)), 1;
	std::thread server(serve);
	status = show(from, from + length);
	pager.detach_vmo(vmo);
	server.join();
	fprintf(stderr, "%zu of %zu frames unpacked\n", unpacked, frames.size());
	return status != ZX_OK;
}
