"""Where the image lies, and how to come to its first instruction."""

import os
import signal
import struct

import gdb

from holm_debug.memory import AT_ENTRY, auxiliary, evaluate

LARGEST_IMAGE = 64 << 20  # bytes that are searched for its start
ENTRY_OFFSET_IN_ELF_HEADER = 24


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
