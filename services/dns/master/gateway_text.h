#pragma once

// Records that say where to turn to, by a name or an address, and with which key.

#include "services/dns/master/word_reader.h"

namespace holm::dns {

// IPSECKEY (RFC 4025, section 3): precedence, type of gateway, algorithm, gateway, key.
bool read_ipsec_key(WordReader& words);
// AMTRELAY (RFC 8777, section 4.3): precedence, whether discovery is optional, type of relay, relay.
bool read_relay(WordReader& words);
// HIP (RFC 8005, section 6): algorithm, host identity tag, key, rendezvous servers.
bool read_host_identity(WordReader& words);

}  // namespace holm::dns
