#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""profile.py --dir DIR --vm PID --work WORK --kernel K --top N [--update]: see profile.sh

DIR has QEMU's monitor, the guest's kallsyms, a pipe for the trace, the files by
which zxbench and this program wait for each other (ready, go, done), and spans, which
tells what is between which marks of the trace.
"""

import argparse
import bisect
import collections
import itertools
import os
import pathlib
import re
import socket
import sys
import threading
import time

import document

# What zxbench calls where it looks at the clock.
MARK = "__x64_sys_getppid"
# A name that no figure has: two marks, and nothing between them.
NOTHING = "nothing"
# Instructions that are counted at a time; the order is kept of the first ones.
CHUNK = 100_000
# What functions are for, by their names; the first that matches.
KINDS = tuple((kind, re.compile(names)) for kind, names in (
    ("the program", r"\(user\)"),
    ("zxpager", r"zxp_"),
    ("userfaultfd", r"userfault|handle_userfault|mfill_|mwriteprotect|mcopy_"),
    ("FUSE", r"fuse_|__fuse"),
    ("io_uring", r"io_|__io_|__do_sys_io_uring|tctx_|task_work|ctx_flush"),
    ("file system and disk", r"ext4|brd_|bio_|__bio|bvec|submit_bio|__submit_bio|blk_|"
                             r"__blk|mempool|mpage|block_|jbd2|read_pages"),
    ("copying and clearing", r"clear_page|rep_movs|memcpy|memset|copy_page|copy_user|"
                             r"_?copy_(to|from)_|__memcpy"),
    ("switching tasks", r"__schedule|schedule|try_to_wake|ttwu|wake|default_wake|"
                        r"autoremove|enqueue|dequeue|__(en|de)queue_entity|update_|"
                        r"__update|pick_|put_prev|set_next|psi_|record_times|place_|"
                        r"check_preempt|vruntime|entity|avg_|sched_|native_sched|"
                        r"__switch|switch_|finish_task|prepare_to_wait|finish_wait|"
                        r"resched|cpuacct|hrtick|mm_cid|reweight|dl_server|clear_buddies|"
                        r"__calc_delta|requeue_|clear_delayed|save_fpregs|restore_fpregs|"
                        r"xfd_|arch_scale|native_load_tls|__(rd|wr)gsbase|rcu_note|"
                        r"_?_?rb_|rb_|select_|task_|wakeup|__set_next|__task_rq|"
                        r"newidle|set_task_cpu|raw_spin_rq|activate_|deactivate_"),
    ("system calls and faults, in and out", r"entry_|do_syscall|x64_sys|__x64_|syscall_|"
                                            r"irqentry|asm_exc|exc_page|error_|sync_regs|"
                                            r"exit_to_user|arch_exit|fpregs_|__rseq|"
                                            r"mem_cgroup_handle|blkcg_maybe|ksys_|vfs_|"
                                            r"__f?get|fget|fdget|fput|__fdget|do_vfs|"
                                            r"security_|apparmor|aa_|tomoyo|bpf_lsm|"
                                            r"hook_file|rw_verify|fsnotify|__fsnotify|"
                                            r"__check_object|check_stack|do_iter|"
                                            r"__get_user|__put_user|pipe_|anon_pipe|"
                                            r"switch_fpu|atime|touch_|current_time|"
                                            r"import_|__import|new_sync|iov|rcu_lockdep|splice_|"
                                            r"common_interrupt_return"),
    ("memory and memory cgroups", r"__?alloc_pages|alloc_pages|get_page_from|rmqueue|"
                                  r"__rmqueue|folio_alloc|vma_alloc|policy_|cond_accept|"
                                  r"__free|free_|kmem_cache|kmalloc|kfree|__slab|___slab|"
                                  r"memcg|__mem_cgroup|mem_cgroup|get_mem_cgroup|"
                                  r"__mod_|mod_|lruvec|__lruvec|cgroup_|__cgroup|"
                                  r"get_pfnblock|charge|try_charge|_find_first|obj_cgroup|"
                                  r"__kmem|refill|uncharge|css_|propagate_|count_memcg|"
                                  r"__count_memcg|percpu_counter|get_vma_policy|prep_"),
    ("page tables and the fault", r"do_user_addr|lock_vma|lock_mm|mas_|mt_|mtree|"
                                  r"find_vma|handle_mm|__handle_mm|do_fault|__do_fault|"
                                  r"finish_fault|set_pte|do_set|pte_|__pte|pmd_|__pmd|"
                                  r"pud_|p4d_|pgd_|wp_|do_wp|unmap_|zap_|__thp|do_shared|"
                                  r"do_read|access_error|folio_add_file|folio_add_new|"
                                  r"folio_remove_rmap|page_.*rmap|flush_tlb|native_flush|"
                                  r"tlb_|ptep_|change_p|mm_trace|vm_normal|"
                                  r"fault_dirty|fault_around|next_uptodate|"
                                  r"filemap_map|do_anonymous|change_protection|rmap_|"
                                  r"page_vma|page_mkclean|invlpg|vma_interval|up_read|"
                                  r"down_read|mmap_read|gup_|follow_|native_set_|"
                                  r"__?iov_iter_get_pages|get_user_pages|is_valid_gup|"
                                  r"try_get_folio|try_grab"),
    ("page cache and LRU", r"filemap|__filemap|xas_|xa_|__xa|folio_|__folio|shmem|lru_|"
                           r"workingset|inode_|__mark_inode|file_update|page_|noop_dirty|"
                           r"mark_|truncate|generic_error|find_get|find_lock|balance_|"
                           r"__page_cache|replace_page|folios_|remove_mapping|"
                           r"__remove_mapping|radix_"),
    ("locks and RCU", r"_raw_|__rcu|rcu_|mutex|__mutex|up_|down_|__cond_resched|rwsem|"
                      r"__list|lock_|spin|srcu|osq_|__up|__down|preempt"),
))
ELSE = "else"


class Symbols:
    def __init__(self, path):
        found = {}
        for line in path.read_text().splitlines():
            address, kind, name = line.split()[:3]
            if kind in "tTwW":
                # A function may have several names.
                if name == MARK or int(address, 16) not in found:
                    found[int(address, 16)] = name
        self.addresses = sorted(found)
        self.names = [found[a] for a in self.addresses]
        self.mark = next((f"{a:016x}".encode() for a in self.addresses
                          if found[a] == MARK), None)
        self.known = {}

    def name(self, pc):
        """The function, of what the trace has in hexadecimal"""
        if pc not in self.known:
            number = int(pc, 16)
            if number < 1 << 63:
                self.known[pc] = "(user)"
            else:
                at = bisect.bisect_right(self.addresses, number) - 1
                self.known[pc] = self.names[at]
        return self.known[pc]


class Piece:
    """What is executed from one mark to the next one"""

    def __init__(self):
        self.counts = collections.Counter()
        self.order = []

    def add(self, pcs, symbols):
        if not self.order:
            self.note_order(map(symbols.name, pcs))
        for pc, count in collections.Counter(pcs).items():
            self.counts[symbols.name(pc)] += count

    def note_order(self, names):
        for name, same in itertools.groupby(names):
            self.order.append((name, sum(1 for _ in same)))


def pieces(lines, symbols):
    """The trace, cut at each mark"""
    piece, pcs = None, []
    for line in lines:
        parts = line.split(b"/", 2)
        if len(parts) != 3 or not line.startswith(b"Trace"):
            continue
        pc = parts[1]
        if pc == symbols.mark or len(pcs) == CHUNK:
            if piece:
                piece.add(pcs, symbols)
            pcs = []
            if pc == symbols.mark:
                if piece:
                    yield piece
                piece = Piece()
        pcs.append(pc)
    if piece:
        piece.add(pcs, symbols)
        yield piece


class Sample:
    """One of a figure: counts for each of what it is measured over"""

    def __init__(self, parts, nr):
        self.parts, self.nr = parts, nr
        self.counts = collections.Counter()
        for piece in parts:
            self.counts.update(piece.counts)

    def each(self, marks):
        counts = {name: (count - marks.get(name, 0) * len(self.parts)) / self.nr
                  for name, count in self.counts.items()}
        return {name: count for name, count in counts.items() if count > 0}


def middle(found, size):
    """Without those in which the guest had something else to do, or nothing"""
    found = sorted(found, key=size)
    return found[len(found) // 4:max(1, len(found) - len(found) // 4)]


def mean(many):
    total = collections.Counter()
    for counts in many:
        total.update(counts)
    return {name: count / len(many) for name, count in total.items()}


def read_spans(path, found):
    """{figure: [Sample...]}"""
    samples = collections.defaultdict(list)
    for line in path.read_text().splitlines():
        name, start, end, nr = line.split()
        if int(end) >= len(found):
            raise ValueError(f"{name}: the trace has {len(found)} marks only")
        samples[name].append(Sample(found[int(start):int(end)], int(nr)))
    return samples


def profiles(samples):
    """{figure: ({function: instructions}, a sample)}"""
    marks = mean([s.counts for s in middle(samples.pop(NOTHING), lambda s: s.counts.total())])
    result = {}
    for name, some in samples.items():
        some = middle(some, lambda s: s.counts.total() / s.nr)
        result[name] = mean([s.each(marks) for s in some]), some[len(some) // 2]
    return result


def kind(name):
    for text, names in KINDS:
        if names.match(name):
            return text
    return ELSE


def by_kind(counts):
    kinds = collections.Counter()
    for name, count in counts.items():
        kinds[kind(name)] += count
    return kinds


def show(name, counts, top):
    print(f"\n{name}: {sum(counts.values()):,.0f} instructions")
    for text, count in by_kind(counts).most_common():
        print(f"{count:10,.0f}  {text}")
    print()
    for function, count in collections.Counter(counts).most_common(top):
        print(f"{count:10,.1f}  {function}")


def write_order(path, found):
    with open(path, "w", encoding="ascii") as out:
        for name, (_, sample) in found.items():
            print(f"\n{name}, for {sample.nr}\n", file=out)
            for part in sample.parts:
                for function, count in part.order:
                    print(f"{count:8}  {function}", file=out)


def number(value):
    return f"{round(value, -1):,.0f}" if value >= 1000 else f"{value:,.0f}"


def table(found, work, names):
    """For the document: a column for each of these figures"""
    columns = [by_kind(found[f"{work}.{name}"][0]) for name in names]
    kinds = sorted({text for column in columns for text in column},
                   key=lambda text: (text == ELSE, -max(c[text] for c in columns)))
    body = [(text, *(number(c[text]) for c in columns)) for text in kinds
            if max(c[text] for c in columns) >= 0.5]
    body.append(("sum", *(number(c.total()) for c in columns)))
    return document.table(("kind", *names), body, right=range(1, len(names) + 1))


def update(found, work, kernel):
    """Each place for a profile of this work names its columns"""
    def content(match):
        names = match["columns"].split()
        missing = [n for n in names if f"{work}.{n}" not in found]
        if missing:
            raise ValueError(f"{work}.{missing[0]} is not in the trace")
        return table(found, work, names)

    document.update(rf"profile: {re.escape(work)} {re.escape(kernel)} (?P<columns>[^\n]+)", content)


class Monitor:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.answer()

    def answer(self):
        text = b""
        while not text.endswith(b"(qemu) "):
            more = self.socket.recv(4096)
            if not more:
                raise OSError("QEMU has gone")
            text += more

    def say(self, command):
        self.socket.sendall(command.encode() + b"\n")
        self.answer()


def wait_for(path, vm):
    while not path.exists():
        os.kill(vm, 0)
        time.sleep(0.05)


def trace(directory, vm):
    """The work is done, and this is what was executed"""
    wait_for(directory / "ready", vm)
    symbols = Symbols(directory / "kallsyms")
    found = []

    def read():
        with open(directory / "trace", "rb") as lines:
            found.extend(pieces(lines, symbols))

    reader = threading.Thread(target=read)
    reader.start()
    monitor = Monitor(directory / "monitor")
    # Both names of it: QEMU before and after 8.1
    for command in (f"logfile {directory}/trace", "singlestep on", "one-insn-per-tb on",
                    "log exec,nochain"):
        monitor.say(command)
    (directory / "go").touch()
    wait_for(directory / "done", vm)
    for command in ("log none", "logfile /dev/null", "singlestep off",
                    "one-insn-per-tb off"):
        monitor.say(command)
    reader.join()
    return found


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    parser.add_argument("--vm", type=int, required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--top", type=int, required=True)
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()

    found = trace(args.dir, args.vm)
    found = profiles(read_spans(args.dir / "spans", found))
    for name, (counts, _) in found.items():
        show(name, counts, args.top)
    write_order(document.ROOT / f"build/bench/{args.work}-{args.kernel}.trace", found)
    if args.update:
        update(found, args.work, args.kernel)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError) as problem:
        print(f"profile.py: {problem}", file=sys.stderr)
        sys.exit(1)
