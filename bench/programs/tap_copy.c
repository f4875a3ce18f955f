/* tap_copy A B: what comes out of tap A goes into tap B, as it is: the least that a router between two taps costs.
 * Reads until A is empty, 64 frames at most, then writes them, as the library OS does (kernel/drivers/net). */

#define _GNU_SOURCE

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { kBurst = 64, kRoom = 2048 };

static int open_tap(const char* name) {
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    const int header = 12;
    const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0 || ioctl(fd, TUNSETVNETHDRSZ, &header) != 0) {
        perror(name);
        return -1;
    }
    return fd;
}

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const int from = open_tap(argv[1]), to = open_tap(argv[2]);
    if (from < 0 || to < 0) return 1;
    puts("tap_copy: ready");
    fflush(stdout);
    static unsigned char frames[kBurst][kRoom];
    ssize_t sizes[kBurst];
    for (;;) {
        int count = 0;
        while (count < kBurst && (sizes[count] = read(from, frames[count], kRoom)) > 0) ++count;
        for (int i = 0; i < count; ++i)
            if (write(to, frames[i], (size_t)sizes[i]) < 0) continue; /* lost, as a router may lose it */
        struct pollfd wait = {from, POLLIN, 0};
        if (count < kBurst && poll(&wait, 1, -1) < 0) return 1;
    }
}
