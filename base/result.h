#pragma once

// Errors are values. A fallible function returns Result<T>; TRY hands an error to the caller.

#include <cstdint>
#include <expected>

namespace holm {

// What went wrong, as a number. Values equal Linux errno numbers (asm-generic/errno.h), so that the POSIX
// layer needs no translation table and every reader knows the names.
enum class ErrorCode : std::uint16_t {
    kPermission = 1,            // EPERM
    kNotFound = 2,              // ENOENT
    kInterrupted = 4,           // EINTR
    kInputOutput = 5,           // EIO
    kBadDescriptor = 9,         // EBADF
    kWouldBlock = 11,           // EAGAIN
    kOutOfMemory = 12,          // ENOMEM
    kAccess = 13,               // EACCES
    kFault = 14,                // EFAULT
    kBusy = 16,                 // EBUSY
    kExists = 17,               // EEXIST
    kNoDevice = 19,             // ENODEV
    kInvalid = 22,              // EINVAL
    kTooManyOpen = 24,          // EMFILE
    kTooLarge = 27,             // EFBIG
    kNoSpace = 28,              // ENOSPC
    kReadOnly = 30,             // EROFS
    kBrokenPipe = 32,           // EPIPE
    kOutOfRange = 34,           // ERANGE
    kNotImplemented = 38,       // ENOSYS
    kNoData = 61,               // ENODATA
    kProtocol = 71,             // EPROTO
    kBadMessage = 74,           // EBADMSG: malformed input
    kMessageSize = 90,          // EMSGSIZE
    kUnsupported = 95,          // EOPNOTSUPP
    kAddressInUse = 98,         // EADDRINUSE
    kAddressUnavailable = 99,   // EADDRNOTAVAIL
    kNetworkDown = 100,         // ENETDOWN
    kNetworkUnreachable = 101,  // ENETUNREACH
    kConnectionAborted = 103,   // ECONNABORTED
    kConnectionReset = 104,     // ECONNRESET
    kNoBuffers = 105,           // ENOBUFS
    kIsConnected = 106,         // EISCONN
    kNotConnected = 107,        // ENOTCONN
    kTimedOut = 110,            // ETIMEDOUT
    kConnectionRefused = 111,   // ECONNREFUSED
    kHostUnreachable = 113,     // EHOSTUNREACH
    kAlready = 114,             // EALREADY
    kInProgress = 115,          // EINPROGRESS
    kCancelled = 125,           // ECANCELED
};

// An error: its code and one sentence for people. The sentence is a string literal (static lifetime);
// a place that has more to say (file, line, offset) has an error type of its own.
struct Error {
    ErrorCode code;
    const char* what = "";

    friend constexpr bool operator==(const Error& left, const Error& right) {
        return left.code == right.code;
    }
};

template <typename T = void, typename E = Error>
using Result = std::expected<T, E>;

// The short way to return an error: `return fail(ErrorCode::kInvalid, "port 0 is not a listening port");`
constexpr std::unexpected<Error> fail(ErrorCode code, const char* what = "") {
    return std::unexpected<Error>(Error{code, what});
}

}  // namespace holm

// TRY(expression) evaluates to the value of a Result, or returns its error from the enclosing function. It
// uses the statement expression of GCC and clang; the value is moved out, so a Result of a reference is not
// accepted.
#define TRY(expression)                                                   \
    __extension__({                                                       \
        auto holm_try_result = (expression);                              \
        if (!holm_try_result) [[unlikely]]                                \
            return std::unexpected(::std::move(holm_try_result).error()); \
        *::std::move(holm_try_result);                                    \
    })
