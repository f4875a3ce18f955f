// The calls that would change the tree: it is part of the sealed image.

#include "kernel/posix/system_call.h"

#define READ_ONLY(name) \
    SYSTEM_CALL(name) { \
        return -EROFS;  \
    }

READ_ONLY(mkdir)
READ_ONLY(mkdirat)
READ_ONLY(unlink)
READ_ONLY(unlinkat)
READ_ONLY(rmdir)
READ_ONLY(rename)
READ_ONLY(renameat)
READ_ONLY(renameat2)
READ_ONLY(link)
READ_ONLY(linkat)
READ_ONLY(symlink)
READ_ONLY(symlinkat)
READ_ONLY(chmod)
READ_ONLY(fchmodat)
READ_ONLY(truncate)
READ_ONLY(ftruncate)
READ_ONLY(utimensat)
