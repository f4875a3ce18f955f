// Looks up its arguments and prints the addresses, and what the resolver has counted.

#include <cstdio>

#include <arpa/inet.h>
#include <holm/net.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace {

bool look_up(const char* name) {
    std::printf("name: %s\n", name);
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(name, "80", &hints, &found);
    if (error != 0) {
        std::printf("error: %s\n", gai_strerror(error));
        return false;
    }
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        char text[INET6_ADDRSTRLEN];
        const void* address = &reinterpret_cast<const sockaddr_in*>(entry->ai_addr)->sin_addr;
        if (entry->ai_family == AF_INET6)
            address = &reinterpret_cast<const sockaddr_in6*>(entry->ai_addr)->sin6_addr;
        std::printf("address: %s\n", inet_ntop(entry->ai_family, address, text, sizeof(text)));
    }
    freeaddrinfo(found);
    return true;
}

}  // namespace

int main(int count, char** arguments) {
    bool all = true;
    for (int i = 1; i < count; ++i) all &= look_up(arguments[i]);
    const auto& counted = holm::network().resolver().counters();
    std::printf(
        "counted: asked=%llu ignored=%llu streams=%llu failed=%llu\n",
        static_cast<unsigned long long>(counted.asked), static_cast<unsigned long long>(counted.ignored),
        static_cast<unsigned long long>(counted.streams), static_cast<unsigned long long>(counted.failed));
    return all ? 0 : 1;
}
