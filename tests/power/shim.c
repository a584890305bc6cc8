/* What a process writes, in the order in which it does, with its bytes: loaded before the C library (LD_PRELOAD).
 *
 * COMITY_RECORD_ROOT names the folder that is watched and COMITY_RECORD_LOG the file that is appended to; recording.py
 * reads it. One lock is held over each call and its line, so the order in the log is the order on the disk. The process
 * itself can speak to it (ctypes): comity_mark() notes what was promised to somebody, comity_full() makes the disk full.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE = 1, TRUNCATE, SYNC, CREATE, RENAME, UNLINK, LINK, MKDIR, RMDIR, MARK, SYMLINK };

struct line {
    uint32_t kind, first, second, data; /* lengths of what follows */
    uint64_t inode, offset;
};

#define MOST 65536
static char watched[MOST];
static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static char root[4096];
static size_t root_length;
static int log_file = -1;
static long until_full = -1; /* growing calls left; -1: room without end */
static char full_prefix[4096];
static long growing_calls;

#define REAL(type, name, ...)                                          \
    static type (*real)(__VA_ARGS__);                                  \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static ssize_t plain_write(int file, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return real(file, data, size);
}

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("COMITY_RECORD_ROOT"), *to = getenv("COMITY_RECORD_LOG");
    if (!where || !to) return;
    snprintf(root, sizeof root, "%s/", where);
    root_length = strlen(root);
    log_file = (int)syscall(257 /* openat: not through our own */, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_file < 0) abort();
}

static void whole(const void *data, size_t size) {
    const char *at = data;
    while (size) {
        ssize_t done = plain_write(log_file, at, size);
        if (done <= 0) abort(); /* a log with a hole would prove anything */
        at += done, size -= (size_t)done;
    }
}

static void note(uint32_t kind, uint64_t inode, uint64_t offset, const char *first, const char *second,
                 const void *data, size_t size) {
    struct line line = {kind, first ? (uint32_t)strlen(first) : 0, second ? (uint32_t)strlen(second) : 0,
                        (uint32_t)size, inode, offset};
    if (log_file < 0) return;
    whole(&line, sizeof line);
    if (first) whole(first, line.first);
    if (second) whole(second, line.second);
    if (size) whole(data, size);
}

static int inside(const char *path) { return log_file >= 0 && strncmp(path, root, root_length) == 0; }

/* Make a path whole; `at` is the folder that it is relative to. */
static const char *resolved(int at, const char *path, char *into) {
    char place[64];
    ssize_t length;
    if (path[0] == '/') return path;
    if (at == AT_FDCWD) {
        if (!getcwd(into, 4096)) return path;
        length = (ssize_t)strlen(into);
    } else {
        snprintf(place, sizeof place, "/proc/self/fd/%d", at);
        length = readlink(place, into, 4095);
        if (length < 0) return path;
    }
    snprintf(into + length, (size_t)(4096 - length), "/%s", path);
    return into;
}

static uint64_t inode_of(int file) {
    struct stat found;
    return fstat(file, &found) ? 0 : found.st_ino;
}

/* Count a call that needs room; true when there is none. */
static int no_room(const char *path) {
    char name[64], found[4096];
    if (!path) return 0;
    if (path[0] != '/') { /* a file's number */
        snprintf(name, sizeof name, "/proc/self/fd/%s", path);
        ssize_t length = readlink(name, found, sizeof found - 1);
        if (length < 0) return 0;
        found[length] = 0;
        path = found;
    }
    if (!full_prefix[0] || strncmp(path, full_prefix, strlen(full_prefix))) return 0;
    growing_calls++;
    if (until_full < 0) return 0;
    if (until_full > 0) return until_full--, 0;
    errno = ENOSPC;
    return 1;
}

static int file_has_no_room(int file) {
    char number[16];
    snprintf(number, sizeof number, "%d", file);
    return no_room(number);
}

static int is_watched(int file) { return file >= 0 && file < MOST && watched[file]; }

/* ------------------------------------------------------------------------------------------- to be called by name */

void comity_mark(const char *text) {
    pthread_mutex_lock(&lock);
    note(MARK, 0, 0, text, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
}

/* After `calls` more calls that need room under `prefix` there is none; -1: there is room again. */
long comity_full(const char *prefix, long calls) {
    pthread_mutex_lock(&lock);
    long before = growing_calls;
    snprintf(full_prefix, sizeof full_prefix, "%s", prefix);
    growing_calls = 0;
    until_full = calls;
    pthread_mutex_unlock(&lock);
    return before;
}

/* ----------------------------------------------------------------------------------------------------- what is wrapped */

static int opening(int at, const char *path, int flags, mode_t mode) {
    REAL(int, "openat64", int, const char *, int, ...);
    char into[4096];
    struct stat before;
    const char *name = resolved(at, path, into);
    if (!inside(name)) return real(at, path, flags, mode);
    pthread_mutex_lock(&lock);
    int absent = (flags & O_CREAT) && lstat(name, &before) != 0;
    int file = absent && no_room(name) ? -1 : real(at, path, flags, mode);
    if (file >= 0 && file < MOST) {
        size_t length = strlen(name);
        /* SQLite's index of its log is made anew after a crash. */
        watched[file] = !(length > 4 && strcmp(name + length - 4, "-shm") == 0);
        if (watched[file] && absent) note(CREATE, inode_of(file), 0, name, NULL, NULL, 0);
        if (watched[file] && !absent && (flags & O_TRUNC)) note(TRUNCATE, inode_of(file), 0, NULL, NULL, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    return file;
}

#define MODE                           \
    mode_t mode = 0;                   \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list rest;                  \
        va_start(rest, flags);         \
        mode = va_arg(rest, mode_t);   \
        va_end(rest);                  \
    }

int open(const char *path, int flags, ...) { MODE return opening(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return opening(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE return opening(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE return opening(at, path, flags, mode); }
int __open_2(const char *path, int flags) { return opening(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opening(AT_FDCWD, path, flags, 0); }
int __openat_2(int at, const char *path, int flags) { return opening(at, path, flags, 0); }
int __openat64_2(int at, const char *path, int flags) { return opening(at, path, flags, 0); }

int close(int file) {
    REAL(int, "close", int);
    if (file == log_file && log_file >= 0) return 0;
    if (file >= 0 && file < MOST) watched[file] = 0;
    return real(file);
}

ssize_t write(int file, const void *data, size_t size) {
    if (!is_watched(file)) return plain_write(file, data, size);
    pthread_mutex_lock(&lock);
    ssize_t done = -1;
    if (!file_has_no_room(file)) {
        off_t at = (fcntl(file, F_GETFL) & O_APPEND) ? lseek(file, 0, SEEK_END) : lseek(file, 0, SEEK_CUR);
        done = plain_write(file, data, size);
        if (done > 0) note(WRITE, inode_of(file), (uint64_t)at, NULL, NULL, data, (size_t)done);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    if (!is_watched(file)) return real(file, data, size, at);
    pthread_mutex_lock(&lock);
    ssize_t done = file_has_no_room(file) ? -1 : real(file, data, size, at);
    if (done > 0) note(WRITE, inode_of(file), (uint64_t)at, NULL, NULL, data, (size_t)done);
    pthread_mutex_unlock(&lock);
    return done;
}
ssize_t pwrite(int file, const void *data, size_t size, off_t at) { return pwrite64(file, data, size, at); }

int ftruncate64(int file, off64_t size) {
    REAL(int, "ftruncate64", int, off64_t);
    if (!is_watched(file)) return real(file, size);
    pthread_mutex_lock(&lock);
    int failed = real(file, size);
    if (!failed) note(TRUNCATE, inode_of(file), (uint64_t)size, NULL, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    return failed;
}
int ftruncate(int file, off_t size) { return ftruncate64(file, size); }

static int syncing(int file, int (*how)(int)) {
    if (!is_watched(file)) return how(file);
    /* Only the record of it counts: the disk under a test need not be waited for. */
    pthread_mutex_lock(&lock);
    note(SYNC, inode_of(file), 0, NULL, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    return 0;
}
int fsync(int file) {
    REAL(int, "fsync", int);
    return syncing(file, real);
}
int fdatasync(int file) {
    REAL(int, "fdatasync", int);
    return syncing(file, real);
}

static int moving(uint32_t kind, int at, const char *path, int to, const char *name, int flags) {
    REAL(int, "renameat", int, const char *, int, const char *);
    static int (*tie)(int, const char *, int, const char *, int);
    if (!tie) tie = (int (*)(int, const char *, int, const char *, int))dlsym(RTLD_NEXT, "linkat");
    char one[4096], other[4096];
    const char *from = resolved(at, path, one), *into = resolved(to, name, other);
    pthread_mutex_lock(&lock);
    int tracked = inside(from) && inside(into);
    int failed = kind == RENAME ? real(at, path, to, name) : tie(at, path, to, name, flags);
    if (!failed && tracked) note(kind, 0, 0, from, into, NULL, 0);
    pthread_mutex_unlock(&lock);
    return failed;
}
int rename(const char *path, const char *name) { return moving(RENAME, AT_FDCWD, path, AT_FDCWD, name, 0); }
int renameat(int at, const char *path, int to, const char *name) { return moving(RENAME, at, path, to, name, 0); }
int link(const char *path, const char *name) { return moving(LINK, AT_FDCWD, path, AT_FDCWD, name, 0); }
int linkat(int at, const char *path, int to, const char *name, int flags) { return moving(LINK, at, path, to, name, flags); }

int symlink(const char *target, const char *path) {
    REAL(int, "symlink", const char *, const char *);
    char into[4096];
    const char *name = resolved(AT_FDCWD, path, into);
    if (!inside(name)) return real(target, path);
    pthread_mutex_lock(&lock);
    int failed = real(target, path);
    if (!failed) note(SYMLINK, 0, 0, name, target, NULL, 0);
    pthread_mutex_unlock(&lock);
    return failed;
}

static int removing(int at, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    char into[4096];
    const char *name = resolved(at, path, into);
    if (!inside(name)) return real(at, path, flags);
    pthread_mutex_lock(&lock);
    int failed = real(at, path, flags);
    if (!failed) note(flags & AT_REMOVEDIR ? RMDIR : UNLINK, 0, 0, name, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    return failed;
}
int unlink(const char *path) { return removing(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return removing(at, path, flags); }
int rmdir(const char *path) { return removing(AT_FDCWD, path, AT_REMOVEDIR); }

int mkdirat(int at, const char *path, mode_t mode) {
    REAL(int, "mkdirat", int, const char *, mode_t);
    char into[4096];
    const char *name = resolved(at, path, into);
    if (!inside(name)) return real(at, path, mode);
    struct stat found;
    pthread_mutex_lock(&lock);
    int failed = no_room(name) ? -1 : real(at, path, mode);
    if (!failed) note(MKDIR, stat(name, &found) ? 0 : found.st_ino, 0, name, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    return failed;
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
