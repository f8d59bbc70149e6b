#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""profile.py --dir DIR --vm PID --top N --order FILE: see profile.sh

DIR has QEMU's monitor, the guest's kallsyms, a pipe for the trace, and the files by
which zxbench and this program wait for each other: ready, go, done.
"""

import argparse
import bisect
import collections
import os
import pathlib
import re
import socket
import statistics
import sys
import threading
import time

# What zxbench calls where it looks at the clock.
MARK = "__x64_sys_getppid"
# Whose a piece of the trace is: the first of these that is in it.
OWNERS = (("zxpager, aux", "zxp_supply_from_aux"), ("zxpager", "zxp_"),
          ("userfaultfd", "userfault"), ("fuse", "fuse_"), ("pipe", "pipe_write"))
# What functions are for, by their names; the first that matches.
KINDS = tuple((kind, re.compile(names)) for kind, names in (
    ("the program", r"\(user\)"),
    ("zxpager", r"zxp_"),
    ("userfaultfd", r"userfault|handle_userfault|mfill_|mwriteprotect|mcopy_"),
    ("FUSE", r"fuse_|__fuse"),
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
                                            r"import_|new_sync|iov|rcu_lockdep"),
    ("memory and memory cgroups", r"__?alloc_pages|alloc_pages|get_page_from|rmqueue|"
                                  r"__rmqueue|folio_alloc|vma_alloc|policy_|cond_accept|"
                                  r"__free|free_|kmem_cache|kmalloc|kfree|__slab|___slab|"
                                  r"memcg|__mem_cgroup|mem_cgroup|get_mem_cgroup|"
                                  r"__mod_|mod_|lruvec|__lruvec|cgroup_|__cgroup|"
                                  r"get_pfnblock|charge|try_charge|_find_first|obj_cgroup|"
                                  r"__kmem|refill|uncharge|css_|propagate_"),
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
                                  r"down_read|mmap_read|gup_|follow_"),
    ("page cache and LRU", r"filemap|__filemap|xas_|xa_|__xa|folio_|__folio|shmem|lru_|"
                           r"workingset|inode_|__mark_inode|file_update|page_|noop_dirty|"
                           r"mark_|truncate|generic_error|find_get|find_lock|balance_"),
    ("locks and RCU", r"_raw_|__rcu|rcu_|mutex|__mutex|up_|down_|__cond_resched|rwsem|"
                      r"__list|lock_|spin|srcu|osq_|__up|__down|preempt"),
))
Piece = collections.namedtuple("Piece", "total counts order")


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
        self.known = {}

    def name(self, pc):
        """As in the trace, in hexadecimal: (function, is this its first instruction)"""
        if pc not in self.known:
            number = int(pc, 16)
            if number < 1 << 63:
                self.known[pc] = "(user)", False
            else:
                at = bisect.bisect_right(self.addresses, number) - 1
                self.known[pc] = self.names[at], self.addresses[at] == number
        return self.known[pc]


def pieces(lines, symbols):
    """The trace, cut at each mark; what is between the end of one measurement and the
    beginning of the next one is left out"""
    counts, order = collections.Counter(), []
    last, inside = None, False
    for line in lines:
        if not line.startswith("Trace"):
            continue
        name, first = symbols.name(line.split("/", 2)[1])
        if first and name == MARK:
            if inside:
                yield Piece(sum(counts.values()), counts, order)
            counts, order, last = collections.Counter(), [], None
            inside = not inside
        counts[name] += 1
        if name != last:
            order.append([name, 0])
            last = name
        order[-1][1] += 1


def owner(piece):
    for who, start in OWNERS:
        if any(name.startswith(start) for name in piece.counts):
            return who
    return None


def alike(found):
    """Pieces of one contender that do the same: of about the same length"""
    groups = []
    for piece in sorted(found, key=lambda p: p.total):
        if not groups or piece.total > 1.7 * groups[-1][-1].total:
            groups.append([])
        groups[-1].append(piece)
    return groups


def kind(name):
    for text, names in KINDS:
        if names.match(name):
            return text
    return "else"


def show(who, group, top, out):
    total = statistics.median(p.total for p in group)
    # Without those in which the guest had something else to do
    middle = sorted(group, key=lambda p: p.total)[:max(1, len(group) * 3 // 4)]
    counts = collections.Counter()
    for piece in middle:
        counts.update(piece.counts)
    print(f"\n{who}: {total:,.0f} instructions, {len(group)} times")
    kinds = collections.Counter()
    for name, count in counts.items():
        kinds[kind(name)] += count
    for name, count in kinds.most_common():
        print(f"{count / len(middle):10,.0f}  {name}")
    print()
    for name, count in counts.most_common(top):
        print(f"{count / len(middle):10,.1f}  {name}")
    print(f"\n{who}: {total:,.0f} instructions\n", file=out)
    for name, count in middle[len(middle) // 2].order:
        print(f"{count:8}  {name}", file=out)


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


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--dir", type=pathlib.Path, required=True)
    parser.add_argument("--vm", type=int, required=True)
    parser.add_argument("--top", type=int, required=True)
    parser.add_argument("--order", type=pathlib.Path, required=True)
    args = parser.parse_args()

    wait_for(args.dir / "ready", args.vm)
    symbols = Symbols(args.dir / "kallsyms")
    found = collections.defaultdict(list)

    def read():
        with open(args.dir / "trace", encoding="ascii", errors="replace") as lines:
            for piece in pieces(lines, symbols):
                who = owner(piece)
                if who:
                    found[who].append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    monitor = Monitor(args.dir / "monitor")
    # Both names of it: QEMU before and after 8.1
    for command in (f"logfile {args.dir}/trace", "singlestep on", "one-insn-per-tb on",
                    "log exec,nochain"):
        monitor.say(command)
    (args.dir / "go").touch()
    wait_for(args.dir / "done", args.vm)
    for command in ("log none", "logfile /dev/null", "singlestep off",
                    "one-insn-per-tb off"):
        monitor.say(command)
    reader.join()

    if not found:
        print("profile.py: nothing of a contender in the trace of",
              len(symbols.known), "instructions", file=sys.stderr)
        return 1
    with open(args.order, "w", encoding="ascii") as out:
        for who, _ in OWNERS:
            for group in alike(found[who]):
                show(who, group, args.top, out)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OSError as problem:
        print(f"profile.py: {problem}", file=sys.stderr)
        sys.exit(1)
