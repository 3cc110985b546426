#include "tests/reliability/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <unordered_map>

namespace reliability {

namespace {

// A tab ends each field. Names and reasons contain no tabs.
class line_writer {
public:
  line_writer& operator<<(std::string_view x) {
    text_.append(x);
    text_ += '\t';
    return *this;
  }
  line_writer& operator<<(std::uint64_t x) {
    return *this << std::to_string(x);
  }
  line_writer& operator<<(duration x) {
    return *this << std::to_string(std::chrono::nanoseconds{x}.count());
  }
  line_writer& operator<<(time_point x) {
    return *this << x.time_since_epoch();
  }

  std::string finish() {
    return text_ + '\n';
  }

private:
  std::string text_;
};

class line_reader {
public:
  explicit line_reader(std::string_view text) : rest_(text) {
  }

  bool at_end() const {
    return rest_.empty();
  }

  std::string text() {
    auto end = rest_.find('\t');
    if (end == std::string_view::npos)
      throw std::runtime_error{"a journal's line ends early"};
    std::string result{rest_.substr(0, end)};
    rest_.remove_prefix(end + 1);
    return result;
  }

  template <class T>
  T number() {
    auto word = text();
    T result{};
    auto [end, ec] = std::from_chars(word.data(), word.data() + word.size(), result);
    if (ec != std::errc{} || end != word.data() + word.size())
      throw std::runtime_error{"not a number in a journal: " + word};
    return result;
  }

  duration time() {
    return std::chrono::nanoseconds{number<std::int64_t>()};
  }

private:
  std::string_view rest_;
};

void read_asked(line_reader& in, operation& x) {
  x.what = static_cast<action>(in.number<int>());
  x.key = in.text();
  x.owner = in.text();
  x.invoked = time_point{in.time()};
  x.token = in.number<std::uint64_t>();
  x.ttl = in.time();
  x.wait = in.time();
  x.limit = in.number<unsigned>();
  x.request_id = in.text();
}

void read_answered(line_reader& in, operation& x) {
  x.answered = time_point{in.time()};
  x.result = static_cast<outcome>(in.number<int>());
  x.token = in.number<std::uint64_t>();
  x.until = time_point{in.time()};
  x.reason = in.text();
  x.shows_holders = in.number<int>() != 0;
  for (auto left = in.number<std::size_t>(); left > 0; --left) {
    auto owner = in.text();
    x.holders.push_back({owner, in.number<std::uint64_t>()});
  }
  while (!in.at_end())
    x.queue.push_back(in.text());
}

} // namespace

journal::journal(const std::string& path)
  : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
  if (file_ < 0)
    throw std::system_error{errno, std::generic_category(), path};
}

journal::~journal() {
  ::close(file_);
}

std::uint64_t journal::asked(const operation& x) {
  auto number = ++last_;
  line_writer line;
  line << ">" << number << static_cast<std::uint64_t>(x.what) << x.key << x.owner << x.invoked
       << x.token << x.ttl << x.wait << std::uint64_t{x.limit} << x.request_id;
  write(line.finish());
  return number;
}

void journal::answered(std::uint64_t number, const operation& x) {
  line_writer line;
  line << "<" << number << x.answered << static_cast<std::uint64_t>(x.result) << x.token << x.until
       << x.reason << std::uint64_t{x.shows_holders} << std::uint64_t{x.holders.size()};
  for (auto& holder : x.holders)
    line << holder.owner << holder.token;
  for (auto& owner : x.queue)
    line << owner;
  write(line.finish());
}

// One call for each line, so that the lines of several threads do not mix.
void journal::write(const std::string& line) {
  if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
    throw std::system_error{errno, std::generic_category(), "cannot write the journal"};
}

void read_journal(const std::string& path, std::vector<operation>& to) {
  std::ifstream in{path};
  if (!in)
    throw std::runtime_error{path + " cannot be read"};
  std::unordered_map<std::uint64_t, std::size_t> open;
  std::string line;
  while (std::getline(in, line) && !in.eof()) { // an unfinished last line has no newline
    line_reader fields{line};
    auto kind = fields.text();
    auto number = fields.number<std::uint64_t>();
    if (kind == ">") {
      open[number] = to.size();
      read_asked(fields, to.emplace_back());
    } else {
      read_answered(fields, to.at(open.at(number)));
      open.erase(number);
    }
  }
}

} // namespace reliability
