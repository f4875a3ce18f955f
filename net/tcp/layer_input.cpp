// Whose a segment is, and what becomes of one that is nobody's.

#include <cstring>

#include "net/ip/pseudo_header.h"
#include "net/tcp/layer.h"

namespace holm::net::tcp {

Listener* Layer::find_listener(const Endpoint& local) {
    Listener* found = nullptr;
    listeners_.for_each([&](Listener& listener) {
        if (listener.local_.port == local.port &&
            hears(listener.local_.address, listener.only_v6_, local.address))
            found = &listener;
    });
    return found;
}

void Layer::receive(Instant now, const ip::Received& about, Bytes bytes) {
    ++statistics_.segments_in;
    if (about.to_group) return void(++statistics_.ignored);  // RFC 9293, MUST-57
    const auto view = wire::TcpView::parse(bytes);
    if (!view) {
        ++statistics_.malformed;
        return;
    }
    if (!about.checksum_verified) {
        auto checksum = ip::pseudo_header(about.source, about.destination, ip::Protocol::kTcp, bytes.size());
        if (!checksum.add(bytes).is_correct()) {
            ++statistics_.bad_checksum;
            return;
        }
    }
    const wire::TcpHeader& header = view->header();
    Segment segment;
    segment.sequence = Seq(header.sequence);
    segment.acknowledgment = Seq(header.acknowledgment);
    segment.window = header.window;
    segment.flags = header.flags;
    segment.segment_size = about.segment_size;
    segment.congestion_experienced = (about.traffic_class & 3U) == 3;
    segment.payload = view->payload();
    segment.owner = about.owner;
    if (!parse_options(view->options(), segment.options)) {
        ++statistics_.malformed;
        return;
    }
    const FourTuple tuple{.local = {about.destination, header.destination_port},
                          .remote = {about.source, header.source_port}};
    if (tuple.remote.port == 0 || tuple.local.port == 0) return void(++statistics_.ignored);

    if (TableEntry* entry = table_.find(tuple)) {
        if (entry->kind == TableEntry::Kind::kConnection) {
            auto& connection = static_cast<Connection&>(*entry);
            connection.receive(now, segment);
            reap();
            return;
        }
        auto& time_wait = static_cast<TimeWait&>(*entry);
        if (segment.syn() && find_listener(tuple.local) == nullptr)
            segment.flags &= std::uint8_t(~wire::kTcpSyn);
        if (time_wait_.receive(now, time_wait, segment, configuration_.time_wait, replies_) ==
            TimeWaitList::Verdict::kDone)
            return;
        time_wait_.remove(time_wait);
    }
    if (Listener* listener = find_listener(tuple.local)) {
        listener->receive(now, tuple, segment);
        reap();
        return;
    }
    refuse(tuple, segment);
}

// RFC 9293, section 3.10.7.1: a segment for which there is no connection is answered with a reset, except a
// reset.
void Layer::refuse(const FourTuple& tuple, const Segment& segment) {
    if (segment.rst()) return void(++statistics_.ignored);
    Reply reply{.tuple = tuple, .flags = wire::kTcpRst};
    if (segment.ack()) {
        reply.sequence = segment.acknowledgment;
    } else {
        reply.flags |= wire::kTcpAck;
        reply.acknowledgment = segment.end();
    }
    if (replies_.push(reply)) ++statistics_.resets_out;
}

bool Layer::report_error(Instant now, const ip::ErrorReport& report) {
    if (report.transport.size() < 8) return false;
    NetU16 ports[2];
    NetU32 sequence;
    std::memcpy(ports, report.transport.data(), sizeof ports);
    std::memcpy(&sequence, report.transport.data() + 4, sizeof sequence);
    TableEntry* entry =
        table_.find({.local = {report.source, ports[0]}, .remote = {report.destination, ports[1]}});
    if (entry == nullptr || entry->kind != TableEntry::Kind::kConnection) return false;
    const bool believed = static_cast<Connection*>(entry)->on_icmp_error(now, report, Seq(sequence));
    reap();
    return believed;
}

}  // namespace holm::net::tcp
