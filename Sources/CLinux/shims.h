// The Linux calls that Swift's Glibc module lacks or types awkwardly, as inline functions.
//
// Every call answers its result, or the negated errno: the caller reads one value, and errno is never read late.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// <fcntl.h> and <sched.h> declare these only where _GNU_SOURCE was set before the C library's first header, which a
// Clang module cannot promise.
extern ssize_t splice(int in, int64_t *in_offset, int out, int64_t *out_offset, size_t count, unsigned flags);
extern int pipe2(int descriptors[2], int flags);
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);
extern int pthread_setname_np(pthread_t thread, const char *name);
extern char *strchrnul(const char *text, int character);

#define CLX_RESULT(call) ({ __typeof__(call) result_ = (call); result_ < 0 ? -errno : result_; })

// ---- addresses -----------------------------------------------------------------------------------------------------

/// An IPv4 or IPv6 address and port: the 16 address bytes as two words in network order (IPv4 in the first four).
struct clx_address {
    uint64_t high, low;
    uint32_t scope;
    uint16_t port;
    uint8_t is_v6;
};

static inline socklen_t clx_pack(struct clx_address from, struct sockaddr_storage *to) {
    memset(to, 0, sizeof *to);
    if (from.is_v6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(from.port);
        v6->sin6_scope_id = from.scope;
        memcpy(&v6->sin6_addr, &from.high, 8);
        memcpy((char *)&v6->sin6_addr + 8, &from.low, 8);
        return sizeof *v6;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)to;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(from.port);
    memcpy(&v4->sin_addr, &from.high, 4);
    return sizeof *v4;
}

/// An IPv4-mapped IPv6 address as the IPv4 address it is; any other unchanged.
static inline struct clx_address clx_unmapped(struct clx_address address) {
    static const unsigned char prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (!address.is_v6 || address.high != 0 || memcmp((const char *)&address.low, prefix + 8, 4) != 0) return address;
    struct clx_address v4 = {.port = address.port};
    memcpy(&v4.high, (const char *)&address.low + 4, 4);
    return v4;
}

/// IPv4-mapped IPv6 addresses, which a dual-stack listener reports, come out as the IPv4 addresses they are.
static inline struct clx_address clx_unpack(const struct sockaddr_storage *from) {
    struct clx_address to = {0};
    if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
        to.port = ntohs(v6->sin6_port);
        to.is_v6 = 1;
        to.scope = v6->sin6_scope_id;
        memcpy(&to.high, &v6->sin6_addr, 8);
        memcpy(&to.low, (const char *)&v6->sin6_addr + 8, 8);
        to = clx_unmapped(to);
    } else if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
        to.port = ntohs(v4->sin_port);
        memcpy(&to.high, &v4->sin_addr, 4);
    }
    return to;
}

/// 1 and the address bytes in `to` where `text` is an IPv4 (or IPv6) literal, else 0.
static inline int clx_parse_address(const char *text, struct clx_address *to) {
    struct in6_addr bytes6;
    struct in_addr bytes4;
    memset(to, 0, sizeof *to);
    if (inet_pton(AF_INET, text, &bytes4) == 1) {
        memcpy(&to->high, &bytes4, 4);
        return 1;
    }
    if (inet_pton(AF_INET6, text, &bytes6) == 1) {
        to->is_v6 = 1;
        memcpy(&to->high, &bytes6, 8);
        memcpy(&to->low, (const char *)&bytes6 + 8, 8);
        return 1;
    }
    return 0;
}

/// Writes the address without its port (RFC 5952 for IPv6) and answers the length. `to` has INET6_ADDRSTRLEN bytes.
static inline size_t clx_format_address(struct clx_address from, char *to) {
    unsigned char bytes[16];
    memcpy(bytes, &from.high, 8);
    memcpy(bytes + 8, &from.low, 8);
    if (from.is_v6) {
        inet_ntop(AF_INET6, bytes, to, INET6_ADDRSTRLEN);
        return strlen(to);
    }
    // By hand, because it is written into every request, and inet_ntop goes through printf.
    char *end = to;
    for (int i = 0; i < 4; i++) {
        if (i > 0) *end++ = '.';
        if (bytes[i] >= 100) *end++ = (char)('0' + bytes[i] / 100);
        if (bytes[i] >= 10) *end++ = (char)('0' + bytes[i] / 10 % 10);
        *end++ = (char)('0' + bytes[i] % 10);
    }
    return (size_t)(end - to);
}

// ---- sockets -------------------------------------------------------------------------------------------------------

static inline int clx_socket(int is_v6, int type) {
    return CLX_RESULT(socket(is_v6 ? AF_INET6 : AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

static inline int clx_set_option(int descriptor, int level, int name, int value) {
    return CLX_RESULT(setsockopt(descriptor, level, name, &value, sizeof value));
}

static inline int clx_get_option(int descriptor, int level, int name) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(descriptor, level, name, &value, &length) < 0 ? -errno : value;
}

static inline int clx_bind(int descriptor, struct clx_address address) {
    struct sockaddr_storage storage;
    socklen_t length = clx_pack(address, &storage);
    return CLX_RESULT(bind(descriptor, (struct sockaddr *)&storage, length));
}

static inline int clx_listen(int descriptor, int backlog) { return CLX_RESULT(listen(descriptor, backlog)); }

static inline int clx_connect(int descriptor, struct clx_address address) {
    struct sockaddr_storage storage;
    socklen_t length = clx_pack(address, &storage);
    return CLX_RESULT(connect(descriptor, (struct sockaddr *)&storage, length));
}

static inline int clx_accept(int descriptor, struct clx_address *peer) {
    struct sockaddr_storage storage;
    socklen_t length = sizeof storage;
    int accepted = accept4(descriptor, (struct sockaddr *)&storage, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) return -errno;
    *peer = clx_unpack(&storage);
    return accepted;
}

static inline struct clx_address clx_local_address(int descriptor) {
    struct sockaddr_storage storage = {0};
    socklen_t length = sizeof storage;
    getsockname(descriptor, (struct sockaddr *)&storage, &length);
    return clx_unpack(&storage);
}

static inline ssize_t clx_receive(int descriptor, void *to, size_t count) {
    return CLX_RESULT(recv(descriptor, to, count, 0));
}

static inline ssize_t clx_has_input(int descriptor) {
    char byte;
    return CLX_RESULT(recv(descriptor, &byte, 1, MSG_PEEK));
}

static inline ssize_t clx_send(int descriptor, const void *from, size_t count) {
    return CLX_RESULT(send(descriptor, from, count, MSG_NOSIGNAL));
}

static inline ssize_t clx_send_two(
    int descriptor, const void *first, size_t first_count, const void *second, size_t second_count) {
    struct iovec parts[2] = {{(void *)first, first_count}, {(void *)second, second_count}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return CLX_RESULT(sendmsg(descriptor, &message, MSG_NOSIGNAL));
}

static inline int clx_shutdown_sending(int descriptor) { return CLX_RESULT(shutdown(descriptor, SHUT_WR)); }
extern char **environ;

/* `NAME=VALUE` texts behind one another, and NULL (environ(7)). */
static inline char **clx_environment(void) { return environ; }

static inline int clx_close(int descriptor) { return CLX_RESULT(close(descriptor)); }

/// Bytes that the peer has not acknowledged yet (SIOCOUTQ, tcp(7)).
static inline int clx_unsent_count(int descriptor) {
    int count = 0;
    return ioctl(descriptor, SIOCOUTQ, &count) < 0 ? -errno : count;
}

/// Makes the close of the socket a reset (SO_LINGER with time 0, socket(7)).
static inline int clx_reset_on_close(int descriptor) {
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    return CLX_RESULT(setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset));
}

static inline ssize_t clx_splice(int in, int out, size_t count) {
    return CLX_RESULT(splice(in, NULL, out, NULL, count, 1 | 2 /* SPLICE_F_MOVE | SPLICE_F_NONBLOCK, splice(2) */));
}

struct clx_pipe { int reading, writing; };

/// A non-blocking pipe of at least `capacity` bytes where the system allows it; `reading` is the negated errno on failure.
static inline struct clx_pipe clx_pipe_open(int capacity) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0) return (struct clx_pipe){-errno, -1};
    fcntl(ends[1], 1031 /* F_SETPIPE_SZ */, capacity);
    return (struct clx_pipe){ends[0], ends[1]};
}

// ---- files ---------------------------------------------------------------------------------------------------------

/// What is known of an open file (fstat(2)).
struct clx_file {
    int64_t size;
    int64_t modified_seconds, modified_nanoseconds;
    int64_t changed_seconds, changed_nanoseconds;
    uint64_t inode, device;
    uint8_t is_regular, is_directory;
};

static inline int clx_file_status(int descriptor, struct clx_file *to) {
    struct stat status;
    if (fstat(descriptor, &status) < 0) return -errno;
    *to = (struct clx_file){
        .size = status.st_size,
        .modified_seconds = status.st_mtim.tv_sec,
        .modified_nanoseconds = status.st_mtim.tv_nsec,
        .changed_seconds = status.st_ctim.tv_sec,
        .changed_nanoseconds = status.st_ctim.tv_nsec,
        .inode = status.st_ino,
        .device = status.st_dev,
        .is_regular = S_ISREG(status.st_mode),
        .is_directory = S_ISDIR(status.st_mode),
    };
    return 0;
}

/// A directory as a place to open files from; nothing can be read of it itself (O_PATH, open(2)).
static inline int clx_open_root(const char *path) {
    return CLX_RESULT(open(path, 010000000 /* O_PATH */ | O_DIRECTORY | O_CLOEXEC));
}

// A FIFO or a device must not hold up the thread that finds it in the place of a file.
#define CLX_OPEN_FILE (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/// Opens for reading what `path` names below the directory `root`. The kernel follows symbolic links, and refuses with
/// EXDEV whatever would lead out of it (openat2(2), Linux 5.6).
static inline int clx_open_beneath(int root, const char *path) {
    struct open_how how = {.flags = CLX_OPEN_FILE, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    return (int)CLX_RESULT(syscall(437 /* SYS_openat2 */, root, path, &how, sizeof how));
}

/// The same for kernels without openat2(2), name by name. Symbolic links are refused with ELOOP or ENOTDIR, and `..` with
/// EXDEV.
static inline int clx_open_stepwise(int root, const char *path) {
    int directory = root;
    for (;;) {
        const char *end = strchrnul(path, '/');
        char name[256];
        size_t length = (size_t)(end - path);
        int opened;
        if (length >= sizeof name) {
            opened = -ENAMETOOLONG;
        } else if (length == 2 && path[0] == '.' && path[1] == '.') {
            opened = -EXDEV;
        } else {
            memcpy(name, path, length);
            name[length] = 0;
            int flags = *end ? 010000000 | O_DIRECTORY | O_CLOEXEC : CLX_OPEN_FILE;
            opened = CLX_RESULT(openat(directory, name, flags | O_NOFOLLOW));
        }
        if (directory != root) close(directory);
        if (opened < 0 || !*end) return opened;
        directory = opened;
        path = end + 1;
    }
}

static inline ssize_t clx_read_at(int descriptor, void *to, size_t count, int64_t offset) {
    return CLX_RESULT(pread(descriptor, to, count, offset));
}

static inline ssize_t clx_send_file(int descriptor, int file, int64_t offset, size_t count) {
    return CLX_RESULT(sendfile(descriptor, file, &offset, count));
}

/// More follows at once: what does not fill a packet waits for it (MSG_MORE, send(2)).
static inline ssize_t clx_send_with_more(int descriptor, const void *from, size_t count) {
    return CLX_RESULT(send(descriptor, from, count, MSG_NOSIGNAL | MSG_MORE));
}

// ---- epoll, wake-ups, signals ----------------------------------------------------------------------------------------

static inline int clx_epoll_create(void) { return CLX_RESULT(epoll_create1(EPOLL_CLOEXEC)); }

static inline int clx_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return CLX_RESULT(epoll_ctl(epoll, operation, descriptor, &event));
}

static inline int clx_epoll_wait(int epoll, void *events, int count, int timeout_milliseconds) {
    return CLX_RESULT(epoll_wait(epoll, (struct epoll_event *)events, count, timeout_milliseconds));
}

static inline size_t clx_epoll_event_size(void) { return sizeof(struct epoll_event); }
static inline uint32_t clx_epoll_events(const void *events, int index) {
    return ((const struct epoll_event *)events)[index].events;
}
static inline uint64_t clx_epoll_token(const void *events, int index) {
    return ((const struct epoll_event *)events)[index].data.u64;
}

static inline int clx_eventfd(void) { return CLX_RESULT(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }
static inline void clx_eventfd_signal(int descriptor) {
    uint64_t one = 1;
    ssize_t ignored = write(descriptor, &one, sizeof one);
    (void)ignored;
}
static inline void clx_eventfd_clear(int descriptor) {
    uint64_t count;
    ssize_t ignored = read(descriptor, &count, sizeof count);
    (void)ignored;
}

/// A write to a pipe or socket that nobody reads then answers EPIPE instead of ending the process (signal(7)).
static inline void clx_ignore_sigpipe(void) { signal(SIGPIPE, SIG_IGN); }

/// Blocks SIGTERM, SIGINT and SIGHUP for the process's threads to come and answers a signalfd that reports them.
static inline int clx_signalfd(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return CLX_RESULT(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

/// The number of the next signal, or the negated errno.
static inline int clx_signalfd_next(int descriptor) {
    struct signalfd_siginfo info;
    return read(descriptor, &info, sizeof info) < 0 ? -errno : (int)info.ssi_signo;
}

static inline ssize_t clx_read(int descriptor, void *to, size_t count) { return CLX_RESULT(read(descriptor, to, count)); }
static inline ssize_t clx_write(int descriptor, const void *from, size_t count) {
    return CLX_RESULT(write(descriptor, from, count));
}

// ---- files that change ----------------------------------------------------------------------------------------------

static inline int clx_inotify(void) { return CLX_RESULT(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)); }

/// Reports the events of `mask` at the inode that `path` leads to (inotify(7)); answers the number of the watch, which is
/// the same for the same inode.
static inline int clx_inotify_add(int inotify, const char *path, uint32_t mask) {
    return CLX_RESULT(inotify_add_watch(inotify, path, mask));
}

static inline int clx_inotify_remove(int inotify, int watch) { return CLX_RESULT(inotify_rm_watch(inotify, watch)); }

/// One event of a buffer that was read.
struct clx_file_event {
    int watch;
    uint32_t mask;
    /// Of the directory's entry, with a zero behind it; empty where the event is the watched inode's own.
    const char *name;
    /// Where the next event begins.
    size_t end;
};

static inline struct clx_file_event clx_file_event_at(const void *buffer, size_t offset) {
    const struct inotify_event *event = (const struct inotify_event *)((const char *)buffer + offset);
    return (struct clx_file_event){
        event->wd, event->mask, event->len > 0 ? event->name : "", offset + sizeof *event + event->len};
}

// ---- process -------------------------------------------------------------------------------------------------------

/// Nanoseconds of CLOCK_MONOTONIC (clock_gettime(2)).
static inline int64_t clx_monotonic_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static inline int64_t clx_realtime_seconds(void) { return (int64_t)time(NULL); }

static inline int64_t clx_realtime_milliseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/// Opens a file for appending, and makes it where it is missing.
static inline int clx_open_for_appending(const char *path) {
    return CLX_RESULT(open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
}

/// CPUs that this process may run on (sched_getaffinity(2)).
static inline int clx_cpus_allowed(void) {
    unsigned long mask[128];
    memset(mask, 0, sizeof mask);
    extern int sched_getaffinity(pid_t, size_t, cpu_set_t *);
    if (sched_getaffinity(0, sizeof mask, (cpu_set_t *)mask) != 0) return 1;
    int count = 0;
    for (size_t i = 0; i < sizeof mask / sizeof mask[0]; i++) count += __builtin_popcountl(mask[i]);
    return count > 0 ? count : 1;
}

/// Raises the soft limit of open files to the hard one and answers it (getrlimit(2)).
static inline long clx_open_files_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur > 1048576 ? 1048576 : (long)limit.rlim_cur;
}

/// Waits until the descriptor can be read (or written); a negative time-out waits without end (poll(2)).
static inline int clx_wait(int descriptor, int for_reading, int timeout_milliseconds) {
    struct pollfd watched = {.fd = descriptor, .events = for_reading ? POLLIN : POLLOUT};
    return CLX_RESULT(poll(&watched, 1, timeout_milliseconds));
}

static inline void clx_sleep_milliseconds(int milliseconds) {
    struct timespec time = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};
    nanosleep(&time, NULL);
}

static inline void clx_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

static inline uint64_t clx_random(void) {
    uint64_t value = 0;
    ssize_t ignored = getrandom(&value, sizeof value, 0);
    (void)ignored;
    return value;
}

/// `count` bytes of zeroed address space that use memory only where they are touched, or NULL (mmap(2)).
static inline void *clx_reserve(size_t count) {
    void *memory = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}
static inline void clx_release(void *memory, size_t count) { munmap(memory, count); }
