// Looks up its argument and prints the addresses.

#include <cstdio>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

int main(int, char** arguments) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(arguments[1], "80", &hints, &found);
    if (error != 0) {
        std::printf("error: %s\n", gai_strerror(error));
        return 1;
    }
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        char text[INET6_ADDRSTRLEN];
        const void* address = &reinterpret_cast<const sockaddr_in*>(entry->ai_addr)->sin_addr;
        if (entry->ai_family == AF_INET6)
            address = &reinterpret_cast<const sockaddr_in6*>(entry->ai_addr)->sin6_addr;
        std::printf("address: %s\n", inet_ntop(entry->ai_family, address, text, sizeof(text)));
    }
    freeaddrinfo(found);
    return 0;
}
