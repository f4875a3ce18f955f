"""What gdb does not know about an instance: its tasks, timers and connections. Loaded by `holm gdb`, or `source` it.

    holm symbols FILE   load the symbols of NAME.debug where the instance lies (its auxiliary vector tells)
    holm core FILE      write a core file of the instance as it stands
    holm start          run up to the image's first instruction
    holm tasks          every task and fiber, and the chain of coroutines each waits in (also: info holm-tasks)
    holm backtrace      the coroutines that await the one that runs, innermost first
    holm timers         what is due when (also: info holm-timers)
    holm connections    TCP connections, listeners and UDP sockets (also: info holm-connections)

It reads memory only and calls nothing in the instance, so it works on core files too.
"""

import os
import signal
import struct

import gdb

LARGEST_FRAME = 64 * 1024  # bytes of a coroutine frame that are searched
DEEPEST_CHAIN = 200
MOST_ELEMENTS = 100_000  # of a list: a broken one may be a ring
LARGEST_IMAGE = 64 << 20  # bytes that are searched for its start
AT_NULL, AT_ENTRY = 0, 9
ENTRY_OFFSET_IN_ELF_HEADER = 24


class Unreadable(Exception):
    pass


def evaluate(expression):
    try:
        return gdb.parse_and_eval(expression)
    except gdb.error as error:
        raise gdb.GdbError(f"{error}; are the image's symbols loaded (holm symbols NAME.debug)?") from error


def first_core():
    return evaluate("'holm::(anonymous namespace)::first_core'")["core"]


def part(name, kind):
    """A part of the core, or None before it has been made."""
    pointer = first_core()[name]
    if int(pointer) == 0:
        return None
    return pointer.cast(gdb.lookup_type(kind).pointer()).dereference()


def word(address):
    try:
        return struct.unpack("<Q", bytes(gdb.selected_inferior().read_memory(address, 8)))[0]
    except (gdb.MemoryError, gdb.error) as error:
        raise Unreadable from error


def symbol_at(address):
    """`name` of `name + 12 in section .text`, or ""."""
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    if text.startswith("No symbol"):
        return ""
    return text.split(" in section ")[0].split(" + ")[0].strip()


def place_of(address):
    """file:line of a code address."""
    line = gdb.find_pc_line(address)
    return f"{line.symtab.filename}:{line.line}" if line.symtab else "?"


# --- lists and heaps ---------------------------------------------------------------------------------------------------

def elements(the_list, hook, element):
    """The elements of an IntrusiveList; `hook` and `element` are names of types."""
    end = the_list["end_"].address
    hook_type, element_type = gdb.lookup_type(hook).pointer(), gdb.lookup_type(element).pointer()
    node = the_list["end_"]["next_"]
    for _ in range(MOST_ELEMENTS):
        if int(node) == int(end) or int(node) == 0:
            return
        yield node.cast(hook_type).cast(element_type).dereference()
        node = node["next_"]


def heap_nodes(root):
    """The nodes of a PairingHeap, in no order."""
    waiting = [root]
    for _ in range(MOST_ELEMENTS):
        if not waiting:
            return
        node = waiting.pop()
        if int(node) == 0:
            continue
        waiting += [node["child_"], node["next_"]]
        yield node


def nanoseconds(instant):
    return int(instant["nanoseconds_"])


def seconds(value):
    return f"{value / 1e9:.6f} s"


# --- coroutines --------------------------------------------------------------------------------------------------------
# A frame begins with the addresses of its resume and destroy functions (the Itanium C++ ABI's layout, as clang has it); the
# promise follows, and the first thing in ours is the frame that awaits this one (kernel/task/task.h).

CONTINUATION = 16


def is_frame(address):
    """The name of the coroutine whose frame lies there, or ""."""
    if address % 16 or address == 0:
        return ""
    try:
        resume, destroy = word(address), word(address + 8)
    except Unreadable:
        return ""
    if destroy == 0:
        return ""
    name = symbol_at(resume or destroy)  # a frame at its final suspension has no resume function
    for suffix in (" [clone .resume]", " (.resume)", ".resume", " [clone .destroy]", " (.destroy)", ".destroy",
                   " [clone .cleanup]", " (.cleanup)", ".cleanup"):
        if name.endswith(suffix):
            return name[:-len(suffix)]
    return ""


def awaited_by(frame):
    """The frame of the task that `frame` awaits, or None: the one that names `frame` as its continuation."""
    for offset in range(CONTINUATION, LARGEST_FRAME, 8):
        try:
            candidate = word(frame + offset)
            if candidate % 16 or candidate == frame or word(candidate + CONTINUATION) != frame:
                continue
        except Unreadable:
            if offset > 4096:
                return None
            continue
        if is_frame(candidate):
            return candidate
        if offset > 4096 and is_frame(frame + offset):
            return None
    return None


def chain_below(frame):
    """From a task's outermost coroutine to the one that waits, outermost first."""
    chain = []
    while frame and frame not in chain and len(chain) < DEEPEST_CHAIN:
        chain.append(frame)
        frame = awaited_by(frame)
    return chain


def describe_frame(frame):
    name = is_frame(frame)
    resume = word(frame)
    place = place_of(resume) if resume else "finished"
    return f"{name or '?'} at {place}, frame {frame:#x}"


def root_frame(root):
    """The outermost coroutine frame of a task of a scope; None for a fiber."""
    try:
        child = root.address.cast(gdb.lookup_type("holm::Scope::Child").pointer())
    except gdb.error:
        return None
    frame = int(child["frame_"]["__handle_"])
    return frame if is_frame(frame) else None


def kind_of(root):
    try:
        vtable_free = root.address.cast(gdb.lookup_type("holm::Fiber").pointer())
        state = str(vtable_free["state_"])
    except gdb.error:
        return "task"
    return state.rsplit("::", 1)[-1]


# --- commands ----------------------------------------------------------------------------------------------------------

class HolmPrefix(gdb.Command):
    """Commands for instances of Holm: tasks, timers, connections, backtrace, symbols, start."""

    def __init__(self):
        super().__init__("holm", gdb.COMMAND_DATA, prefix=True)


class Listing(gdb.Command):
    """Something that is both `holm NAME` and `info holm-NAME`."""

    names = ()

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        try:
            self.show()
        except Unreadable:
            raise gdb.GdbError("the memory that holds it cannot be read") from None

    def show(self):
        raise NotImplementedError


class Tasks(Listing):
    """Lists every task and fiber, and the chain of coroutines in which each waits."""

    names = ("holm tasks", "info holm-tasks")

    def show(self):
        executor = part("executor", "holm::Executor")
        if executor is None:
            print("the executor is not there yet: the image has just started")
            return
        current = int(executor["current_"])
        count = 0
        for root in elements(executor["roots_"], "holm::ListHook<holm::RootTag>", "holm::TaskRoot"):
            count += 1
            address = int(root.address)
            frame = root_frame(root)
            state = "runs" if address == current else "suspended"
            print(f"{'*' if address == current else ' '} {root['name_'].string():<20} {'task' if frame else 'fiber'} {state}  {address:#x}")
            for level, one in enumerate(reversed(chain_below(frame)) if frame else ()):
                print(f"      #{level} {describe_frame(one)}")
        print(f"{count} task{'' if count == 1 else 's'}" + ("" if current else "; the kernel itself runs"))


class Backtrace(Listing):
    """The chain of coroutines of the task that runs, innermost first: what `bt` cannot show."""

    names = ("holm backtrace", "holm bt")

    def show(self):
        executor = part("executor", "holm::Executor")
        if executor is None or int(executor["current_"]) == 0:
            print("no task runs: the kernel does")
            return
        frame = root_frame(executor["current_"].dereference())
        if frame is None:
            print("a fiber runs: bt shows all of it")
            return
        for level, one in enumerate(reversed(chain_below(frame))):
            print(f"#{level} {describe_frame(one)}")


class Timers(Listing):
    """Lists the timers that run, the earliest first."""

    names = ("holm timers", "info holm-timers")

    def show(self):
        executor = part("executor", "holm::Executor")
        if executor is None:
            print("the executor is not there yet: the image has just started")
            return
        last = nanoseconds(executor["last_receive_"])
        kind = gdb.lookup_type("holm::Timer").pointer()
        timers = [node.cast(kind).dereference() for node in heap_nodes(executor["timers_"]["heap_"]["root_"])]
        for timer in sorted(timers, key=lambda timer: nanoseconds(timer["deadline_"])):
            due = nanoseconds(timer["deadline_"])
            print(f"  at {seconds(due)} ({(due - last) / 1e6:+.3f} ms)  {symbol_at(int(timer['expired_'])) or '?'}  {int(timer.address):#x}")
        print(f"{len(timers)} timer{'' if len(timers) == 1 else 's'}; devices were last asked at {seconds(last)}")


def text_of_address(address):
    raw = bytes(int(address["bytes_"]["__elems_"][i]) for i in range(16))
    if raw[:12] == bytes(10) + b"\xff\xff":
        return ".".join(str(byte) for byte in raw[12:])
    words = [f"{int.from_bytes(raw[i:i + 2], 'big'):x}" for i in range(0, 16, 2)]
    return f"[{':'.join(words)}]"


def text_of_endpoint(endpoint):
    return f"{text_of_address(endpoint['address'])}:{int(endpoint['port'])}"


class Connections(Listing):
    """Lists TCP connections and listeners."""

    names = ("holm connections", "info holm-connections")

    def show(self):
        network = part("network", "holm::Network")
        if network is None:
            print("the image has not asked for its network")
            return
        layer = network["stack_"]["tcp_"]
        count = 0
        for listener in elements(layer["listeners_"], "holm::ListHook<holm::net::tcp::ListenerTag>", "holm::net::tcp::Listener"):
            print(f"  {'LISTEN':<14} {text_of_endpoint(listener['local_']):<24} {int(listener.address):#x}")
        connection_type = gdb.lookup_type("holm::net::tcp::Connection").pointer()
        for entry in self.entries(layer["table_"]):
            count += 1
            state = "TimeWait"
            if str(entry["kind"]).endswith("kConnection"):
                state = str(entry.address.cast(connection_type)["state_"]).rsplit("::k", 1)[-1]
            ends = entry["tuple"]
            print(f"  {state:<14} {text_of_endpoint(ends['local']):<24} {text_of_endpoint(ends['remote']):<24} {int(entry.address):#x}")
        print(f"{count} connection{'' if count == 1 else 's'}")

    @staticmethod
    def entries(table):
        buckets = table["buckets_"]
        for number in range(min(int(table["bucket_count_"]), MOST_ELEMENTS)):
            entry = buckets[number]
            while int(entry) != 0:
                yield entry.dereference()
                entry = entry["next_in_bucket"]


def auxiliary(wanted):
    """An entry of the auxiliary vector, or None."""
    try:
        text = gdb.execute("info auxv", to_string=True)
    except gdb.error:
        return None
    for line in text.splitlines():
        fields = line.split()
        if fields and fields[0] == str(wanted):
            return int(fields[-1], 0)
    return None


def use_software_watchpoints_if_needed():
    """gdb takes for granted that a remote machine has watchpoints in hardware, and fails when it must insert one."""
    connection = gdb.selected_inferior().connection
    if connection is None or connection.type not in ("remote", "extended-remote"):
        return
    answer = connection.send_packet("qHolmHardwarePoints") if hasattr(connection, "send_packet") else None
    if answer == b"0":
        gdb.execute("set can-use-hw-watchpoints 0")
        print("this KVM has no hardware watchpoints: watch steps through the program, which is slow")


class Symbols(gdb.Command):
    """holm symbols FILE [BASE]: loads the symbols of an image (NAME.debug) for the place where the instance lies."""

    def __init__(self):
        super().__init__("holm symbols", gdb.COMMAND_FILES, gdb.COMPLETE_FILENAME)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        if not 1 <= len(words) <= 2:
            raise gdb.GdbError("holm symbols FILE [BASE]")
        offset = self.offset(words[0], int(words[1], 0) if len(words) == 2 else None)
        use_software_watchpoints_if_needed()
        gdb.execute(f'symbol-file -o {offset:#x} "{words[0]}"', to_string=True)

    @staticmethod
    def offset(path, base):
        try:
            with open(path, "rb") as file:
                head = file.read(64)
                first = Symbols.link_base(file, head)
        except (OSError, struct.error) as error:
            raise gdb.GdbError(f"{path}: {error}") from error
        if base is not None:
            return base - first
        entry = auxiliary(AT_ENTRY)
        if entry is None:
            return Symbols.base_in_machine(int(gdb.parse_and_eval("(unsigned long)$pc")), first, head) - first
        return entry - struct.unpack_from("<Q", head, ENTRY_OFFSET_IN_ELF_HEADER)[0]

    @staticmethod
    def base_in_machine(address, first, head):
        """A machine without an auxiliary vector (QEMU): the image's ELF header lies in front of its code; before it has
        booted, where it was linked to lie."""
        page = address & ~4095
        for start in (*range(page, max(page - LARGEST_IMAGE, 0), -4096), first):
            try:
                if bytes(gdb.selected_inferior().read_memory(start, 32)) == head[:32]:
                    return start
            except (gdb.MemoryError, gdb.error):
                continue
        raise gdb.GdbError("it does not run the image's code now; where does the image lie? holm symbols FILE BASE")

    @staticmethod
    def link_base(file, head):
        """Address of the first segment (ELF64 program headers)."""
        offset, = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        file.seek(offset)
        table = file.read(size * count)
        return min(struct.unpack_from("<Q", table, i * size + 16)[0] for i in range(count)
                   if struct.unpack_from("<I", table, i * size)[0] == 1)


REGISTERS = ("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi", "orig_rax", "rip", "cs",
             "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs")  # of struct user_regs_struct
UPCALL_FRAME = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip",
                "eflags", "vector", "address")  # words of struct holm_upcall_frame (abi/hypercalls.h)
RING0_EXCEPTION_PAGE, RING0_SERVICE_STACK_TOP, RING0_UPCALL_STACK = 0x3000, 0x3000, 0x1708  # virtio/x86_64/ring0_layout.h
UPCALL_STACK = 64 * 1024  # kernel/platform/virtio/boot.cpp
SIGNAL_OF_VECTOR = {0: signal.SIGFPE, 1: signal.SIGTRAP, 3: signal.SIGTRAP, 6: signal.SIGILL}  # what Linux makes of them
PAGE = 4096
NT_PRSTATUS, NT_PRPSINFO, NT_AUXV = 1, 3, 6


class Core(gdb.Command):
    """holm core FILE: writes a core file of the instance as it stands, by reading its memory through gdb."""

    def __init__(self):
        super().__init__("holm core", gdb.COMMAND_FILES, gdb.COMPLETE_FILENAME)

    def invoke(self, argument, from_tty):
        words = gdb.string_to_argv(argument)
        ended = words[:1] == ["--ended"]  # of a machine of QEMU after a panic, with the registers of a fault
        words = words[ended:]
        if len(words) != 1:
            raise gdb.GdbError("holm core FILE")
        boot = first_core()["boot"]
        if int(boot) == 0:
            raise gdb.GdbError("the image has just started: it does not know its own memory yet")
        boot = boot.dereference()
        regions = [(int(boot["image_base"]), int(boot["image_size"])), (int(boot["stack_low"]), int(boot["stack_size"])),
                   (int(boot["heap_start"]), int(boot["heap_size"]))]
        # The boot info lies above the stack, in the same mapping.
        regions.append((regions[1][0] + regions[1][1], int(boot.address) + int(boot["size"]) - regions[1][0] - regions[1][1]))
        try:
            with open(words[0], "wb") as file:
                written = self.write(file, self.notes(*(self.cause() if ended else (0, {}))), sorted((start & -PAGE, (start + size + PAGE - 1 & -PAGE) - (start & -PAGE))
                                                  for start, size in regions if size > 0))
        except OSError as error:
            raise gdb.GdbError(f"{words[0]}: {error}") from error
        print(f"{words[0]}: {written // 1024} KB")

    def write(self, file, notes, regions):
        offset = data = 64 + 56 * (1 + len(regions)) + len(notes) + PAGE - 1 & -PAGE
        headers = struct.pack("<IIQQQQQQ", 4, 0, 64 + 56 * (1 + len(regions)), 0, 0, len(notes), 0, 4)
        for start, size in regions:
            headers += struct.pack("<IIQQQQQQ", 1, 7, offset, start, 0, size, size, PAGE)
            offset += size
        file.write(b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 1 + len(regions), 0, 0, 0))
        file.write(headers + notes)
        file.truncate(offset)
        written = 0
        for start, size in regions:
            written += self.write_region(file, start, size, data)
            data += size
        return written

    @staticmethod
    def write_region(file, start, size, offset):
        inferior = gdb.selected_inferior()
        written = 0
        for at in range(0, size, 16 * PAGE):
            length = min(16 * PAGE, size - at)
            try:
                pages = bytes(inferior.read_memory(start + at, length))
            except (gdb.MemoryError, gdb.error):
                continue  # a guard page among them
            for page in range(0, length, PAGE):
                content = pages[page:page + PAGE]
                if content.strip(b"\0"):
                    file.seek(offset + at + page)
                    file.write(content)
                    written += len(content)
        return written

    @staticmethod
    def cause():
        """The signal that stands for a panic, and the registers of the code that caused it. After an exception that code
        has put them (struct holm_upcall_frame) at the top of the upcall's stack, on which it has ended then."""
        exceptions = int(evaluate("(unsigned long)holm_virtio_exceptions"))
        registers = {}
        if int(evaluate("(long)$cs")) & 3 == 0:  # in the service of ring 0 that switches the machine off
            caller = exceptions + RING0_SERVICE_STACK_TOP - RING0_EXCEPTION_PAGE - 40
            registers = {name: word(caller + 8 * i) for i, name in enumerate(("rip", "cs", "eflags", "rsp", "ss"))}
        top = word(exceptions + RING0_UPCALL_STACK - RING0_EXCEPTION_PAGE)
        if not top - UPCALL_STACK <= registers.get("rsp", int(evaluate("(long)$rsp"))) < top:
            return signal.SIGABRT, registers
        frame = top - 8 * len(UPCALL_FRAME)
        values = registers | {name: word(frame + 8 * i) for i, name in enumerate(UPCALL_FRAME)}
        return SIGNAL_OF_VECTOR.get(values["vector"] & 0xffffffff, signal.SIGSEGV), values

    @staticmethod
    def notes(signal_number, registers):
        frame = gdb.newest_frame()
        status = bytearray(336)
        struct.pack_into("<IIIH", status, 0, signal_number, 0, 0, signal_number)
        struct.pack_into("<I", status, 32, 1)
        for number, name in enumerate(REGISTERS):
            try:
                value = registers.get(name, int(frame.read_register(name))) & (1 << 64) - 1
            except (ValueError, gdb.error):
                value = 0
            struct.pack_into("<Q", status, 112 + 8 * number, value)
        entry = int(evaluate("(unsigned long)&holm_entry"))
        auxiliary = struct.pack("<QQQQ", AT_ENTRY, entry, AT_NULL, 0)
        name = bytearray(136)
        name[40:45] = name[56:61] = b"image"
        return b"".join(struct.pack("<III", 5, len(content), kind) + b"CORE\0\0\0\0" + bytes(content)
                        for kind, content in ((NT_PRPSINFO, name), (NT_AUXV, auxiliary), (NT_PRSTATUS, status)))


class Start(gdb.Command):
    """Goes on to the image's first instruction: the instance is confined from here on, and nothing of the image has run."""

    def __init__(self):
        super().__init__("holm start", gdb.COMMAND_RUNNING)

    def invoke(self, argument, from_tty):
        entry = int(evaluate("(long)&holm_entry"))
        if int(evaluate("(long)$pc")) == entry:
            return
        if auxiliary(AT_ENTRY) is None:
            entry = self.boot(entry)
        # The tender stopped itself, for all the world to see; that ends here, or it would be stopped again when gdb leaves.
        inferior = gdb.selected_inferior()
        if inferior.connection is not None and inferior.connection.type == "native":
            os.kill(inferior.pid, signal.SIGCONT)
        gdb.execute("handle SIGSTOP SIGCONT nostop noprint nopass", to_string=True)
        self.run_to(entry)
        gdb.execute("handle SIGSTOP SIGCONT stop print pass", to_string=True)

    @staticmethod
    def run_to(address):
        breakpoint = gdb.Breakpoint(f"*{address:#x}", internal=True, temporary=True)
        breakpoint.silent = True
        gdb.execute("continue", to_string=True)
        if int(evaluate("(long)$pc")) != address:
            raise gdb.GdbError(f"the machine stopped at {evaluate('$pc')}, before the image's first instruction")

    def boot(self, entry):
        """A machine of QEMU, where the image moves itself as the last step of its boot. Where the entry will lie."""
        self.run_to(int(evaluate("(long)&'holm::platform::relocate_own_image(unsigned long)'")))
        offset = int(evaluate("(long)offset"))
        gdb.execute(f'symbol-file -o {offset:#x} "{gdb.current_progspace().filename}"', to_string=True)
        return entry + offset


# What the library OS lives with: a peer that went away, the watchdog's ticks, a stop request.
for name in ("SIGPIPE", "SIGPROF", "SIGTERM"):
    gdb.execute(f"handle {name} nostop noprint pass", to_string=True)

HolmPrefix()
for listing in (Tasks, Backtrace, Timers, Connections):
    for command in listing.names:
        listing(command)
Symbols()
Core()
Start()
