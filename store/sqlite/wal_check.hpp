// Whether a write-ahead log of SQLite is whole. SQLite takes the part before the
// first frame that is wrong for all there is, and says nothing of the rest.
// The format: https://www.sqlite.org/fileformat2.html#walformat
#pragma once

#include <cstdint>
#include <istream>

namespace lockserver {

/// A log has a header of this size. It is on disk before the first frame is
/// written.
inline constexpr std::uint64_t wal_header_size = 32;

struct wal_report {
  enum finding {
    empty,      ///< Not a byte, or no file.
    sound,      ///< All that was committed before the last transaction is there.
    bad_header, ///< SQLite takes it for empty.
    damaged     ///< Something is wrong before the last transaction.
  };
  finding what = empty;
  std::uint64_t size = 0;     ///< Bytes in the header and in whole frames.
  std::uint64_t position = 0; ///< Of the first frame that is wrong, in bytes.
};

/// Reads a log that was written with `PRAGMA synchronous = FULL`.
///
/// A crash or a power cut may leave any part of the last transaction on disk, in
/// any order, and behind it frames of transactions that were rolled back. A
/// transaction before the last one is another matter: the disk had reported all
/// of it as written before the next began. So the log is damaged if a frame is
/// wrong, and behind it one transaction ends and the next begins.
///
/// How that is known: the checksum of a frame goes on from that of the frame
/// before it. So a frame that continues one that ends a transaction was written
/// when that transaction was on disk.
wal_report check_wal(std::istream& in);

} // namespace lockserver
