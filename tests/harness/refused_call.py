"""A process that the kernel refuses one system call, as other kernels and filesystems would."""

import ctypes

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW = 0x00050000, 0x7FFF0000
LOAD_WORD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K
FLOCK, RENAMEAT2 = 73, 316  # of x86-64, the one architecture that the product runs on


class Instruction(ctypes.Structure):
    """struct sock_filter"""

    _fields_ = [("code", ctypes.c_ushort), ("if_true", ctypes.c_ubyte), ("if_false", ctypes.c_ubyte), ("value", ctypes.c_uint)]


class Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(Instruction))]


def without_call(number: int, error: int):
    """A preexec_fn for subprocess: system call `number` answers `error` from there on."""
    instructions = (Instruction * 4)(
        Instruction(LOAD_WORD, 0, 0, 0),  # the number of the call
        Instruction(JUMP_IF_EQUAL, 0, 1, number),
        Instruction(RETURN, 0, 0, SECCOMP_RET_ERRNO | error),
        Instruction(RETURN, 0, 0, SECCOMP_RET_ALLOW))
    program = Program(len(instructions), instructions)
    libc = ctypes.CDLL(None, use_errno=True)

    def enter() -> None:
        for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)):
            if libc.prctl(*arguments) != 0:
                raise OSError(ctypes.get_errno(), "prctl")

    return enter
