// lwIP (Debian's liblwip) on a tap of its own, as a peer of an image: another stack, with other ideas of
// everything that RFCs leave open (no SACK, no timestamps, its own timers). Usage:
//
//     lwip_peer TAP MAC ADDRESS/4 ADDRESS/6 serve                 HTTP on port 80: GET /N is answered with N
//     bytes lwip_peer TAP MAC ADDRESS/4 ADDRESS/6 echo HOST PORT N      sends N bytes over TCP while it reads
//     them back lwip_peer TAP MAC ADDRESS/4 ADDRESS/6 take HOST PORT N      reads N bytes lwip_peer TAP MAC
//     ADDRESS/4 ADDRESS/6 give HOST PORT N      sends N bytes, then prints what it is answered lwip_peer TAP
//     MAC ADDRESS/4 ADDRESS/6 datagrams HOST PORT   datagrams of many sizes there and back
//
// Byte i of a stream is (i + i / 251) mod 256, as in tests/image/images/bulk. Ends with 0 when every byte was
// right.

#include <fcntl.h>
#include <linux/if_tun.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/mld6.h>
#include <lwip/netif.h>
#include <lwip/sockets.h>
#include <lwip/tcpip.h>
#include <net/if.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { kMtu = 1500, kFrameSize = kMtu + 14, kPiece = 16384 };

static struct netif card;
static int tap = -1;

static _Noreturn void give_up(const char* format, ...) {
    va_list values;
    va_start(values, format);
    fputs("lwip_peer: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    exit(1);
}

// ---- The network card.

static err_t send_frame(struct netif* interface, struct pbuf* packet) {
    (void)interface;
    char frame[kFrameSize];
    const u16_t size = pbuf_copy_partial(packet, frame, sizeof frame, 0);
    return write(tap, frame, size) == size ? ERR_OK : ERR_IF;
}

static err_t set_up_card(struct netif* interface) {
    interface->name[0] = 't';
    interface->name[1] = 'p';
    interface->output = etharp_output;
    interface->output_ip6 = ethip6_output;
    interface->linkoutput = send_frame;
    interface->mtu = kMtu;
    interface->hwaddr_len = ETH_HWADDR_LEN;
    memcpy(interface->hwaddr, interface->state, ETH_HWADDR_LEN);
    interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP |
                       NETIF_FLAG_MLD6 | NETIF_FLAG_LINK_UP;
    return ERR_OK;
}

static void receive_frames(void* unused) {
    (void)unused;
    char frame[kFrameSize];
    for (;;) {
        const ssize_t size = read(tap, frame, sizeof frame);
        if (size < 0) give_up("reading from the tap: %s", strerror(errno));
        // Not PBUF_POOL: of those Debian's library allocates less than it writes.
        struct pbuf* packet = pbuf_alloc(PBUF_RAW, (u16_t)size, PBUF_RAM);
        if (packet == NULL) continue;
        pbuf_take(packet, frame, (u16_t)size);
        if (card.input(packet, &card) != ERR_OK) pbuf_free(packet);
    }
}

static void started(void* semaphore) {
    sys_sem_signal(semaphore);
}

static void start(const char* name, const char* mac_text, const char* address, const char* address6) {
    tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (tap < 0 || ioctl(tap, TUNSETIFF, &request) != 0) give_up("%s: %s", name, strerror(errno));

    static unsigned char mac[ETH_HWADDR_LEN];
    if (sscanf(mac_text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) !=
        ETH_HWADDR_LEN)
        give_up("%s is no MAC address", mac_text);
    sys_sem_t ready;
    sys_sem_new(&ready, 0);
    tcpip_init(started, &ready);
    sys_arch_sem_wait(&ready, 0);

    ip4_addr_t own, mask, none;
    ip6_addr_t own6;
    if (!ip4addr_aton(address, &own) || !ip6addr_aton(address6, &own6))
        give_up("%s, %s: addresses?", address, address6);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    ip4_addr_set_zero(&none);
    LOCK_TCPIP_CORE();
    if (netif_add(&card, &own, &mask, &none, mac, set_up_card, tcpip_input) == NULL) give_up("netif_add");
    netif_create_ip6_linklocal_address(&card, 1);
    netif_add_ip6_address(&card, &own6, NULL);
    for (s8_t i = 0; i < 2; ++i) netif_ip6_addr_set_state(&card, i, IP6_ADDR_PREFERRED);
    netif_set_default(&card);
    netif_set_up(&card);
    UNLOCK_TCPIP_CORE();
    sys_thread_new("card", receive_frames, NULL, 0, 0);
}

// ---- Streams.

static unsigned char byte_at(size_t i) {
    return (unsigned char)(i + i / 251);
}

static void fill(unsigned char* piece, size_t from, size_t size) {
    for (size_t i = 0; i < size; ++i) piece[i] = byte_at(from + i);
}

static void send_all(int stream, const void* data, size_t size) {
    for (size_t at = 0; at < size;) {
        const ssize_t sent = lwip_send(stream, (const char*)data + at, size - at, 0);
        if (sent <= 0) give_up("sending: %s", strerror(errno));
        at += (size_t)sent;
    }
}

static void send_pattern(int stream, size_t length) {
    unsigned char piece[kPiece];
    for (size_t at = 0; at < length;) {
        const size_t size = length - at < sizeof piece ? length - at : sizeof piece;
        fill(piece, at, size);
        send_all(stream, piece, size);
        at += size;
    }
}

static void receive_pattern(int stream, size_t length) {
    unsigned char piece[kPiece];
    for (size_t at = 0; at < length;) {
        const ssize_t got =
            lwip_recv(stream, piece, length - at < sizeof piece ? length - at : sizeof piece, 0);
        if (got <= 0) give_up("after %zu bytes: %s", at, got == 0 ? "the end" : strerror(errno));
        for (ssize_t i = 0; i < got; ++i)
            if (piece[i] != byte_at(at + (size_t)i)) give_up("byte %zu is wrong", at + (size_t)i);
        at += (size_t)got;
    }
}

static int opened(int kind, const char* host, const char* port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = lwip_htons((u16_t)atoi(port))};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = to.sin_port};
    const int six = strchr(host, ':') != NULL;
    if (lwip_inet_pton(six ? AF_INET6 : AF_INET, host, six ? (void*)&to6.sin6_addr : (void*)&to.sin_addr) !=
        1)
        give_up("%s is no address", host);
    const int made = lwip_socket(six ? AF_INET6 : AF_INET, kind, 0);
    if (made < 0 || lwip_connect(made, six ? (struct sockaddr*)&to6 : (struct sockaddr*)&to,
                                 six ? sizeof to6 : sizeof to) != 0)
        give_up("connecting to %s: %s", host, strerror(errno));
    return made;
}

struct Stream {
    int socket;
    size_t length;
};

static void send_in_thread(void* argument) {
    const struct Stream* stream = argument;
    send_pattern(stream->socket, stream->length);
    lwip_shutdown(stream->socket, SHUT_WR);
}

static void echo(int stream, size_t length) {
    struct Stream both = {stream, length};
    sys_thread_new("sender", send_in_thread, &both, 0, 0);
    receive_pattern(stream, length);
    char more;
    if (lwip_recv(stream, &more, 1, 0) != 0) give_up("no end behind what was echoed");
}

static void give(int stream, size_t length) {
    send_pattern(stream, length);
    lwip_shutdown(stream, SHUT_WR);
    char answer[100];
    for (ssize_t got; (got = lwip_recv(stream, answer, sizeof answer, 0)) > 0;)
        fwrite(answer, 1, (size_t)got, stdout);
}

// Sizes up to several fragments each way. A datagram that is lost is sent again.
static void datagrams(int socket) {
    static const size_t sizes[] = {0, 1, 2, 17, 1000, 1452, 1472, 1473, 4000, 8000};
    static unsigned char sent[8000], got[9000];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        fill(sent, sizes[i], sizes[i]);
        struct pollfd answer = {.fd = socket, .events = POLLIN};
        for (int attempt = 0;; ++attempt) {
            if (attempt == 20) give_up("no echo of a datagram of %zu bytes", sizes[i]);
            lwip_send(socket, sent, sizes[i], 0);
            if (lwip_poll(&answer, 1, 3000) != 1) continue;
            const ssize_t size = lwip_recv(socket, got, sizeof got, 0);
            if (size == (ssize_t)sizes[i] && memcmp(sent, got, sizes[i]) == 0) break;
        }
    }
}

static void answer_request(void* argument) {
    const int stream = (int)(long)argument;
    char request[2000];
    size_t size = 0;
    while (size + 1 < sizeof request) {
        const ssize_t got = lwip_recv(stream, request + size, sizeof request - 1 - size, 0);
        if (got <= 0) break;
        request[size += (size_t)got] = '\0';
        size_t length;
        if (strstr(request, "\r\n\r\n") == NULL) continue;
        if (sscanf(request, "GET /%zu ", &length) != 1) break;
        char head[100];
        const int head_size =
            snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
        send_all(stream, head, (size_t)head_size);
        send_pattern(stream, length);
        size = 0;
    }
    lwip_close(stream);
}

static _Noreturn void serve(void) {
    const int listener = lwip_socket(AF_INET6, SOCK_STREAM, 0);  // of both families
    const struct sockaddr_in6 all = {.sin6_family = AF_INET6, .sin6_port = lwip_htons(80)};
    if (lwip_bind(listener, (const struct sockaddr*)&all, sizeof all) != 0 || lwip_listen(listener, 5) != 0)
        give_up("listening: %s", strerror(errno));
    puts("ready");
    fflush(stdout);
    for (;;) {
        const int stream = lwip_accept(listener, NULL, NULL);
        if (stream < 0) give_up("accepting: %s", strerror(errno));
        sys_thread_new("server", answer_request, (void*)(long)stream, 0, 0);
    }
}

int main(int count, char** words) {
    if (count < 6) give_up("TAP MAC ADDRESS4 ADDRESS6 serve|echo|take|give|datagrams [HOST PORT [N]]");
    start(words[1], words[2], words[3], words[4]);
    const char* what = words[5];
    if (strcmp(what, "serve") == 0) serve();
    if (count < 8) give_up("%s: whom?", what);
    const int peer = opened(strcmp(what, "datagrams") == 0 ? SOCK_DGRAM : SOCK_STREAM, words[6], words[7]);
    const size_t length = count > 8 ? strtoul(words[8], NULL, 10) : 0;
    if (strcmp(what, "echo") == 0)
        echo(peer, length);
    else if (strcmp(what, "take") == 0)
        receive_pattern(peer, length);
    else if (strcmp(what, "give") == 0)
        give(peer, length);
    else if (strcmp(what, "datagrams") == 0)
        datagrams(peer);
    else
        give_up("%s?", what);
    lwip_close(peer);
    fflush(stdout);
    _exit(0);  // lwIP's threads go on for ever
}
