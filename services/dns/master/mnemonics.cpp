#include "services/dns/master/mnemonics.h"

namespace holm::dns {

namespace {

constexpr Mnemonic kAlgorithms[] = {
    {"RSAMD5", 1},
    {"DH", 2},
    {"DSA", 3},
    {"RSASHA1", 5},
    {"DSA-NSEC3-SHA1", 6},
    {"RSASHA1-NSEC3-SHA1", 7},
    {"RSASHA256", 8},
    {"RSASHA512", 10},
    {"ECC-GOST", 12},
    {"ECDSAP256SHA256", 13},
    {"ECDSAP384SHA384", 14},
    {"ED25519", 15},
    {"ED448", 16},
    {"PRIVATEDNS", 253},
    {"PRIVATEOID", 254},
};
constexpr Mnemonic kCertificates[] = {
    {"PKIX", 1}, {"SPKI", 2},   {"PGP", 3},     {"IPKIX", 4}, {"ISPKI", 5},
    {"IPGP", 6}, {"ACPKIX", 7}, {"IACPKIX", 8}, {"URI", 253}, {"OID", 254},
};
constexpr Mnemonic kProtocols[] = {{"ICMP", 1}, {"TCP", 6}, {"UDP", 17}};
constexpr Mnemonic kPorts[] = {
    {"echo", 7},    {"discard", 9}, {"daytime", 13}, {"ftp-data", 20},   {"ftp", 21},
    {"telnet", 23}, {"smtp", 25},   {"time", 37},    {"nameserver", 42}, {"nicname", 43},
    {"domain", 53}, {"tftp", 69},   {"gopher", 70},  {"finger", 79},     {"http", 80},
    {"pop2", 109},  {"pop3", 110},  {"sunrpc", 111}, {"nntp", 119},      {"ntp", 123},
};

}  // namespace

std::span<const Mnemonic> algorithm_mnemonics() {
    return kAlgorithms;
}
std::span<const Mnemonic> certificate_mnemonics() {
    return kCertificates;
}
std::span<const Mnemonic> protocol_mnemonics() {
    return kProtocols;
}
std::span<const Mnemonic> port_mnemonics() {
    return kPorts;
}

}  // namespace holm::dns
