// The owner of what lockctl takes, if its user names none.
#pragma once

#include <string>
#include <vector>

namespace lockserver::lockctl {

/// user@host:pid-random, so that people recognise the owner.
/// @param allowed the owners that the server allows, as `access_info::owners`. The result
///        begins as the first of them that stands for more than one owner, such as "ci/*".
std::string default_owner(const std::vector<std::string>& allowed);

} // namespace lockserver::lockctl
