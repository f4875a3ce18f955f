#include "tests/support/filter/stream.h"

namespace holm::test {

using net::IpAddress;

namespace {

constexpr std::uint16_t kPorts[] = {22, 53, 80, 443, 1000, 1001, 8080, 40'000};

}  // namespace

IpAddress Stream::inside(bool is_v4) {
    if (is_v4) return IpAddress::v4(10, 0, std::uint8_t(below(2)), std::uint8_t(1 + below(6)));
    return IpAddress::v6(
        {0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, std::uint8_t(below(2)), std::uint8_t(1 + below(6))});
}

IpAddress Stream::outside(bool is_v4) {
    if (is_v4) return IpAddress::v4(192, 0, 2, std::uint8_t(1 + below(8)));
    return IpAddress::v6({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, std::uint8_t(1 + below(8))});
}

std::string Stream::address_text(bool inside_one, bool is_v4) {
    const std::string net = is_v4 ? (inside_one ? "10.0." + std::to_string(below(2)) + "." : "192.0.2.")
                                  : (inside_one ? "fd00::" + std::to_string(below(2)) : "2001:db8::2");
    const std::string host = std::to_string(1 + below(7));
    if (!is_v4) {
        if (chance(30)) return net + "00/120";
        return net + "0" + host;
    }
    switch (below(4)) {
        case 0:
            return net + "0/2" + std::to_string(4 + below(6));
        case 1:
            return net + host + "-" + net + std::to_string(7 + below(3));
        default:
            return net + host;
    }
}

std::string Stream::match() {
    const std::string no = chance(20) ? "!= " : "";
    const auto port = [&] { return std::to_string(kPorts[below(std::size(kPorts))]); };
    const bool is_v4 = chance(70);
    const std::string ip = is_v4 ? "ip " : "ip6 ";
    switch (below(22)) {
        case 0:
            return ip + "saddr " + no + address_text(true, is_v4);
        case 1:
            return ip + "daddr " + no + address_text(false, is_v4);
        case 2:
            return ip + "saddr " + no + "{ " + address_text(true, is_v4) + ", " +
                   (is_v4 ? "1.2.3.4" : "::1") + " }";
        case 3:
            return "tcp dport " + no + port();
        case 4:
            return "udp dport " + no + "{ " + port() + ", 60-70 }";
        case 5:
            return "tcp flags " + pick({"syn", "== syn", "!= syn", "! ack", "& (syn|ack) == syn",
                                        "syn / syn,ack", "fin,rst"});
        case 6:
            return "ct state " + no +
                   pick({"new", "established", "related", "invalid", "established,related"});
        case 7:
            return "meta l4proto " + no + pick({"tcp", "udp", "icmp", "{ tcp, udp }", "99"});
        case 8:
            return "th dport " + no + port();
        case 9:
            return "icmp type " +
                   pick({"echo-request", "echo-reply", "{ destination-unreachable, echo-request }"});
        case 10:
            return "icmpv6 type " + pick({"echo-request", "echo-reply", "destination-unreachable"});
        case 11:
            return std::string(chance(50) ? "iifname " : "oifname ") + no +
                   pick({"\"inside\"", "\"outside\"", "\"in*\""});
        case 12:
            return "ip ttl " + pick({"64", "< 60", "> 62"});
        case 13:
            return "ip saddr . tcp dport { 10.0.0.1 . 80, 10.0.0.2 . 22, 10.0.1.0/24 . 443, 10.0.0.3 . "
                   "1000-1001 }";
        case 14:
            return "meta mark " + no + pick({"0", "1", "2"});
        case 15:
            return "ct mark " + no + pick({"0", "1", "2"});
        case 16:
            return "ct direction " + pick({"original", "reply"});
        case 17:
            return "ip saddr & 0.0.0.3 == 0.0.0." + std::to_string(below(4));
        case 18:
            return "meta length " + pick({"< 60", "> 60", "40-100"});
        case 19:
            return "ip dscp " + no + pick({"cs0", "ef"});
        case 20:
            return "ip saddr @names";
        default:
            return "ct status " + pick({"seen-reply", "assured", "confirmed"});
    }
}

std::string Stream::rule(bool jumps) {
    // A rule that asks for two protocols, or for both families, is refused: no packet has both.
    std::string text, family, protocol;
    for (std::uint32_t i = below(3) + (chance(80) ? 1 : 0); i > 0; --i) {
        const std::string found = match();
        std::string of_family, of_protocol;
        if (found.starts_with("ip ") || found.starts_with("icmp ")) of_family = "4";
        if (found.starts_with("ip6 ") || found.starts_with("icmpv6 ")) of_family = "6";
        for (const char* name : {"tcp", "udp", "icmp", "icmpv6"})
            if (found.starts_with(std::string(name) + " ")) of_protocol = name;
        if (found.starts_with("ip saddr . tcp")) of_protocol = "tcp";
        if (found.starts_with("meta l4proto")) of_protocol = found;
        if ((!family.empty() && !of_family.empty() && family != of_family) ||
            (!protocol.empty() && !of_protocol.empty() && protocol != of_protocol))
            continue;
        if (!of_family.empty()) family = of_family;
        if (!of_protocol.empty()) protocol = of_protocol;
        text += found + " ";
    }
    if (chance(10)) text += "limit rate 1/day burst " + std::to_string(1 + below(40)) + " packets ";
    text += "counter ";
    switch (below(12)) {
        case 0:
        case 1:
        case 2:
            return text + "accept";
        case 3:
        case 4:
            return text + "drop";
        case 5:
            return text + "meta mark set " + std::to_string(below(3));
        case 6:
            return text + "ct mark set " + std::to_string(below(3));
        case 7:
            return text + "return";
        case 8:
            return jumps ? text + pick({"jump one", "jump two", "goto one"}) : text;
        case 9:
            return jumps && (protocol.empty() || protocol == "tcp")
                       ? text +
                             "tcp dport vmap { 22 : accept, 80 : jump one, 440-450 : drop, 1000 : continue }"
                       : text;
        case 10:
            if (jumps && protocol == "tcp" && chance(50)) return text + "reject with tcp reset";
            return text + (jumps ? pick({"reject", "reject with icmpx admin-prohibited"}) : "");
        default:
            return text;
    }
}

std::string Stream::nat_table() {
    std::string text = "table ip n {\n chain d { type nat hook prerouting priority dstnat;\n";
    if (chance(50)) text += "  tcp dport 8080 counter dnat to 10.0.0.1:80\n";
    if (chance(30)) text += "  ip daddr 192.0.2.8 counter dnat to 10.0.1.2\n";
    if (chance(30)) text += "  dnat to tcp dport map { 1000 : 10.0.0.5, 1001 : 192.0.2.7 }\n";
    text += " }\n chain s { type nat hook postrouting priority srcnat;\n";
    if (chance(30)) text += "  ip saddr 10.0.1.0/24 counter snat to 192.0.2.200\n";
    if (chance(20)) text += "  ip protocol udp oifname \"outside\" counter snat to 192.0.2.201:2000-2100\n";
    text += chance(70) ? "  oifname \"outside\" counter masquerade\n }\n}\n" : " }\n}\n";
    return text;
}

std::string Stream::rules() {
    std::string text =
        "table inet t {\n set names { type ipv4_addr; flags interval; elements = { 10.0.0.2, 10.0.1.4/30, "
        "192.0.2.1-192.0.2.3 }; }\n";
    for (const char* name : {"one", "two"}) {
        text += std::string(" chain ") + name + " {\n";
        for (std::uint32_t i = below(4); i > 0; --i) text += "  " + rule(false) + "\n";
        text += " }\n";
    }
    text += " chain i { type filter hook input priority 0; policy drop;\n  counter\n }\n";
    if (chance(30)) {
        text += " chain pre { type filter hook prerouting priority " + pick({"raw", "mangle", "-50"}) +
                ";\n  counter\n";
        if (chance(30)) text += "  udp dport 1001 counter notrack\n";
        for (std::uint32_t i = below(3); i > 0; --i) text += "  " + match() + " counter\n";
        text += " }\n";
    }
    if (chance(30))
        text += " chain post { type filter hook postrouting priority 50;\n  " + match() + " counter\n }\n";
    text += " chain f { type filter hook forward priority 0; policy " + pick({"accept", "accept", "drop"}) +
            ";\n";
    if (chance(60)) text += "  ct state vmap { established : accept, related : accept, invalid : drop }\n";
    if (chance(60)) text += "  ct state established,related counter accept\n";
    const std::uint32_t shape = below(4);
    for (std::uint32_t i = 1 + below(30); i > 0; --i) text += "  " + rule(true) + "\n";
    // What becomes a lookup.
    for (std::uint32_t i = shape == 0 ? 0 : 20; i > 0; --i) {
        const std::string number = std::to_string(below(60));
        if (shape == 1)
            text +=
                "  ip saddr " + address_text(true, true) + " counter" + pick({"", " drop", " accept"}) + "\n";
        if (shape == 2)
            text += "  tcp dport " + std::to_string(kPorts[below(8)]) + " counter" +
                    pick({"", " accept", " jump two"}) + "\n";
        if (shape == 3)
            text += "  ip saddr 10.0.0." + std::to_string(1 + below(6)) + " udp dport " +
                    std::to_string(kPorts[below(8)]) + " counter accept\n";
    }
    text += " }\n}\n";
    if (chance(50)) text += nat_table();
    rejects_ = text.contains("reject");
    return text;
}

void Stream::start(Flow& flow) {
    const bool is_v4 = chance(70);
    const bool outwards = chance(75);
    flow = Flow{};
    flow.sides[0] = {outwards ? inside(is_v4) : outside(is_v4),
                     std::uint16_t(chance(70) ? 1024 + below(40) : kPorts[below(8)]),
                     std::uint32_t(random_())};
    // Mostly to the other side; sometimes to what a translation redirects, or back inside.
    flow.sides[1] = {(outwards && chance(95)) ? outside(is_v4) : inside(is_v4), kPorts[below(8)],
                     std::uint32_t(random_())};
    flow.taps[0] = outwards ? 0 : 1;
    const auto& bytes = flow.sides[1].address.bytes();
    flow.taps[1] = (is_v4 ? bytes[12] == 10 : bytes[0] == 0xfd) ? 0 : 1;
    flow.protocol = std::array<std::uint8_t, 8>{
        6, 6, 6, 6, 17, 17, std::uint8_t(is_v4 ? 1 : 58), 99}[below(rejects_ ? 7 : 8)];
}

Injection Stream::tcp_of(Flow& flow) {
    constexpr std::uint8_t kSyn = 2, kAck = 16, kFin = 1, kRst = 4;
    std::size_t from = below(2);
    TcpFields fields{.window = std::uint16_t(chance(90) ? 30'000 : below(65'536))};
    switch (flow.stage) {
        case 0:
            from = 0;
            fields.flags = kSyn;
            flow.stage = chance(90) ? 1 : 0;
            break;
        case 1:
            from = 1;
            fields.flags = kSyn | kAck;
            flow.stage = chance(90) ? 2 : 1;
            break;
        case 2:
            from = 0;
            fields.flags = kAck;
            flow.stage = 3;
            break;
        default:
            fields.flags = kAck;
            if (chance(12)) fields.flags |= kFin;
            if (chance(4)) fields.flags = chance(50) ? kRst : kRst | kAck;
            fields.payload = chance(50) ? below(200) : 0;
            break;
    }
    Side& sender = flow.sides[from];
    Side& receiver = flow.sides[1 - from];
    fields.source_port = sender.port;
    fields.destination_port = receiver.port;
    fields.sequence = sender.sequence;
    fields.acknowledgment = (fields.flags & kAck) != 0 ? receiver.sequence : 0;
    bool counts = true;
    if (flow.stage >= 3 && chance(10)) {
        // Something that is wrong, once both sides agree on where they are.
        counts = false;
        switch (below(5)) {
            case 0:
                fields.sequence += below(2) != 0 ? below(200'000) : 0 - below(200'000);
                break;
            case 1:
                fields.acknowledgment += below(2) != 0 ? below(100'000) : 0 - below(100'000);
                break;
            case 2:
                fields.flags = std::uint8_t(below(64));
                break;
            case 3:
                fields.flags = std::array<std::uint8_t, 4>{kSyn, kRst, kSyn | kAck, kFin | kAck}[below(4)];
                break;
            default:
                fields.sequence = std::uint32_t(random_());
                break;
        }
    }
    if (counts)
        sender.sequence += std::uint32_t(fields.payload) + ((fields.flags & kSyn) != 0 ? 1 : 0) +
                           ((fields.flags & kFin) != 0 ? 1 : 0);
    Injection injection{flow.taps[from], {}, ~std::size_t{0}};
    injection.octets = frame(sender.address, receiver.address, 6, tcp(fields),
                             std::uint8_t(chance(80) ? 64 : 55 + below(10)));
    if (from == 1) injection.answers = flow.last;
    return injection;
}

Injection Stream::error_about(Flow& flow) {
    const bool is_v4 = flow.sides[0].address.is_v4();
    const std::size_t whole = flow.last_octets.size() - 14;
    // Not the beginning of a checksum: it would be that of the ports that each side has chosen.
    const std::size_t some =
        std::min<std::size_t>(whole, (is_v4 ? 28 : 48) + (chance(30) ? 0 : 12 + below(28)));
    const std::uint8_t type =
        is_v4 ? std::array<std::uint8_t, 4>{3, 3, 11, 12}[below(4)] : std::uint8_t(1 + below(4));
    Injection injection{flow.taps[1], {}, flow.last};
    const IpAddress from = chance(50) ? flow.sides[1].address : outside(is_v4);
    injection.octets =
        frame(from, chance(95) ? flow.sides[0].address : inside(is_v4), is_v4 ? 1 : 58,
              icmp(type, std::uint8_t(below(4)), 0, 0, Bytes(flow.last_octets).subspan(14, some)));
    return injection;
}

Injection Stream::of_flow(Flow& flow) {
    if (flow.last != ~std::size_t{0} && chance(5)) return error_about(flow);
    Injection injection;
    if (flow.protocol == 6) {
        injection = tcp_of(flow);
    } else {
        const std::size_t from = flow.stage == 0 ? 0 : below(2);
        flow.stage = 1;
        const Side& sender = flow.sides[from];
        const Side& receiver = flow.sides[1 - from];
        Octets transport;
        if (flow.protocol == 17) {
            transport = udp(sender.port, receiver.port, below(60));
        } else if (flow.protocol == 99) {
            transport = Octets(1 + below(20), std::byte{7});
        } else {
            const bool is_v4 = flow.protocol == 1;
            std::uint8_t type = is_v4 ? (from == 0 ? 8 : 0) : (from == 0 ? 128 : 129);
            if (chance(5)) type = is_v4 ? std::uint8_t(below(22)) : std::uint8_t(100 + below(30));
            transport = icmp(type, 0, flow.sides[0].port, 1);
        }
        injection.tap = flow.taps[from];
        injection.octets = frame(sender.address, receiver.address, flow.protocol, transport);
        if (from == 1) injection.answers = flow.last;
    }
    if (injection.answers == ~std::size_t{0}) {
        flow.last = count_;
        flow.last_octets = injection.octets;
    }
    return injection;
}

// Damage behind the IP header: what a router passes on and a tracker does not believe.
void Stream::spoil(Octets& octets) {
    const std::size_t header = octets[12] == std::byte{0x08} ? 34 : 54;
    // Not the first byte: an ICMPv6 message must not become one of a link's, which routers keep to
    // themselves.
    if (octets.size() > header + 1)
        octets[header + 1 + below(std::uint32_t(octets.size() - header - 1))] ^= std::byte(1 + below(255));
}

Injection Stream::next() {
    if (flows_.size() < 12 || chance(3)) {
        Flow flow;
        start(flow);
        if (flows_.size() < 40)
            flows_.push_back(flow);
        else
            flows_[below(std::uint32_t(flows_.size()))] = flow;
    }
    Injection injection = of_flow(flows_[below(std::uint32_t(flows_.size()))]);
    if (injection.answers == ~std::size_t{0} && chance(2)) spoil(injection.octets);
    ++count_;
    return injection;
}

}  // namespace holm::test
