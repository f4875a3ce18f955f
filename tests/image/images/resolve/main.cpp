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
        if (entry->ai_family != AF_INET) continue;
        char text[INET_ADDRSTRLEN];
        const auto* address = reinterpret_cast<const sockaddr_in*>(entry->ai_addr);
        std::printf("address: %s\n", inet_ntop(AF_INET, &address->sin_addr, text, sizeof(text)));
    }
    freeaddrinfo(found);
    return 0;
}
