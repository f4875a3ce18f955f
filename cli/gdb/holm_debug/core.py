"""Core files through gdb: of virtual machines, whose memory no ptrace reaches."""

import re
import signal
import struct

import gdb

from holm_debug.memory import AT_ENTRY, AT_NULL, Unreadable, evaluate, first_core, word

REGISTERS = ("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi", "rdi", "orig_rax", "rip", "cs",
             "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs", "gs")  # of struct user_regs_struct
UPCALL_FRAME = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rip",
                "eflags", "vector", "address")  # words of struct holm_upcall_frame (abi/hypercalls.h)
RING0_EXCEPTION_PAGE, RING0_SERVICE_STACK_TOP, RING0_UPCALL_STACK = 0x3000, 0x3000, 0x1708  # virtio/x86_64/ring0_layout.h
UPCALL_STACK = 64 * 1024  # kernel/platform/virtio/boot.cpp
SIGNAL_OF_VECTOR = {0: signal.SIGFPE, 1: signal.SIGTRAP, 3: signal.SIGTRAP, 6: signal.SIGILL}  # what Linux makes of them
PAGE = 4096
NT_PRSTATUS, NT_FPREGSET, NT_PRPSINFO, NT_AUXV = 1, 2, 3, 6
UPCALL_FRAME_BYTES = 8 * len(UPCALL_FRAME)
FXSAVE_BYTES = 512


def ring0_caller():
    """Of a machine of QEMU that sleeps, or is being switched off: the registers of what called that service of ring 0."""
    try:
        exceptions = int(gdb.parse_and_eval("(unsigned long)holm_virtio_exceptions"))
    except gdb.error:  # an image without that platform
        return {}
    if exceptions == 0 or int(evaluate("(long)$cs")) & 3 != 0:
        return {}
    caller = exceptions + RING0_SERVICE_STACK_TOP - RING0_EXCEPTION_PAGE - 40
    return {name: word(caller + 8 * i) for i, name in enumerate(("rip", "cs", "eflags", "rsp", "ss"))}


def vector_registers(frame):
    """x87 and SSE registers as FXSAVE writes them (Intel SDM vol. 1, table 10-2); zero where gdb knows none."""
    area = bytearray(FXSAVE_BYTES)

    def put(layout, offset, name, change=int):
        try:
            struct.pack_into(layout, area, offset, change(frame.read_register(name)))
        except (ValueError, gdb.error):
            pass

    put("<H", 0, "fctrl")
    put("<H", 2, "fstat")
    # Two bits a register in gdb, one here: not empty.
    put("<B", 4, "ftag", lambda tags: sum(1 << i for i in range(8) if int(tags) >> 2 * i & 3 != 3))
    put("<I", 24, "mxcsr")
    for number in range(16):
        for half in range(2):
            put("<Q", 160 + 16 * number + 8 * half, f"xmm{number}",
                lambda value, half=half: int(value["v2_int64"][half]) & (1 << 64) - 1)
    for number in range(8):
        raw = re.search(r"\(raw 0x([0-9a-f]+)\)", gdb.execute(f"info registers st{number}", to_string=True))
        if raw:
            area[32 + 16 * number:42 + 16 * number] = int(raw.group(1), 16).to_bytes(10, "little")
    return bytes(area)


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
                pages = sorted((start & -PAGE, (start + size + PAGE - 1 & -PAGE) - (start & -PAGE)) for start, size in regions if size > 0)
                written = self.write(file, self.notes(*(self.cause() if ended else (0, ring0_caller(), None))), pages)
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
        """The signal that stands for a panic, and the registers of the code that caused it: the general ones, and FXSAVE's
        or None. After an exception x86_64/upcall.S has put them at the top of the upcall's stack, on which it has ended then."""
        exceptions = int(evaluate("(unsigned long)holm_virtio_exceptions"))
        registers = ring0_caller()
        top = word(exceptions + RING0_UPCALL_STACK - RING0_EXCEPTION_PAGE)
        if not top - UPCALL_STACK <= registers.get("rsp", int(evaluate("(long)$rsp"))) < top:
            return signal.SIGABRT, registers, None
        frame = top - UPCALL_FRAME_BYTES
        values = registers | {name: word(frame + 8 * i) for i, name in enumerate(UPCALL_FRAME)}
        vectors = bytes(gdb.selected_inferior().read_memory(frame - FXSAVE_BYTES & -16, FXSAVE_BYTES))
        return SIGNAL_OF_VECTOR.get(values["vector"] & 0xffffffff, signal.SIGSEGV), values, vectors

    @staticmethod
    def notes(signal_number, registers, vectors):
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
                        for kind, content in ((NT_PRPSINFO, name), (NT_AUXV, auxiliary), (NT_PRSTATUS, status),
                                              (NT_FPREGSET, vectors or vector_registers(frame))))
